// Compiles the stand-in CANN once per content of its sources, with nothing but g++, and lays it out as the two kinds of
// installs. The result is kept in the temporary folder, so that only the first run of the tests pays for it.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeInstall } from './install-files.js';
import { BY_LAYOUT, type CannLayout, DEVLIB, LIBRARIES } from './libraries.js';

const SOURCES = join(import.meta.dirname, 'src');
// CANN's own libraries use the old string ABI; nothing that crosses the border may depend on it.
const FLAGS = ['-std=c++17', '-O1', '-g1', '-fPIC', '-Wall', '-Wextra', '-Werror', '-D_GLIBCXX_USE_CXX11_ABI=0'];
/** What the result depends on besides the sources. */
const OWN = ['build.ts', 'install-files.ts', 'libraries.ts'];
const LAYOUTS: readonly CannLayout[] = ['8.1', '9.2'];

const run = promisify(execFile);

export const hasCompiler = spawnSync('g++', ['--version']).status === 0;

export interface BuildFlavour {
  /** More flags of g++, such as those of a sanitizer. */
  readonly flags?: readonly string[];
}

/** The folder with an install per layout, whether it is there yet or not. */
export function builtFolder({ flags = [] }: BuildFlavour = {}): string {
  const hash = createHash('sha256');
  for (const path of [...OWN, ...readdirSync(SOURCES).map((name) => join('src', name))].sort()) {
    hash.update(path).update(readFileSync(join(import.meta.dirname, path)));
  }
  hash.update(JSON.stringify([FLAGS, flags]));
  return join(tmpdir(), `ascend-bundle-standin-${userInfo().uid}-${hash.digest('hex').slice(0, 16)}`);
}

/** Compiles what is not there yet. */
export async function buildStandin(flavour: BuildFlavour = {}): Promise<string> {
  const folder = builtFolder(flavour);
  if (existsSync(folder)) return folder;
  const work = mkdtempSync(`${folder}-`);
  try {
    await compileAll(work, flavour.flags ?? []);
    rmSync(join(work, 'objects'), { recursive: true });
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    // Another run may have been faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

async function compileAll(work: string, flags: readonly string[]): Promise<void> {
  const objects = join(work, 'objects');
  mkdirSync(objects);
  const system = join(objects, 'std.h');
  copyFileSync(join(SOURCES, 'std.h'), system);
  await run('g++', [...FLAGS, ...flags, '-x', 'c++-header', system, '-o', `${system}.gch`]);
  const own = [...FLAGS, ...flags, '-include', system];
  const jobs = new Map<string, readonly string[]>();
  for (const layout of LAYOUTS) {
    for (const source of LIBRARIES[layout].flatMap(({ sources }) => sources)) {
      const defines = BY_LAYOUT.has(source) ? [`-DSTANDIN_LAYOUT=${layout.replace('.', '')}`] : [];
      jobs.set(objectFile(objects, source, layout), [...own, ...defines, '-c', join(SOURCES, `${source}.cc`)]);
    }
  }
  jobs.set(join(objects, 'drive.o'), [...own, '-c', join(SOURCES, 'drive.cc')]);
  jobs.set(join(objects, 'devlib.o'), [...own, '-Wno-unused-parameter', '-c', join(SOURCES, 'devlib.cc')]);
  await parallel(
    [...jobs].map(
      ([object, args]) =>
        () =>
          run('g++', [...args, '-o', object]),
    ),
  );
  await Promise.all(LAYOUTS.map((layout) => linkInstall(work, layout, flags)));
}

/** One after the other: a library is linked with those that it needs. */
async function linkInstall(work: string, layout: CannLayout, flags: readonly string[]): Promise<void> {
  const objects = join(work, 'objects');
  const { lib64, devlib } = writeInstall(join(work, layout), layout);
  for (const { name, sources, needs } of LIBRARIES[layout]) {
    const inputs = sources.map((source) => objectFile(objects, source, layout));
    const rest = [`-L${lib64}`, '-Wl,-z,defs', '-Wl,--no-as-needed', ...needs.map((need) => `-l:${need}`)];
    await run('g++', ['-shared', ...flags, `-Wl,-soname,${name}`, '-o', join(lib64, name), ...inputs, ...rest]);
  }
  const libraries = LIBRARIES[layout].map(({ name }) => `-l:${name}`);
  await run('g++', [...flags, '-o', join(work, layout, 'bin/drive'), join(objects, 'drive.o'), `-L${lib64}`, ...libraries]);
  const stub = join(objects, `devlib-${layout}.so`);
  await run('g++', ['-shared', ...flags, '-o', stub, join(objects, 'devlib.o')]);
  for (const name of DEVLIB) copyFileSync(stub, join(devlib, name));
}

function objectFile(folder: string, source: string, layout: CannLayout): string {
  return join(folder, BY_LAYOUT.has(source) ? `${source}-${layout}.o` : `${source}.o`);
}

async function parallel(jobs: (() => Promise<unknown>)[]): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
