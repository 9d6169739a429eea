// Normalisation: how ONNX says them.
import type { Lowerings } from './context.js';

export const normLowerings: Lowerings = {};
