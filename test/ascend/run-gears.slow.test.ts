// Gears by dims of a network with several inputs. GE deals the numbers of a gear out in the order of --input_shape, and AscendCL
// takes the dims of those inputs only, in that order (GE's MultiBatchClonePass, GeExecutor::GetCurDynamicDims).
import { describe, expect, test } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import { driveBundle } from '../support/cann/bundles.js';
import { openOnDevice } from '../support/cann/device.js';
import { expectClean, numbersOf } from '../support/cann/linear-device.js';
import { hasStandin } from '../support/cann/standin.js';
import { caughtLater } from '../support/caught-later.js';
import { testFolder } from '../support/folder.js';
import { constant, data, float32s, graph, node, spec } from '../support/graphs.js';

const folder = testFolder();

/** p + w and q + shift, with p and q of [?, 2] and shift of [2]; the inputs in this order. */
function twoSums(): Graph {
  const input = (name: string, index: number, shape: readonly number[]) => ({
    ...data(name, 'float32', shape),
    attrs: new Map([['index', { kind: 'int', value: index } as const]]),
  });
  const add = (name: string, x1: string, x2: string) =>
    node(name, 'Add', { x1, x2 }, {}, { outputDescs: [spec('float32', [-1, 2])], outputNames: ['y'] });
  return graph(
    [
      input('p', 0, [-1, 2]),
      input('shift', 1, [2]),
      input('q', 2, [-1, 2]),
      constant('w', float32s([10, 20])),
      add('first', 'p:0', 'w:0'),
      add('second', 'q:0', 'shift:0'),
    ],
    ['first:0', 'second:0'],
  );
}

const rows = (count: number, value: number) =>
  float32s(
    Array.from({ length: 2 * count }, () => value),
    [count, 2],
  );

const given = (p: number, q: number) =>
  new Map([
    ['p', rows(p, 1)],
    ['shift', float32s([100, 200])],
    ['q', rows(q, 2)],
  ]);

async function opened(inputShape: string, dims: string) {
  const path = driveBundle(folder.path(), twoSums(), ['w'], { options: [`input_shape=${inputShape}`, `ge.dynamicDims=${dims}`] });
  const device = await openOnDevice(folder.path(), path);
  await device.session.initialize();
  const sums = async (p: number, q: number) => (await device.session.run(given(p, q))).map((output) => [output.shape, numbersOf(output)]);
  return { ...device, sums };
}

const expected = (p: number, q: number) => [
  [[p, 2], Array.from({ length: p }, () => [11, 21]).flat()],
  [[q, 2], Array.from({ length: q }, () => [102, 202]).flat()],
];

describe.skipIf(!hasStandin)('gears by dims of several inputs', () => {
  test.each([
    ['the order of the inputs', 'p:-1,2;shift:2;q:-1,2', '1,3;4,2'],
    ['another order', 'q:-1,2;shift:2;p:-1,2', '3,1;2,4'],
    ['an input of one size that --input_shape does not name', 'p:-1,2;q:-1,2', '1,3;4,2'],
    ['both', 'q:-1,2;p:-1,2', '3,1;2,4'],
  ])('%s: every size that the bundle was compiled for runs', async (_, inputShape, dims) => {
    const { sums, session, finish } = await opened(inputShape, dims);
    expect(await sums(1, 3)).toEqual(expected(1, 3));
    expect(await sums(4, 2)).toEqual(expected(4, 2));
    for (const [p, q] of [
      [3, 1],
      [1, 2],
    ] as const)
      expect(await caughtLater(session.run(given(p, q)))).toMatchObject({ code: 'TENSOR_MISMATCH' });
    expectClean(await finish());
  });

  test('a size that is none is refused with those of each input, as inspect shows them', async () => {
    const { session, finish } = await opened('q:-1,2;shift:2;p:-1,2', '3,1;2,4');
    expect(await caughtLater(session.run(given(3, 1)))).toMatchObject({
      message: expect.stringContaining('The inputs are "p" [3, 2], "shift" [2], "q" [1, 2], which is none'),
      fix: 'Give inputs of one of these sizes: "q" dims 3; 2 and "p" dims 1; 4, each from the same place of its list.',
    });
    await finish();
  });

  test('sizes that would be another gear in the order of the inputs', async () => {
    // q 1 with p 2, or q 2 with p 1.
    const { sums, finish } = await opened('q:-1,2;shift:2;p:-1,2', '1,2;2,1');
    expect(await sums(2, 1)).toEqual(expected(2, 1));
    expect(await sums(1, 2)).toEqual(expected(1, 2));
    expectClean(await finish());
  });
});
