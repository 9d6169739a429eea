// Error codes of CANN and what they mean.
export type { CodeDescription, CodeFamily } from './code.js';
export { describeCode, describeTextCode, explainCode, explainText, nearCodes } from './describe.js';
export { explainFailure, type FailureExplanation, type NativeFailure, vendorWords } from './explain-failure.js';
export { type GeMessage, parseGeText, textCodesIn } from './ge-text.js';
