// weights check and weights map, as a user types them.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { writeNpz } from '../../src/formats/npz.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import type { NamedTensor } from '../../src/graph/tensor.js';
import { Workplace } from '../support/cli.js';
import { named, tensorOf } from '../support/tensors.js';

const W1 = named('const_1', tensorOf('float32', [3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
const W2 = named('const_2', tensorOf('float32', [4], [-1, 0.5, 2, 8]));

async function place(): Promise<Workplace> {
  const made = new Workplace();
  await made.call(['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'm.om']);
  return made;
}

function save(made: Workplace, name: string, tensors: readonly NamedTensor[]): string {
  writeFileSync(made.path(name), writeSafetensors(tensors).read());
  return name;
}

interface Checked {
  readonly files: readonly { readonly kind: string; readonly tensors: number }[];
  readonly tensors: readonly { readonly name: string; readonly values: unknown }[];
  readonly findings: readonly { readonly code: string }[];
  readonly for: { readonly rows: readonly { readonly name: string; readonly status: string; readonly fix: string | null }[] };
}

async function check(made: Workplace, ...args: string[]): Promise<{ readonly status: number | null; readonly result: Checked }> {
  const { status, stdout } = await made.call(['weights', 'check', ...args, '--json']);
  return { status, result: JSON.parse(stdout).result };
}

test('every kind of file is listed with its tensors, and the values where they are asked for', async () => {
  const made = await place();
  save(made, 'w.safetensors', [W1, W2]);
  writeFileSync(made.path('w.npz'), writeNpz([W1, W2]).read());
  writeFileSync(
    made.path('w.safetensors.index.json'),
    JSON.stringify({ weight_map: { const_1: 'w.safetensors', const_2: 'w.safetensors' } }),
  );
  const kinds = { 'w.safetensors': 'safetensors', 'w.npz': 'npz', 'w.safetensors.index.json': 'safetensors-index' };
  const others = { 'm.om': 'bundle', 'examples/linear/graph.json': 'graph-json' };
  for (const [path, kind] of Object.entries({ ...kinds, ...others })) {
    const { status, result } = await check(made, path, '--values');
    expect([status, result.files[0]?.kind, result.tensors.map(({ name }) => name).sort()]).toEqual([0, kind, ['const_1', 'const_2']]);
  }
  const { result } = await check(made, 'w.safetensors', '--values');
  expect(result.tensors.find(({ name }) => name === 'const_2')?.values).toEqual({ min: -1, max: 8, nonFinite: 0 });
  expect((await check(made, 'w.safetensors')).result.tensors[0]?.values).toBeNull();
  expect((await check(made, 'examples/linear/x.npy')).result).toMatchObject({
    files: [{ kind: 'npy', tensors: 1 }],
    tensors: [{ name: '' }],
  });
  expect((await check(made, 'examples/onnx/mlp.onnx')).result.files).toMatchObject([{ kind: 'onnx', tensors: 4 }]);
});

test('everything that does not fit is in one table, and ends with exit code 3', async () => {
  const made = await place();
  const wrong = save(made, 'wrong.safetensors', [
    { ...W1, ...tensorOf('float32', [4, 3], Array(12).fill(1)) },
    { ...W2, ...tensorOf('float64', [4], [1, 2, 3, 4]) },
    named('const_3', tensorOf('float32', [1], [1])),
  ]);
  const { status, result } = await check(made, wrong, '--for', 'm.om');
  expect(status).toBe(3);
  expect(result.for.rows).toMatchObject([
    { name: 'const_1', status: 'shape', fix: 'Transpose it.' },
    { name: 'const_2', status: 'dtype', fix: 'Save it as float32, or give --cast to convert it.' },
    { name: 'const_3', status: 'extra' },
  ]);
  expect((await check(made, wrong, '--for', 'm.om', '--cast')).result.for.rows[1]?.status).toBe('cast');
  const text = await made.call(['weights', 'check', wrong, '--for', 'm.om']);
  expect(text.stdout).toMatch(/shape +const_1 +float32 \[3, 4\] +float32 \[4, 3\] +Transpose it\./);
  expect(text.stderr).toMatch(/^error CHECK_FAILED: wrong\.safetensors: 3 of 3 rows do not fit m\.om\./m);
});

test('what is missing names what may be it; --partial and --ignore-extra let both go', async () => {
  const made = await place();
  const path = save(made, 'part.safetensors', [W1, named('const_22', tensorOf('float32', [4], [1, 2, 3, 4]))]);
  const { status, result } = await check(made, path, '--for', 'm.om');
  expect([status, result.for.rows]).toMatchObject([
    3,
    [
      { name: 'const_1', status: 'fits' },
      { name: 'const_2', status: 'missing', fix: 'Did you mean "const_22"?' },
      { name: 'const_22', status: 'extra', fix: 'Did you mean "const_2"?' },
    ],
  ]);
  expect((await check(made, path, '--for', 'm.om', '--partial', '--ignore-extra')).status).toBe(0);
});

test('a tensor of a weight that was not selected is ignored, and never taken for one that was', async () => {
  const made = await place();
  const graph = 'examples/linear/graph.json';
  const [both, other] = [save(made, 'both.safetensors', [W1, W2]), save(made, 'other.safetensors', [W2])];
  for (const target of ['m.om', graph]) {
    const { status, result } = await check(made, both, '--for', target, '--select', 'rank=2');
    expect([status, result.for.rows]).toMatchObject([
      0,
      [
        { name: 'const_1', status: 'fits' },
        { name: 'const_2', status: 'ignored', fix: null },
      ],
    ]);
  }
  const missing = await check(made, other, '--for', 'm.om', '--const', 'const_1');
  expect([missing.status, missing.result.for.rows]).toMatchObject([
    3,
    [
      { name: 'const_1', status: 'missing', fix: null },
      { name: 'const_2', status: 'ignored' },
    ],
  ]);
  // A bundle that has only weights that were not selected is no stranger.
  await made.call(['build', graph, '--const', 'const_2', '-o', 'other.om']);
  expect((await check(made, 'other.om', '--for', 'm.om', '--const', 'const_1', '--partial')).status).toBe(0);
});

test('a tensor of a weight that was not selected is not mapped to another of its shape', async () => {
  const made = await place();
  const checkpoint = save(made, 'c.safetensors', [named('const_2', tensorOf('float32', [3, 4], Array(12).fill(0)))]);
  const { stdout } = await made.call(['weights', 'map', checkpoint, '--for', 'm.om', '--const', 'const_1', '--json']);
  expect(JSON.parse(stdout).result.map).toMatchObject({ entries: [], unmatched: { from: ['const_2'], to: ['const_1'] } });
});

test('several files are one set, and a graph stands for its constants', async () => {
  const made = await place();
  const [one, two] = [save(made, 'one.safetensors', [W1]), save(made, 'two.safetensors', [W2])];
  const graph = 'examples/linear/graph.json';
  expect((await check(made, one, two, '--for', graph)).status).toBe(0);
  expect((await check(made, one, '--for', graph, '--const', 'const_1')).status).toBe(0);
  expect((await check(made, one, one, '--for', 'm.om', '--partial')).result.for.rows.map(({ status }) => status)).toEqual([
    'fits',
    'missing',
    'repeated',
  ]);
  expect((await check(made, one, '--for', 'm.om', '--const', 'const_1')).status).toBe(0);
  expect((await made.call(['weights', 'check', one, '--cast'])).status).toBe(2);
  expect((await made.call(['weights', 'check', 'm.om', '--for', one])).status).toBe(4);
});

test('NaN and infinity are found with --values, and are a no', async () => {
  const made = await place();
  const path = save(made, 'nan.safetensors', [named('const_2', tensorOf('float32', [4], [1, Number.NaN, Infinity, -2]))]);
  expect((await check(made, path)).status).toBe(0);
  const { status, result } = await check(made, path, '--values');
  expect([status, result.tensors[0]?.values]).toEqual([3, { min: -2, max: 1, nonFinite: 2 }]);
});

test('bytes that no tensor has are a finding: a name that stands twice in the header loses its first tensor so', async () => {
  const made = await place();
  const header = '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}';
  const length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  writeFileSync(made.path('gap.safetensors'), Buffer.concat([length, Buffer.from(header), Buffer.alloc(9)]));
  const { status, result } = await check(made, 'gap.safetensors');
  expect(status).toBe(3);
  expect(result.findings).toMatchObject([
    { code: 'FILE_GAP', at: 'byte 0 of the data', message: expect.stringContaining('2 bytes that no tensor has: 0 to 2') },
    { code: 'FILE_GAP', at: 'byte 4 of the data', message: expect.stringContaining('5 bytes that no tensor has: 4 to 9') },
  ]);
});

test('a map is written that run takes, with why each entry is there', async () => {
  const made = await place();
  const turned = Array.from({ length: 12 }, (_, i) => ((i % 3) * 4 + Math.floor(i / 3) + 1) as number);
  const checkpoint = save(made, 'c.safetensors', [
    named('layer.weight', tensorOf('float32', [4, 3], turned)),
    named('layer.bias', tensorOf('float32', [4], [-1, 0.5, 2, 8])),
  ]);
  const { status, stdout } = await made.call(['weights', 'map', checkpoint, '--for', 'm.om', '-o', 'map.json']);
  expect([status, stdout]).toEqual([0, expect.stringMatching(/layer\.weight +const_1 +\[1, 0\] +the shape, transposed/)]);
  expect(JSON.parse(readFileSync(made.path('map.json'), 'utf8'))).toMatchObject({
    schema: 'ascend-bundle/map@1',
    entries: [
      { from: 'layer.weight', to: 'const_1', transpose: [1, 0], by: 'the shape, transposed' },
      { from: 'layer.bias', to: 'const_2', by: 'the shape' },
    ],
  });
  const run = async (...args: string[]) =>
    (await made.call(['run', 'm.om', '--input', 'x=@examples/linear/x.npy', ...args])).stdout.split('\n').slice(1);
  expect(await run('--update', checkpoint, '--map', 'map.json')).toEqual(await run('--update', save(made, 'right.safetensors', [W1, W2])));
  expect((await check(made, checkpoint, '--for', 'm.om', '--map', 'map.json')).status).toBe(0);
  expect((await made.call(['weights', 'map', checkpoint, '--for', 'm.om', '-o', 'map.json'])).status).toBe(7);
  expect((await made.call(['weights', 'map', checkpoint])).status).toBe(2);
});

test('what is not decided is a warning with its candidates, and no entry', async () => {
  const made = await place();
  const checkpoint = save(
    made,
    'c.safetensors',
    ['a', 'b'].map((name) => named(name, tensorOf('float32', [4], [1, 2, 3, 4]))),
  );
  const { status, stdout, stderr } = await made.call(['weights', 'map', checkpoint, '--for', 'm.om']);
  expect(status).toBe(0);
  expect(stdout).toContain('open const_2: the shape: 2 tensors may be it\n    a\n    b\n');
  expect(stderr).toContain('MAP_AMBIGUOUS');
});

test('weights check of a file of tensors loads neither the operators nor zod: it is to be there at once', () => {
  const dist = resolve(import.meta.dirname, '../../dist');
  const texts = [...importedBy([join(dist, 'cli.js'), join(dist, 'chunks/weights-check.js')])].map((path) => readFileSync(path, 'utf8'));
  for (const mark of ['ZodError', 'BatchMatMulV2', 'class Cursor']) expect(texts.filter((text) => text.includes(mark))).toEqual([]);
  // What they share with other verbs is among them.
  expect(texts.length).toBeGreaterThan(2);
  expect(texts.length).toBeLessThan(5);
});

test('weights check of a bundle and then files is about the files, for the bundle', async () => {
  const made = await place();
  save(made, 'w.safetensors', [W1, named('const_3', tensorOf('float32', [4], [1, 2, 3, 4]))]);
  const asked = await check(made, 'm.om', 'w.safetensors');
  expect(asked).toEqual(await check(made, 'w.safetensors', '--for', 'm.om'));
  expect(asked.status).toBe(3);
  expect(asked.result.files).toHaveLength(1);
  const alone = await check(made, 'm.om');
  expect([alone.status, alone.result.for]).toEqual([0, null]);
  expect((await made.call(['weights', 'check', 'w.safetensors', 'm.om', '--cast', '--json'])).status).toBe(2);
});

function importedBy(paths: readonly string[], seen = new Set<string>()): ReadonlySet<string> {
  for (const path of paths) {
    if (seen.has(path)) continue;
    seen.add(path);
    // A dynamic import is a function that requires.
    const imports = readFileSync(path, 'utf8').matchAll(/(?<!=>)\brequire\("(\.\.?\/[^"]+)"\)/g);
    importedBy(
      [...imports].map((match) => join(dirname(path), match[1] as string)),
      seen,
    );
  }
  return seen;
}
