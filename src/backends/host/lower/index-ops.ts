// Operators that make or search indices (ArgMaxV2, TopK, OneHot, Range, Where): how ONNX says them.
import type { Lowerings } from './context.js';

export const indexLowerings: Lowerings = {};
