// Where CANN is: the option, its own variables, the default folders of both layouts, `atc` in PATH; in this order.
// Up to 8.3 an installation is ascend-toolkit/<version>, with `latest` beside it full of links; from 8.5 it is cann-<version>, with the
// link `cann`. Either has lib64, itself a link to <arch>-linux/lib64.
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Machine } from './machine.js';

export interface Cann {
  /** The version's own folder, links resolved: what CANN's own script calls ASCEND_HOME_PATH. */
  readonly home: string;
  /** How it was found: `--ascend-home`, `ASCEND_HOME_PATH`, `/usr/local/Ascend/cann`, `atc in PATH`. */
  readonly source: string;
  /** Of the libraries. */
  readonly libraryFolder: string;
  /** Has GE's compiler; a runtime-only installation has none. */
  readonly hasCompiler: boolean;
  /** Has AscendCL. */
  readonly hasRuntime: boolean;
}

/** A place that was looked at in vain. */
export interface TriedPlace {
  readonly path: string;
  readonly source: string;
  readonly why: string;
  /** Somebody said that CANN is there: an option or a variable. */
  readonly isNamed: boolean;
}

export interface CannSearch {
  readonly found: Cann | undefined;
  readonly tried: readonly TriedPlace[];
}

export interface SearchOptions {
  /** Of --ascend-home; then nothing else is looked at. */
  readonly ascendHome?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly machine: Machine;
}

interface Place {
  readonly path: string;
  readonly source: string;
  readonly isNamed: boolean;
}

const ATC = 'atc in PATH';
const HOME_VARIABLES = ['ASCEND_HOME_PATH', 'ASCEND_TOOLKIT_HOME'] as const;
const IN_INSTALL_FOLDER = ['cann', 'ascend-toolkit/latest', 'latest', 'nnrt/latest'];
/** What a user may mean by the folder of CANN. */
const BELOW_NAMED = ['', 'cann', 'latest', 'ascend-toolkit/latest', 'nnrt/latest'];

export const COMPILER_LIBRARY = 'libge_compiler.so';
export const RUNTIME_LIBRARIES = ['libascendcl.so', 'libacl_mdl.so'];

/** Looks at files only by their names: takes a fraction of a millisecond where there is no CANN. */
export function findCann(options: SearchOptions): CannSearch {
  const tried: TriedPlace[] = [];
  for (const place of places(options)) {
    const paths = place.isNamed ? BELOW_NAMED.map((below) => join(place.path, below)) : [place.path];
    const found = paths.map((path) => installationAt(path, place.source, options.machine)).find((one) => one !== undefined);
    if (found !== undefined) return { found, tried };
    // Other programs are called atc too.
    if (place.isNamed || (place.source !== ATC && existsSync(place.path)))
      tried.push({ ...place, why: whyNot(place.path, options.machine) });
  }
  return { found: undefined, tried };
}

/**
 * What says that this machine has CANN, whether it is usable or not: an installation, a variable, or a default folder.
 *
 * @returns in words, for the line about the choice of the backend; undefined where nothing speaks of CANN
 */
export function signOfCann(options: SearchOptions): string | undefined {
  const { found, tried } = findCann(options);
  if (found !== undefined) {
    const isVariable = HOME_VARIABLES.some((name) => name === found.source);
    return isVariable ? `${found.source}=${options.env[found.source]}` : found.home;
  }
  const first = tried.find(({ isNamed }) => isNamed) ?? tried[0];
  return first?.isNamed ? `${first.source}=${first.path}` : first?.path;
}

function* places({ ascendHome, env, machine }: SearchOptions): Iterable<Place> {
  if (ascendHome !== undefined) return yield { path: resolve(ascendHome), source: '--ascend-home', isNamed: true };
  for (const name of HOME_VARIABLES) {
    const path = env[name];
    if (path) yield { path: resolve(path), source: name, isNamed: true };
  }
  const opp = env['ASCEND_OPP_PATH'];
  if (opp) yield { path: dirname(resolve(opp)), source: 'ASCEND_OPP_PATH', isNamed: true };
  // All of one layout before the next: the newest is the one that a machine with both means.
  for (const folder of machine.installFolders) {
    for (const below of IN_INSTALL_FOLDER) {
      const path = join(folder, below);
      yield { path, source: path, isNamed: false };
    }
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const atc = join(folder, 'atc');
    if (existsSync(atc)) yield { path: dirname(dirname(realOf(atc) ?? atc)), source: ATC, isNamed: false };
  }
}

function installationAt(path: string, source: string, { arch }: Machine): Cann | undefined {
  for (const libraryFolder of libraryFolders(path, arch)) {
    const hasCompiler = existsSync(join(libraryFolder, COMPILER_LIBRARY));
    const hasRuntime = RUNTIME_LIBRARIES.some((name) => existsSync(join(libraryFolder, name)));
    if (!hasCompiler && !hasRuntime) continue;
    const home = realOf(path) ?? path;
    return { home, source, libraryFolder: join(home, libraryFolder.slice(path.length)), hasCompiler, hasRuntime };
  }
  return undefined;
}

/** Where an installation has its libraries. */
export function libraryFolders(home: string, arch: string): readonly string[] {
  return [join(home, 'lib64'), join(home, `${arch}-linux`, 'lib64')];
}

const OTHER_ARCHS = ['x86_64', 'aarch64'];

function whyNot(path: string, { arch }: Machine): string {
  if (!existsSync(path)) return 'there is no such folder';
  const other = OTHER_ARCHS.find((one) => one !== arch && existsSync(join(path, `${one}-linux`)));
  if (other !== undefined && !existsSync(join(path, `${arch}-linux`))) return `it is for ${other}, and this machine is ${arch}`;
  return `its lib64 has neither ${COMPILER_LIBRARY} nor ${RUNTIME_LIBRARIES.join(' nor ')}`;
}

/** With all links resolved; undefined where that fails. */
export function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
