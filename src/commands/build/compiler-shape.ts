// The values of the compiler's options as zod has them; apart from the rest, so that the library's types do not need zod.
import * as z from 'zod';
import { camel, FLAG_ROWS } from './compiler-options.js';

const text = z.string();
/** One for all of them: each costs a tenth of a millisecond to make. */
const flag = text.optional();

/** Every flag is a value of its own, as the command line gives it; `withFlags` gathers them. */
export const COMPILER_SHAPE = {
  ...Object.fromEntries(FLAG_ROWS.map(({ flag: name }) => [camel(name), flag])),
  geOption: z.array(text).default([]),
  initOption: z.array(text).default([]),
  updateOption: z.array(text).default([]),
  rawGeOptions: text.optional(),
  rawGeOptionsIgnoreUnsupported: z
    .union([z.boolean(), z.enum(['true', 'false'])])
    .default(false)
    .transform((value) => value === true || value === 'true'),
  framework: text.optional(),
  ascendHome: text.optional(),
  emitGraphs: text.optional(),
  timeout: z.coerce.number('is not a number of seconds').positive('is not more than 0').max(2_000_000, 'is more than 2000000').optional(),
  trace: text.optional(),
};
