// The values of a predictor as zod has them; apart from the rest, so that the library's types do not need zod.
import * as z from 'zod';
import { DEFAULT_MARGIN, PRECISIONS } from './predictor.js';

const marginError = 'must be a number of at least 0';

export const PREDICTOR_SHAPE = {
  precision: z.enum(PRECISIONS).default('fp16'),
  margin: z.coerce.number({ error: marginError }).nonnegative(marginError).default(DEFAULT_MARGIN),
};

const seedError = 'must be a whole number of at least 0';

export const SEED = z.coerce.number({ error: seedError }).int(seedError).min(0, seedError).default(0);
