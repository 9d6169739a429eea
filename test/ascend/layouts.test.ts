// Maps, vectors and handles laid out by us, read by C++ that was compiled with the classes themselves: the stand-in walks every map both
// ways, searches it, checks the rules of its tree, and copies it and every vector.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeAir } from '../../src/formats/air.js';
import type { CannLayout } from '../support/cann/libraries.js';
import { cannRoot, driveProgram, hasStandin, type Recorded, readRecord, standinEnv } from '../support/cann/standin.js';
import { testFolder } from '../support/folder.js';
import { linearGraph } from '../support/linear.js';
import { nativeScript } from '../support/native-script.js';

const folder = testFolder();

/** Makes what it is told and gives it to GE: `maps` to Initialize, `names` to Convert, then the whole build. */
const drive = await nativeScript(`
  import { readFileSync } from 'node:fs';
  import { openNative } from './src/backends/ascend/native/native.js';
  const { lib64, folder, maps = [], build } = JSON.parse(readFileSync(0, 'utf8'));
  const native = await openNative({ libraryFolders: [lib64], logFolder: folder + '/log', journal: { underWay: folder + '/call.json' } });
  native.libraries.open('build');
  const { call, layouts } = native;
  for (const map of maps) call('aclgrphBuildInitialize', layouts.options(map));
  if (build !== undefined) {
    const { air, names, options, output } = build;
    call('aclgrphBuildInitialize', layouts.options({}));
    const graph = layouts.graph('origin');
    call('Graph.LoadFromFile', graph, air);
    const parts = layouts.refreshableGraphs();
    call('aclgrphConvertToWeightRefreshableGraphs', graph, layouts.strings(names), parts.address);
    const model = layouts.modelBuffer();
    const list = [{ graph: parts.infer, options }, { graph: parts.init, options: {} }, { graph: parts.update, options: {} }];
    call('aclgrphBundleBuildModel', layouts.graphsWithOptions(list), model.address);
    call('aclgrphBundleSaveModel', output, model.address);
    call('aclgrphBuildFinalize');
    console.log(String(model.read().length));
  }
`);

/** A map whose count is wrong. */
const withWrongPointer = await nativeScript(`
  import { readFileSync } from 'node:fs';
  import { openNative } from './src/backends/ascend/native/native.js';
  const { lib64, folder } = JSON.parse(readFileSync(0, 'utf8'));
  const native = await openNative({ libraryFolders: [lib64], logFolder: folder, journal: { underWay: folder + '/call.json' } });
  native.libraries.open('build');
  const map = native.layouts.options({ a: '1', b: '2', c: '3' });
  native.memory.write(map + 40n, Buffer.from([4]));
  native.call('aclgrphBuildInitialize', map);
`);

interface Job {
  readonly maps?: readonly Readonly<Record<string, string>>[];
  readonly build?: object;
}

function run(job: Job, layout: CannLayout = '9.2'): Recorded & { readonly stdout: string } {
  const lib64 = join(cannRoot(layout), 'lib64');
  const record = folder.path('record.jsonl');
  const env = { ...standinEnv({ layout, record }), LD_LIBRARY_PATH: lib64, ASCEND_PROCESS_LOG_PATH: folder.path('log') };
  const { status, signal, stderr, stdout } = drive({ lib64, folder: folder.path(), ...job }, { env });
  expect([status, signal, stderr]).toEqual([0, null, '']);
  return { ...readRecord(record), stdout };
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((one) => !one.includes('\0'));
const options = (least: number, most: number) =>
  fc.dictionary(text, text, { minKeys: least, maxKeys: most, noNullPrototype: true, size: 'max' });

describe.skipIf(!hasStandin)('what GE is given', () => {
  test('maps of every size and of any text are maps to libstdc++', () => {
    const maps = [
      {},
      { one: '1' },
      // In the order of JavaScript's strings the first of these comes last: its bytes are the greatest.
      { '\u{10000}': 'four bytes', '\uffff': 'three', z: 'one', '': 'none', é: 'two' },
      { a: 'x'.repeat(100_000), aa: '', aaa: 'y' },
      ...Array.from({ length: 33 }, (_, n) =>
        Object.fromEntries(Array.from({ length: n }, (_, i) => [`key ${(i * 7919) % 101}`, String(i)])),
      ),
      ...fc.sample(options(0, 40), { numRuns: 40, seed: 3 }),
      ...fc.sample(options(300, 400), { numRuns: 2, seed: 5 }),
    ];
    const { calls, violations } = run({ maps });
    expect(violations).toEqual([]);
    const seen = calls.map(({ options: entries }) => Object.fromEntries(entries as [string, string][]));
    expect(seen).toEqual(maps);
  });

  test.each<CannLayout>(['8.1', '9.2'])('a build by these objects is the build of a C++ program with the same arguments (%s)', (layout) => {
    const air = folder.write('linear.air', writeAir(linearGraph()));
    const names = ['w', 'b'];
    const settings = { 'ge.exec.disableReuseMemory': '1', input_format: 'ND', log: 'error' };
    const { calls, violations, stdout } = run({ build: { air, names, options: settings, output: folder.path('ours/m') } }, layout);
    const [ours] = readdirSync(folder.path('ours'));
    const bytes = readFileSync(folder.path('ours', ours as string));

    const record = folder.path('theirs.jsonl');
    const args = [...Object.entries(settings).flatMap(([key, value]) => ['-b', `${key}=${value}`]), air, folder.path('theirs/m'), ...names];
    const env = { ...standinEnv({ layout, record }), LD_LIBRARY_PATH: join(cannRoot(layout), 'lib64') };
    expect(spawnSync(driveProgram(layout), args, { env, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });

    expect(violations).toEqual([]);
    expect(readdirSync(folder.path('theirs'))).toEqual([ours]);
    expect(bytes.equals(readFileSync(folder.path('theirs', ours as string)))).toBe(true);
    expect(Number(stdout.trim().split('\n').at(-1))).toBeGreaterThan(0);
    const theirs = readRecord(record);
    expect(told(calls)).toEqual(told(theirs.calls));
  });

  test('one wrong pointer in a map is seen by the stand-in', async () => {
    const lib64 = join(cannRoot(), 'lib64');
    const record = folder.path('record.jsonl');
    withWrongPointer({ lib64, folder: folder.path() }, { env: { ...standinEnv({ record }), LD_LIBRARY_PATH: lib64 } });
    expect(readRecord(record).violations).toEqual(['std::map: the map has 3 entries and says 4']);
  });
});

/** Calls without what differs from process to process. */
function told(calls: Recorded['calls']): object[] {
  return calls.map((call) =>
    JSON.parse(JSON.stringify(call).replaceAll(/\/(ours|theirs)\//g, '/'), (key, value) =>
      key === 'tid' || /^0x/.test(String(value)) ? undefined : value,
    ),
  );
}
