// Operators that pick values by index: how ONNX says them.
import type { Lowerings } from './context.js';

export const gatherLowerings: Lowerings = {};
