// The values of a selection as zod has them; apart from the rest, so that the library's types do not need zod.
import * as z from 'zod';

export const EXPRESSION_SHAPE = {
  select: z.array(z.string()).default([]),
  exclude: z.array(z.string()).default([]),
};

export const SELECTION_SHAPE = {
  consts: z.array(z.string()).default([]),
  const: z.array(z.string()).default([]),
  ...EXPRESSION_SHAPE,
};
