// Where the real files are. They are not part of the project; without them the tests that need them are skipped, aloud.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(process.env['ASCEND_BUNDLE_CORPUS'] ?? '../shared/corpus');

export const hasCorpus = existsSync(folder);

export function corpus(...parts: string[]): string {
  return join(folder, ...parts);
}

/** The facts that the operator table was made from lie beside the corpus. */
export const OPERATOR_FACTS = join(folder, '../reference/op-prototypes.json');

export const hasOperatorFacts = existsSync(OPERATOR_FACTS);
