// Operators that pick values by index: what they give.
import type { OutputRules } from '../context.js';

export const gatherRules: OutputRules = {};
