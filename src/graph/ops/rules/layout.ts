// Operators that move or reshape values and compute nothing: what they give.
import type { OutputRules } from '../context.js';

export const layoutRules: OutputRules = {};
