// Operators that move or reshape values and compute nothing: how ONNX says them.
import type { Lowerings } from './context.js';

export const layoutLowerings: Lowerings = {};
