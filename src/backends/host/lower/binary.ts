// Element-wise operators of two and more inputs.
import type { Lowerings } from './context.js';
import { direct } from './formula.js';

const pair = ['x1', 'x2'];

export const binaryLowerings: Lowerings = {
  Add: direct('Add', pair),
  AddV2: direct('Add', pair),
  Sub: direct('Sub', pair),
  Mul: direct('Mul', pair),
};
