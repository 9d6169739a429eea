// The values of the device options as zod has them; apart from the rest, so that the library's types do not need zod.
import * as z from 'zod';

const DEVICE_ERROR = 'must be a whole number of at least 0';
const SECONDS_ERROR = 'must be a number of seconds above 0, and at most 2000000';

export const deviceShape = {
  device: z.coerce.number(DEVICE_ERROR).int(DEVICE_ERROR).min(0, DEVICE_ERROR).max(0x7fffffff, DEVICE_ERROR).optional(),
  memory: z.enum(['auto', 'low']).optional(),
  timeout: z.coerce.number(SECONDS_ERROR).positive(SECONDS_ERROR).max(2_000_000, SECONDS_ERROR).optional(),
  trace: z.string().optional(),
  ascendHome: z.string().optional(),
};
