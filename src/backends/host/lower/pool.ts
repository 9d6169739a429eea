// Pooling: how ONNX says them.
import type { Lowerings } from './context.js';

export const poolLowerings: Lowerings = {};
