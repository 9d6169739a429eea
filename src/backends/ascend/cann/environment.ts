// The environment of the process that CANN's libraries run in: computed here from where CANN is, what its set_env.sh would set, and
// what the user has; never sourced. GE opens its plug-ins by bare names, and a linker reads LD_LIBRARY_PATH once, at the start of a process.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Driver, driverLibraryFolders, HAL_LIBRARY } from './driver.js';
import { type Cann, libraryFolders, realOf } from './find.js';
import type { CannUse } from './libraries.js';
import type { Machine } from './machine.js';
import { type SearchEntry, searchEntries, stubFolders } from './search-paths.js';

export interface CannEnvironment {
  /** Complete: nothing has to be inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** CANN's own, to look for a library in before the linker does. */
  readonly libraryFolders: readonly string[];
  /** Entries of the user's search paths that were left out: of another CANN, or stubs. */
  readonly dropped: readonly (SearchEntry & { readonly variable: string })[];
  /** Where the stub of the driver's library is taken from, on a machine without a driver; null where it is not needed or not there. */
  readonly stubs: string | null;
}

/** Variables that CANN's scripts do not set are the user's and stay. A run needs the real driver and gets no stub in its place. */
export function cannEnvironments(
  cann: Cann,
  env: NodeJS.ProcessEnv,
  machine: Machine,
  { folder }: Driver,
): Readonly<Record<CannUse, CannEnvironment>> {
  const { home, libraryFolder } = cann;
  const { arch } = machine;
  const paths = {
    LD_LIBRARY_PATH: searchEntries(env['LD_LIBRARY_PATH'], cann, arch),
    PYTHONPATH: searchEntries(env['PYTHONPATH'], cann, arch),
    PATH: searchEntries(env['PATH'], cann, arch),
  };
  const inHome = (...below: string[]): string[] => below.map((one) => join(home, one)).filter((path) => existsSync(path));
  const driver = driverLibraryFolders(folder).filter((folder) => existsSync(folder));
  const users = paths.LD_LIBRARY_PATH.filter(({ kind }) => kind === 'own' || kind === 'other').map(({ path }) => path);
  const hasHal = [...driver, ...users].some((folder) => existsSync(join(folder, HAL_LIBRARY)));
  const stubsOfBuild = hasHal ? [] : stubFolders(cann, arch).slice(0, 1);
  const before = {
    LD_LIBRARY_PATH: [
      ...inHome('tools/aml/lib64', 'tools/aml/lib64/plugin'),
      libraryFolder,
      ...['plugin/opskernel', 'plugin/nnengine'].map((below) => join(libraryFolder, below)).filter((path) => existsSync(path)),
      ...inHome(`${OPERATORS}/op_tiling/lib/linux/${arch}`),
      ...driver,
    ],
    PYTHONPATH: inHome('python/site-packages', OPERATORS),
    PATH: inHome('bin', 'compiler/ccec_compiler/bin', 'tools/ccec_compiler/bin', 'tools/profiler/bin'),
  };
  const { PYTHONPATH: _, ...others } = env;
  const all = Object.fromEntries(Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const joined = (own: readonly string[], entries: readonly SearchEntry[], after: readonly string[] = []): string =>
    unique([...own, ...entries.filter(({ kind }) => kind === 'own' || kind === 'other').map(({ path }) => path), ...after]).join(delimiter);
  const pythonPath = joined(before.PYTHONPATH, paths.PYTHONPATH);
  const environment = (stubs: readonly string[]): CannEnvironment => ({
    env: {
      ...all,
      ASCEND_HOME_PATH: home,
      ASCEND_TOOLKIT_HOME: home,
      ASCEND_AICPU_PATH: home,
      ASCEND_OPP_PATH: join(home, 'opp'),
      TOOLCHAIN_HOME: join(home, 'toolkit'),
      // Stubs come last: in front of the real libraries they answer 100039.
      LD_LIBRARY_PATH: joined(before.LD_LIBRARY_PATH, paths.LD_LIBRARY_PATH, stubs),
      PATH: joined(before.PATH, paths.PATH),
      ...(pythonPath === '' ? {} : { PYTHONPATH: pythonPath }),
    },
    libraryFolders: ownLibraryFolders(cann, arch),
    dropped: Object.entries(paths).flatMap(([variable, entries]) =>
      entries.filter(({ kind }) => kind === 'foreign' || kind === 'stubs').map((entry) => ({ ...entry, variable })),
    ),
    stubs: stubs[0] ?? null,
  });
  return { build: environment(stubsOfBuild), run: environment([]) };
}

const OPERATORS = 'opp/built-in/op_impl/ai_core/tbe';

function ownLibraryFolders({ home, libraryFolder }: Cann, arch: string): string[] {
  const others = libraryFolders(home, arch).filter((folder) => existsSync(folder) && realOf(folder) !== realOf(libraryFolder));
  return unique([libraryFolder, ...others]);
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
