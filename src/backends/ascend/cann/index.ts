// CANN on this machine: where it is, what it has, what environment it needs, whether it can work.
export { type Check, type CheckArea, checksFor } from './check.js';
export { type ChipFamily, type ChipList, chipFamilies, installedChips, KNOWN_CHIPS } from './chips.js';
export { type Diagnosis, type DiagnosisOptions, diagnose, whyUnusable } from './diagnose.js';
export type { CannEnvironment } from './environment.js';
export { type Cann, type CannSearch, findCann, signOfCann } from './find.js';
export type { CannUse } from './libraries.js';
export { type Machine, thisMachine } from './machine.js';
export { type Preflight, type PreflightOptions, preflight, pythonWarnings } from './preflight.js';
export { type CannVersion, cannVersion, compareVersions } from './version.js';
