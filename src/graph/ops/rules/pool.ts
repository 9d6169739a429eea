// Pooling: what they give.
import type { OutputRules } from '../context.js';

export const poolRules: OutputRules = {};
