// Normalisation: what they give.
import type { OutputRules } from '../context.js';

export const normRules: OutputRules = {};
