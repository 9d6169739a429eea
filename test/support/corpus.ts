// Where the real files are. They are not part of the project; without them the tests that need them are skipped, aloud.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(process.env['ASCEND_BUNDLE_CORPUS'] ?? '../shared/corpus');

export const hasCorpus = existsSync(folder);

export function corpus(...parts: string[]): string {
  return join(folder, ...parts);
}
