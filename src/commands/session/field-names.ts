// What a request of a session calls what the command line has options for, so that a reply advises in fields.
import type { OutputNames } from '../../base/output-names.js';
import type { InputNames, OptionNames } from '../../weights/option-names.js';

export const UPDATE_FIELDS: OptionNames = {
  cast: '"cast": true',
  map: '"map"',
  ignoreExtra: '"ignoreExtra": true',
  strict: '"strict": true',
};

export const OUTPUT_FIELDS: OutputNames = { output: '"output"', force: '"force": true' };

export const INPUT_FIELDS: InputNames = {
  subject: 'The request',
  option: '"inputs"',
  write: (value) => `"inputs": [${JSON.stringify(value)}]`,
  add: (name) => `Add ${JSON.stringify(name)}: "@file.npy" to "inputs".`,
};

export function writeWeight(value: string): string {
  return `"weights": [${JSON.stringify(value)}]`;
}
