// What the user's search paths (LD_LIBRARY_PATH, PYTHONPATH, PATH) have of CANN: folders of another installation than the one that is
// used mix two versions in one process, and stubs of devlib in front of the real libraries answer 100039.
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { HAL_LIBRARY } from './driver.js';
import { type Cann, COMPILER_LIBRARY, libraryFolders, RUNTIME_LIBRARIES, realOf } from './find.js';

/** What an entry of a search path is. */
export type EntryKind = 'own' | 'foreign' | 'stubs' | 'other';

export interface SearchEntry {
  readonly path: string;
  readonly kind: EntryKind;
  /** The installation it belongs to; undefined for what is no part of one. */
  readonly home: string | undefined;
}

const CANN_LIBRARIES = [COMPILER_LIBRARY, ...RUNTIME_LIBRARIES, 'libgraph.so'];
const HIGHEST = 10;

/** In the order of the path; empty entries, which mean the current folder, are left out. */
export function searchEntries(value: string | undefined, cann: Cann, arch: string): SearchEntry[] {
  return (value ?? '')
    .split(delimiter)
    .filter((path) => path !== '')
    .map((path) => entryOf(path, cann, arch));
}

function entryOf(path: string, cann: Cann, arch: string): SearchEntry {
  const real = realOf(path) ?? resolve(path);
  const home = homeOf(real, arch);
  if (home === undefined && !CANN_LIBRARIES.some((name) => existsSync(join(real, name)))) return { path, kind: 'other', home };
  if (real.split('/').includes('devlib') || path.split('/').includes('devlib')) return { path, kind: 'stubs', home };
  return { path, kind: home !== undefined && isSame(home, cann, arch) ? 'own' : 'foreign', home };
}

/** The installation that a folder lies in. */
function homeOf(folder: string, arch: string): string | undefined {
  let at = folder;
  for (let i = 0; i < HIGHEST && at !== dirname(at); i++, at = dirname(at)) {
    // <arch>-linux has a lib64 of its own, and is no installation.
    if (at.endsWith(`${arch}-linux`)) continue;
    const isHome = libraryFolders(at, arch).some((libs) =>
      [COMPILER_LIBRARY, ...RUNTIME_LIBRARIES].some((name) => existsSync(join(libs, name))),
    );
    if (isHome) return at;
  }
  return undefined;
}

/** Two paths to one installation have one folder of libraries: `latest` is a folder of links beside the version's own. */
function isSame(home: string, cann: Cann, arch: string): boolean {
  const own = realOf(cann.libraryFolder);
  return home === cann.home || libraryFolders(home, arch).some((folder) => realOf(folder) === own);
}

/** Folders of stubs that an installation has, with a stub of the driver's library in them. */
export function stubFolders({ home }: Cann, arch: string): string[] {
  const folders = ['devlib', `devlib/linux/${arch}`, `${arch}-linux/devlib`, `${arch}-linux/devlib/linux/${arch}`];
  return folders.map((below) => join(home, below)).filter((folder) => existsSync(join(folder, HAL_LIBRARY)));
}

/** Whether stubs come before the real libraries, and so are what a program gets. */
export function areStubsFirst(entries: readonly SearchEntry[]): boolean {
  const stubs = entries.findIndex(({ kind }) => kind === 'stubs');
  const real = entries.findIndex(({ kind, path }) => kind !== 'stubs' && CANN_LIBRARIES.some((name) => existsSync(join(path, name))));
  return stubs >= 0 && (real < 0 || stubs < real);
}
