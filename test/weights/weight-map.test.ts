// A map file: names, orders of dimensions, and its mistakes with their places.
import { describe, expect, test } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { dtype } from '../../src/graph/dtype.js';
import type { RefreshableWeight } from '../../src/graph/refreshable.js';
import { applyMap } from '../../src/weights/apply-map.js';
import { planUpdate } from '../../src/weights/plan.js';
import { readUpdates } from '../../src/weights/updates.js';
import { readWeightMap } from '../../src/weights/weight-map.js';
import { testFolder } from '../support/folder.js';
import { named, plain, tensorOf } from '../support/tensors.js';

const folder = testFolder();

const KERNEL = named('conv.weight', tensorOf('int8', [2, 1, 1, 3], [1, 2, 3, 4, 5, 6]));
const MATRIX = named('fc.weight', tensorOf('float32', [2, 3], [1, 2, 3, 4, 5, 6]));

function mapFile(content: unknown): string {
  return folder.write('map.json', typeof content === 'string' ? content : JSON.stringify(content));
}

const entries = (...list: readonly object[]) => ({ schema: 'ascend-bundle/map@1', entries: list });

test('tensors get the names and orders of the map; one may be used several times, others stay', () => {
  const map = readWeightMap(
    mapFile(
      entries(
        { from: 'fc.weight', to: 'onnx::MatMul_12', transpose: [1, 0], by: 'content' },
        { from: 'fc.weight', to: 'tied' },
        { from: 'conv.weight', to: 'k', transpose: [3, 1, 2, 0] },
        { from: 'not there', to: 'n' },
      ),
    ),
  );
  const given = applyMap(map, [MATRIX, KERNEL, { ...MATRIX, name: 'other' }]);
  expect(given.map(plain)).toEqual([
    { name: 'onnx::MatMul_12', dtype: 'float32', shape: [3, 2], values: [1, 4, 2, 5, 3, 6] },
    { ...(plain(MATRIX) as object), name: 'tied' },
    { name: 'k', dtype: 'int8', shape: [3, 1, 1, 2], values: [1, 4, 2, 5, 3, 6] },
    { ...(plain(MATRIX) as object), name: 'other' },
  ]);
  expect(given.map(({ key }) => key)).toEqual(['fc.weight', 'fc.weight', 'conv.weight', undefined]);
});

test('what weights map wrote for the reader is not used', () => {
  const file = {
    ...entries({ from: 'a', to: 'b' }),
    $schema: 'map.schema.json',
    ambiguous: [{ to: 'c', candidates: [{ from: 'x' }, { from: 'y', transpose: [1, 0] }], why: 'equal shapes' }],
    unmatched: { from: ['z'], to: ['d'] },
  };
  expect(readWeightMap(mapFile(file)).entries).toEqual([{ from: 'a', to: 'b' }]);
});

test('messages of an update name the tensor as it is called in the checkpoint', async () => {
  const weights: readonly RefreshableWeight[] = [
    { constName: 'w', variableName: 'w_var', updateIndex: 0, spec: { dtype: dtype('float32'), shape: [3, 2] } },
  ];
  const path = folder.write('c.safetensors', writeSafetensors([MATRIX]));
  const updated = async (entry: object) =>
    planUpdate(weights, await readUpdates([path], weights, { map: readWeightMap(mapFile(entries(entry))) }));
  expect((await updated({ from: 'fc.weight', to: 'w', transpose: [1, 0] })).updated).toEqual(['w']);
  await expect(updated({ from: 'fc.weight', to: 'w' })).rejects.toMatchObject({
    message: `Weight "w" in ${path} ("fc.weight") is float32 [2, 3]; the bundle has float32 [3, 2].`,
  });
  await expect(updated({ from: 'fc.weight', to: 'v' })).rejects.toMatchObject({
    code: 'WEIGHT_UNKNOWN',
    message: `"v" in ${path}, which is "fc.weight" there (float32 [2, 3]) is not an updatable weight of the bundle.`,
  });
});

describe('refused', () => {
  test.each([
    ['no JSON', '{"schema": ', 'line 1, column 12', 'is not valid JSON'],
    ['another document', { name: 'net', nodes: [] }, '/schema', 'is not a map'],
    ['an entry without a name', entries({ from: 'a' }), '/entries/0/to', 'expected string'],
    ['a misspelt field', entries({ from: 'a', to: 'b', tranpose: [1, 0] }), '/entries/0', 'tranpose'],
    ['a weight given twice', entries({ from: 'a', to: 'b' }, { from: 'c', to: 'b' }), '/entries/1/to', '"b" is given a second time'],
  ])('%s', (_, content, at, words) => {
    const path = mapFile(content);
    try {
      readWeightMap(path);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'FILE_MALFORMED', exitCode: 4, at });
      expect((error as Error).message).toContain(words);
    }
  });

  test.each([[[0]], [[0, 0]], [[1, 2]], [[0, 1, 2]]])('%j as the order of two dimensions', (transpose) => {
    const map = readWeightMap(mapFile(entries({ from: 'x', to: 'y' }, { from: 'fc.weight', to: 'w', transpose })));
    expect(() => applyMap(map, [MATRIX])).toThrow(
      expect.objectContaining({ code: 'TENSOR_MISMATCH', at: '/entries/1/transpose', fix: expect.stringContaining('each of 0 to 1 once') }),
    );
  });
});
