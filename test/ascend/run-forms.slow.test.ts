import { beforeEach, describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.js';
import { driveBundle } from '../support/cann/bundles.js';
import { openOnDevice } from '../support/cann/device.js';
import { b, expectClean, NEW_B, NEW_W, named, numbersOf, output, staticUpdate, w, X, x } from '../support/cann/linear-device.js';
import { hasStandin } from '../support/cann/standin.js';
import { caughtLater } from '../support/caught-later.js';
import { corpus, hasCorpus } from '../support/corpus.js';
import { testFolder } from '../support/folder.js';
import { float32s } from '../support/graphs.js';
import { B, linearGraph, linearOutput, W } from '../support/linear.js';
import { plain } from '../support/tensors.js';

const folder = testFolder();

describe.skipIf(!hasStandin)('a session on a device', () => {
  let path = '';
  beforeEach(() => {
    path = driveBundle(folder.path(), linearGraph(), ['w', 'b']);
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
    ['batch sizes', ['ge.dynamicBatchSize=1,2,4'], 'aclmdlSetDynamicBatchSize', 'batch 1, 2, 4'],
    ['groups of dimensions', ['ge.dynamicDims=1;2;4'], 'aclmdlSetInputDynamicDims', 'dims 1; 2; 4'],
  ])(
    'gears by %s: the model is told which, and a size that is none is refused with the legal ones as inspect shows them',
    async (_, gears, call, words) => {
      const path = driveBundle(folder.path(), linearGraph({ batch: -1 }), ['w', 'b'], { options: ['input_shape=x:-1,3', ...gears] });
      const { session, finish } = await openOnDevice(folder.path(), path);
      expect(session.inputs.map(({ name }) => name)).toEqual(['x']);
      await session.initialize();
      for (const values of [X, X.slice(0, 3), [...X, ...X]])
        expect((await session.run(x(values))).map(plain)).toEqual(output(linearOutput(values)));
      const refused = await caughtLater(session.run(x([...X, ...X.slice(0, 3)])));
      expect(refused).toMatchObject({ code: 'TENSOR_MISMATCH', fix: `Give inputs of one of these sizes: "x" ${words}.` });
      const recorded = await finish();
      expect(named(recorded.calls, call)).toHaveLength(3);
      expectClean(recorded);
    },
  );

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
