// Convolutions: what they give.
import type { OutputRules } from '../context.js';

export const convRules: OutputRules = {};
