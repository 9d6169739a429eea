// Operators that make or search indices (ArgMaxV2, TopK, OneHot, Range, Where): what they give.
import type { OutputRules } from '../context.js';

export const indexRules: OutputRules = {};
