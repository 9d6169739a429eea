// What BundleSave left in the folder that was empty before. GE appends `.om`, and sometimes the host that the file is bound to, so the
// file is found by looking, never by its name (cann-api §1.5).
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AscendBundleError, type Problem } from '../../../base/errors.js';
import { fileError } from '../../../base/file-error.js';
import { SAVED_NAME } from './prepare-job.js';

export interface SavedBundle {
  readonly path: string;
  readonly hostEnv: { readonly os: string; readonly cpu: string } | null;
  readonly warnings: readonly Problem[];
}

/** `bundle_linux_x86_64.om` */
const BOUND = new RegExp(`^${SAVED_NAME}_([a-z]+)_(\\w+)\\.om$`);

/** @throws SAVE_UNCLEAR when there is not exactly one `.om` */
export function savedBundle(folder: string): SavedBundle {
  const names = listFiles(folder).sort();
  const bundles = names.filter((name) => name.endsWith('.om'));
  const [name] = bundles;
  if (name === undefined || bundles.length > 1) {
    const found = names.length === 0 ? 'nothing' : names.join(', ');
    throw new AscendBundleError('SAVE_UNCLEAR', {
      message: `GE reported success and left ${bundles.length === 0 ? 'no .om file' : `${bundles.length} .om files`} in the folder it was to save into (${found}).`,
      fix: 'No bundle was written. Build again with --trace t.jsonl, which shows the calls, and report it.',
    });
  }
  const match = BOUND.exec(name);
  const isExpected = match !== null || name === `${SAVED_NAME}.om`;
  const odd: Problem = {
    code: 'SAVED_NAME',
    message: `GE saved the bundle as ${name}; ${SAVED_NAME}.om or ${SAVED_NAME}_<os>_<cpu>.om was expected, so the host it is bound to is not known.`,
  };
  return {
    path: join(folder, name),
    hostEnv: match === null ? null : { os: match[1] as string, cpu: match[2] as string },
    warnings: isExpected ? [] : [odd],
  };
}

/** All files below the folder, by their path from there. */
export function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  } catch (cause) {
    throw fileError(folder, cause, 'read');
  }
}
