// Bundles on the stand-in device: what is executed, with which buffers, and that all of it is given back.
// Expected values are the formula of the network (support/linear.ts).
import { mkdirSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { decodeElements } from '../../src/graph/elements.js';
import { refreshSplit } from '../../src/graph/refresh.js';
import { selectWeights } from '../../src/graph/select.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { driveBundle } from '../support/cann/bundles.js';
import { openOnDevice } from '../support/cann/device.js';
import { hasStandin, type Recorded, type RecordedCall, readRecord, standinEnv } from '../support/cann/standin.js';
import { caughtLater } from '../support/caught-later.js';
import { Workplace } from '../support/cli.js';
import { corpus, hasCorpus } from '../support/corpus.js';
import { testFolder } from '../support/folder.js';
import { float32s } from '../support/graphs.js';
import { B, linearGraph, linearOutput, W } from '../support/linear.js';
import { plain } from '../support/tensors.js';

const folder = testFolder();
const X = [1, 2, 3, -1, 0.5, 4];
const NEW_W = Array.from({ length: 12 }, (_, i) => 1 - i);
const NEW_B = [7, 8, 9, 10];
const EMPTY: Tensor = float32s([], [0]);

const x = (values = X): ReadonlyMap<string, Tensor> => new Map([['x', float32s(values, [values.length / 3, 3])]]);
const w = (values = NEW_W): [string, Tensor] => ['w', float32s(values, [3, 4])];
const b = (values = NEW_B): [string, Tensor] => ['b', float32s(values)];

const output = (values: readonly number[]) => [{ name: 'output_0_add_0', dtype: 'float32', shape: [values.length / 4, 4], values }];

const numbersOf = (tensor: Tensor): number[] => decodeElements(tensor).map(Number);

function staticUpdate() {
  const graph = linearGraph();
  return refreshSplit(graph, selectWeights(graph, ['w', 'b']), { updateGraph: 'static' }).varUpdate;
}

function expectClean({ violations, alive, calls }: Recorded): void {
  expect(violations).toEqual([]);
  expect(alive).toEqual({});
  // One native thread: AscendCL's context and error texts belong to it.
  expect(new Set(calls.map(({ tid }) => tid)).size).toBe(1);
}

const named = (calls: readonly RecordedCall[], name: string): readonly RecordedCall[] => calls.filter(({ call }) => call === name);

describe.skipIf(!hasStandin)('a bundle on a device', () => {
  let path = '';
  beforeEach(() => {
    path = driveBundle(folder.path(), linearGraph(), ['w', 'b']);
  });

  test.each([
    ['on a server with cards', {}, {}],
    ['on the SoC itself', { runMode: 'device' }, {}],
    ['in memory of ours', {}, { memory: 'low' }],
    ['in memory of ours on the SoC', { runMode: 'device' }, { memory: 'low' }],
  ] as const)('%s: init, updates whole and partial, back again, several inferences', async (_, settings, request) => {
    const { session, finish } = await openOnDevice(folder.path(), path, settings, request);
    expect(session.inputs.map(({ name }) => name)).toEqual(['x']);
    await session.initialize();
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X)));
    expect(await session.update(new Map([b()]))).toEqual({ updated: ['b'], kept: ['w'], warnings: [] });
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X, W, NEW_B)));
    expect(await session.update(new Map([w(), ['b', EMPTY]]))).toEqual({ updated: ['w'], kept: ['b'], warnings: [] });
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X, NEW_W, NEW_B)));
    await session.initialize();
    expect((await session.run(x([0, 0, 1, 0, 0, 0]))).map(plain)).toEqual(output(linearOutput([0, 0, 1, 0, 0, 0])));
    expectClean(await finish());
  });

  test('has a tensor desc for each input of an update, and no buffer for a weight that it keeps', async () => {
    const { session, finish } = await openOnDevice(folder.path(), path);
    await session.initialize();
    await session.update(new Map([b()]));
    const { calls } = await finish();
    expect(named(calls, 'aclCreateTensorDesc').map(({ dims, dataType, format }) => [dims, dataType, format])).toEqual([
      [[0], 0, 2],
      [[4], 0, 2],
    ]);
    expect(named(calls, 'aclmdlSetDatasetTensorDesc').map(({ index }) => index)).toEqual([0, 1]);
    expect(named(calls, 'aclCreateDataBuffer').map(({ data, size }) => [data === '0x0', size])).toEqual([
      [true, 0],
      [false, 16],
    ]);
    expect(named(calls, 'aclmdlExecute').map(({ model, inputs, outputs }) => [model, inputs, outputs])).toEqual([
      ['var_init_graph', 0, 0],
      ['var_update_graph', 2, 0],
    ]);
  });

  test('is loaded once, in the order of the documentation', async () => {
    const { session, finish } = await openOnDevice(folder.path(), path);
    await session.initialize();
    await session.run(x());
    await session.run(x());
    const order = [
      'aclInit',
      'aclrtSetDevice',
      'aclrtGetRunMode',
      'aclmdlBundleLoadFromFile',
      'aclmdlExecute',
      'aclmdlBundleUnload',
      'aclrtResetDevice',
      'aclFinalize',
    ];
    const { calls } = await finish();
    expect(calls.map(({ call }) => call).filter((call) => order.includes(call))).toEqual([
      ...order.slice(0, 5),
      'aclmdlExecute',
      'aclmdlExecute',
      ...order.slice(5),
    ]);
    expect(named(calls, 'aclmdlBundleLoadFromFile')[0]?.['bundleId']).toBeGreaterThanOrEqual(2 ** 31);
  });

  test('snapshots and restores as any session', async () => {
    const { session, finish } = await openOnDevice(folder.path(), path);
    await session.initialize();
    await session.update(new Map([w()]));
    const before = session.snapshot();
    expect([...before].map(([name, tensor]) => plain({ name, ...tensor }))).toMatchObject([
      { name: 'w', values: NEW_W },
      { name: 'b', values: B },
    ]);
    await session.update(new Map([w([...W].reverse()), b()]));
    await session.restore(before);
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X, NEW_W, B)));
    expectClean(await finish());
  });

  test('does not run with inputs and weights that are not its own, and nothing is executed', async () => {
    const { session, finish } = await openOnDevice(folder.path(), path);
    await session.initialize();
    expect(await caughtLater(session.run(new Map()))).toMatchObject({ code: 'INPUT_MISSING' });
    expect(await caughtLater(session.run(new Map([['x', float32s(X, [3, 2])]])))).toMatchObject({ code: 'TENSOR_MISMATCH' });
    expect(await caughtLater(session.update(new Map([['v', float32s(NEW_B)]])))).toMatchObject({ code: 'WEIGHT_UNKNOWN' });
    expect(await caughtLater(session.update(new Map([['b', float32s([1, 2])]])))).toMatchObject({ code: 'TENSOR_MISMATCH' });
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X)));
    const recorded = await finish();
    expect(named(recorded.calls, 'aclmdlExecute')).toHaveLength(2);
    expectClean(recorded);
    expect(await caughtLater(session.run(x()))).toMatchObject({ code: 'USAGE' });
  });

  test('a second aclInit of the process is no failure', async () => {
    const { session, finish } = await openOnDevice(folder.path(), path, { faults: ['aclInit=repeat'] });
    await session.initialize();
    expectClean(await finish());
  });
});

describe.skipIf(!hasStandin)('bundles of other forms', () => {
  test('without an init graph: nothing runs before every weight has a value', async () => {
    const path = driveBundle(folder.path(), linearGraph(), ['w', 'b'], { withInit: false });
    const { session, finish } = await openOnDevice(folder.path(), path);
    expect(await caughtLater(session.initialize())).toMatchObject({ code: 'WEIGHTS_NOT_INITIALIZED' });
    await session.update(new Map([w()]));
    expect(await caughtLater(session.run(x()))).toMatchObject({
      code: 'WEIGHTS_NOT_INITIALIZED',
      message: expect.stringContaining('no value yet: b'),
    });
    const half = session.snapshot();
    await session.update(new Map([b()]));
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X, NEW_W, NEW_B)));
    await session.restore(half);
    expect(await caughtLater(session.run(x()))).toMatchObject({ code: 'WEIGHTS_NOT_INITIALIZED' });
    expectClean(await finish());
  });

  test.each(['auto', 'low'] as const)(
    'a static update graph gets all weights each time, those that are kept again (memory %s)',
    async (memory) => {
      const path = driveBundle(folder.path(), linearGraph(), ['w', 'b'], { updateGraph: staticUpdate() });
      const { session, finish } = await openOnDevice(folder.path(), path, {}, { memory });
      await session.initialize();
      expect(await session.update(new Map([b()]))).toMatchObject({ updated: ['b'], kept: ['w'] });
      expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X, W, NEW_B)));
      await session.update(new Map([w()]));
      expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X, NEW_W, NEW_B)));
      expectClean(await finish());
    },
  );

  test('open shapes: outputs that the execution allocates, of another size each time', async () => {
    const path = driveBundle(folder.path(), linearGraph({ batch: -1 }), ['w', 'b']);
    const { session, finish } = await openOnDevice(folder.path(), path);
    await session.initialize();
    for (const values of [X, [...X, ...X], X.slice(0, 3)])
      expect((await session.run(x(values))).map(plain)).toEqual(output(linearOutput(values)));
    const recorded = await finish();
    expectClean(recorded);
    expect(named(recorded.calls, 'aclGetDataBufferAddr').length).toBeGreaterThan(0);
  });

  test.each([
    ['batch sizes', ['ge.dynamicBatchSize=1,2,4'], 'aclmdlSetDynamicBatchSize'],
    ['groups of dimensions', ['ge.dynamicDims=1;2;4'], 'aclmdlSetInputDynamicDims'],
  ])('gears by %s: the model is told which, and a size that is none is refused with the legal ones', async (_, gears, call) => {
    const path = driveBundle(folder.path(), linearGraph({ batch: -1 }), ['w', 'b'], { options: ['input_shape=x:-1,3', ...gears] });
    const { session, finish } = await openOnDevice(folder.path(), path);
    expect(session.inputs.map(({ name }) => name)).toEqual(['x']);
    await session.initialize();
    for (const values of [X, X.slice(0, 3), [...X, ...X]])
      expect((await session.run(x(values))).map(plain)).toEqual(output(linearOutput(values)));
    const refused = await caughtLater(session.run(x([...X, ...X.slice(0, 3)])));
    expect(refused).toMatchObject({ code: 'TENSOR_MISMATCH', fix: expect.stringMatching(/1( × 3)?, 2( × 3)?, 4/) });
    const recorded = await finish();
    expect(named(recorded.calls, call)).toHaveLength(3);
    expectClean(recorded);
  });

  test('memory of ours, where CANN cannot: a warning, and the bundle runs', async () => {
    const path = driveBundle(folder.path(), linearGraph(), ['w', 'b'], { layout: '8.1' });
    const { session, warnings, finish } = await openOnDevice(folder.path(), path, { layout: '8.1' }, { memory: 'low' });
    expect(warnings.map(({ code }) => code)).toContain('MEMORY_MODE_IGNORED');
    await session.initialize();
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X)));
    expectClean(await finish());
  });

  test('low memory: one work buffer for all models, and the constants of the init graph are gone after it', async () => {
    const path = driveBundle(folder.path(), linearGraph(), ['w', 'b'], { updateGraph: staticUpdate() });
    const { session, finish } = await openOnDevice(folder.path(), path, {}, { memory: 'low' });
    await session.initialize();
    await session.run(x());
    const { calls } = await finish();
    const loads = named(calls, 'aclmdlBundleLoadModelWithMem');
    expect(new Set(loads.map(({ workSize }) => workSize)).size).toBe(1);
    expect(loads.map(({ index }) => index)).toEqual([0, 2, 1]);
    expect(named(calls, 'aclmdlBundleUnloadModel')).toHaveLength(1);
    expect(named(calls, 'aclmdlBundleLoadFromFile')).toEqual([]);
  });

  test.skipIf(!hasCorpus)('bundles that GE itself has compiled: they run, and their weights change', async () => {
    for (const name of ['linear', 'linear_static']) {
      const { session, finish } = await openOnDevice(folder.path(), corpus('ge-bundles', `${name}.om`));
      await session.initialize();
      const [first] = await session.run(x());
      await session.update(new Map([['const_2', float32s([100, 200, 300, 400])]]));
      const [second] = await session.run(x());
      const [before, after] = [first, second].map((tensor) => numbersOf(tensor as Tensor)) as [number[], number[]];
      const formula = linearOutput(X, numbersOf(session.snapshot().get('const_1') as Tensor), [100, 200, 300, 400]);
      expect(after).toHaveLength(formula.length);
      for (const [at, value] of after.entries()) expect(value).toBeCloseTo(formula[at] as number, 3);
      expect(before).not.toEqual(after);
      expectClean(await finish());
    }
  });
});

describe.skipIf(!hasStandin)('run on a device', () => {
  test('says which backend and why, takes --device, and writes what it called', async () => {
    const place = new Workplace();
    mkdirSync(place.path('made'));
    const path = driveBundle(place.path('made'), linearGraph(), ['w', 'b']);
    const record = place.path('made/calls.jsonl');
    const env = { ...standinEnv({ record }), STANDIN_CANN_DEVICES: '4' };
    const args = [
      'run',
      path,
      '--input',
      `x=2x3xf32=${X.join(',')}`,
      '--update',
      'b=7,8,9,10',
      '-d',
      '3',
      '--trace',
      'calls.trace',
      '-o',
      'out',
      '--json',
    ];
    const { status, stdout, stderr } = await place.call(args, { env });
    expect([status, stderr.includes('error')]).toEqual([0, false]);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      backend: { kind: 'ascend' },
      result: {
        initialized: true,
        update: { updated: ['b'], kept: ['w'] },
        outputs: [{ name: 'output_0_add_0', path: 'out/output_0_add_0.npy' }],
      },
    });
    const recorded = readRecord(record);
    expectClean(recorded);
    expect(named(recorded.calls, 'aclrtSetDevice')[0]).toMatchObject({ deviceId: 3 });
    expect(place.files()).toContain('calls.trace');
  });

  test('options for a device are refused for a bundle of the host, and a device that is not there ends with its words', async () => {
    const place = new Workplace();
    await place.call(['build', 'examples/linear/graph.json', '--consts', 'const_1', '--backend', 'host', '-o', 'h.om']);
    const refused = await place.call(['run', 'h.om', '--input', 'x=rand:1', '--device', '1']);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('--device is for an NPU')]);
    const path = driveBundle(place.folder, linearGraph(), ['w', 'b']);
    const absent = await place.call(['run', path, '--input', 'x=rand:1', '--device', '5'], { env: standinEnv() });
    expect([absent.status, absent.stderr]).toEqual([6, expect.stringContaining('valid device range is [0, 1)')]);
  });

  test.each([
    [['--device', '-1'], 'must be a whole number'],
    [['--memory', 'much'], 'auto, low'],
    [['--timeout', '0'], 'number of seconds'],
  ])('%j is refused', async (options, words) => {
    const place = new Workplace();
    const { status, stderr } = await place.call(['run', 'x.om', ...options]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
