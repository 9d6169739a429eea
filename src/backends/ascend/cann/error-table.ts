// The table of GE's error texts. Its library looks for it beside the folder that it lies in itself, links followed (GetSelfLibraryDir in
// error_manager.cc); without it aclgrphBuildInitialize answers 0x50100001 and has no text for it.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Cann } from './find.js';

const LIBRARY = 'liberror_manager.so';
const TABLE = 'conf/error_manager/error_code.json';

/** Where the table should be and is not; undefined where it is, or where there is no library that would read it. */
export function missingErrorTable({ libraryFolder }: Cann): string | undefined {
  const library = join(libraryFolder, LIBRARY);
  if (!existsSync(library)) return undefined;
  const table = join(dirname(realpathSync(library)), '..', TABLE);
  return existsSync(table) ? undefined : table;
}
