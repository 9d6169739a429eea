// The way of a user from a graph to outputs with new weights, each value from a plain formula.
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { BuildResult } from '../../src/commands/build.js';
import type { ConstsResult } from '../../src/commands/consts.js';
import type { InspectResult } from '../../src/commands/inspect.js';
import type { RunResult } from '../../src/commands/run.js';
import { Workplace } from '../support/cli.js';

const X = [
  [1, 2, 3],
  [4, 5, 6],
];
const OLD = {
  w: [
    [1, 0, 0, 1],
    [0, 1, 0, 1],
    [0, 0, 1, 1],
  ],
  b: [0.5, -0.5, 0.25, 0],
};
const NEW = {
  w: [
    [2, 0, 0, 0],
    [0, 2, 0, 0],
    [0, 0, 2, 0],
  ],
  b: [10, 20, 30, 40],
};

/** x · w + b, row by row. */
function linear({ w, b }: typeof OLD): number[] {
  return X.flatMap((row) => b.map((bias, j) => row.reduce((sum, x, k) => sum + x * (w[k] as number[])[j]!, bias)));
}

/** The numbers of a float32 .npy, whose header is a multiple of 64 bytes long. */
function npyValues(path: string): number[] {
  const raw = readFileSync(path);
  const start = 10 + raw.readUInt16LE(8);
  expect(start % 64).toBe(0);
  expect(raw.subarray(0, start).toString('latin1')).toContain("'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)");
  return [...new Float32Array(raw.buffer.slice(raw.byteOffset + start, raw.byteOffset + raw.length))];
}

const BUILD = ['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'linear.om'];
const RUN = ['run', 'linear.om', '--input', 'x=@examples/linear/x.npy'];
const UPDATE = ['--update', 'examples/linear/new.safetensors'];

function built(...more: string[]): Workplace {
  const place = new Workplace();
  expect(place.run([...BUILD, ...more])).toMatchObject({ status: 0 });
  return place;
}

function valuesOf(place: Workplace, args: readonly string[]): number[] {
  const { status, stderr } = place.run([...args, '--outfmt', 'npy', '-o', 'values', '--force']);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return npyValues(place.path('values/y.npy'));
}

test('the four lines of the demo give x · w + b, before the update and after it', () => {
  const place = built();
  expect(place.run([...RUN, '-o', 'out']).status).toBe(0);
  expect(npyValues(place.path('out/y.npy'))).toEqual(linear(OLD));
  expect(place.run([...RUN, ...UPDATE, '-o', 'out2']).status).toBe(0);
  expect(npyValues(place.path('out2/y.npy'))).toEqual(linear(NEW));
  const { result } = place.json<InspectResult>(['inspect', 'linear.om']);
  expect(result).toMatchObject({ kind: 'bundle', layout: 'v2', backend: 'host' });
  expect(result.submodels.map(({ index, role, name }) => [index, role, name])).toEqual([
    [0, 'infer', 'var_infer_graph'],
    [1, 'init', 'var_init_graph'],
    [2, 'update', 'var_update_graph'],
  ]);
  // align512(align32(bytes) + 32) + 1024 per variable: 48 and 16 bytes.
  expect(
    result.weights.map(({ name, variable, updateIndex, bytes, variableOffset }) => [name, variable, updateIndex, bytes, variableOffset]),
  ).toEqual([
    ['const_1', 'const_1_var', 0, 48, 0],
    ['const_2', 'const_2_var', 1, 16, 1536],
  ]);
  expect(result.varSize).toBe(2 * 1536);
});

test('a weight that is not given keeps its value', () => {
  const place = built();
  expect(valuesOf(place, [...RUN, '--update', 'const_2=10,20,30,40'])).toEqual(linear({ w: OLD.w, b: NEW.b }));
  const { result } = place.json<RunResult>([...RUN, '--update', 'const_2=10,20,30,40']);
  expect(result.update).toEqual({ updated: ['const_2'], kept: ['const_1'], ignored: [] });
});

test('build tells the same of a bundle as inspect', () => {
  const place = new Workplace();
  const made = place.json<BuildResult>(BUILD).result;
  const seen = place.json<InspectResult>(['inspect', 'linear.om']).result;
  expect(made.weights).toEqual(seen.weights);
  expect(made.submodels).toEqual(seen.submodels);
  expect(made.bundle).toEqual({ path: 'linear.om', bytes: readFileSync(place.path('linear.om')).length, hostEnv: null });
});

test('two builds are the same bytes', () => {
  const place = built();
  place.run([...BUILD.slice(0, -1), 'again.om']);
  expect(readFileSync(place.path('again.om')).equals(readFileSync(place.path('linear.om')))).toBe(true);
});

test('without init a run needs every weight, and says which are missing', () => {
  const place = built('--no-init');
  const refused = place.json(RUN);
  expect(refused.error).toMatchObject({ code: 'WEIGHTS_NOT_INITIALIZED', message: expect.stringContaining('const_1, const_2') });
  const half = place.json([...RUN, '--update', 'const_1=splat:0']);
  expect(half.error?.message).toContain('const_2');
  expect(half.error?.message).not.toContain('const_1,');
  expect(valuesOf(place, [...RUN, ...UPDATE])).toEqual(linear(NEW));
});

test('a static update graph gives the same numbers', () => {
  const place = built('--update-graph', 'static');
  expect(valuesOf(place, RUN)).toEqual(linear(OLD));
  expect(valuesOf(place, [...RUN, ...UPDATE])).toEqual(linear(NEW));
});

test('the names of consts go into build through a pipe, a file, and one by one', () => {
  const place = new Workplace();
  const { stdout } = place.run(['consts', 'examples/linear/graph.json', '--names-only']);
  expect(stdout).toBe('const_1\nconst_2\n');
  writeFileSync(place.path('names.txt'), '# weights\n\nconst_2\nconst_1:3,4;matmul\n');
  const graph = 'examples/linear/graph.json';
  const order = (args: readonly string[], input = ''): string[] =>
    place.json<BuildResult>(['build', graph, ...args, '-o', 'a.om', '--force'], { input }).result.weights.map(({ name }) => name);
  expect(order(['--consts', '@-'], stdout)).toEqual(['const_1', 'const_2']);
  expect(order(['--consts', '@names.txt'])).toEqual(['const_2', 'const_1']);
  expect(order(['--const', 'const_2', '--const', 'const_1'])).toEqual(['const_2', 'const_1']);
  const { result } = place.json<ConstsResult>(['consts', graph]);
  expect(result.consts[0]).toMatchObject({ name: 'const_1', dtype: 'float32', shape: [3, 4], bytes: 48, eligible: true, risks: [] });
  expect(result.consts[0]?.users).toEqual([{ node: 'matmul', type: 'MatMul', slot: 'x2' }]);
});

test('a bundle runs wherever it lies: moved, through a link, read-only, from another folder', () => {
  const place = built();
  mkdirSync(place.path('deep er'));
  renameSync(place.path('linear.om'), place.path('deep er/ü.om'));
  symlinkSync('deep er/ü.om', place.path('linear.om'));
  expect(valuesOf(place, RUN)).toEqual(linear(OLD));
  expect(valuesOf(place, ['run', place.path('deep er/ü.om'), ...RUN.slice(2)])).toEqual(linear(OLD));
});

test.each(['npy', 'npz', 'bin', 'json', 'safetensors'])('outputs as %s are listed with path, bytes, dtype and shape', (format) => {
  const place = built();
  const { result } = place.json<RunResult>([...RUN, '-o', 'out', '--outfmt', format]);
  const file = ['npy', 'bin'].includes(format) ? `out/y.${format}` : `out/outputs.${format}`;
  expect(result.outputs).toMatchObject([{ name: 'y', dtype: 'float32', shape: [2, 4], bytes: 32, path: file }]);
  const raw = readFileSync(place.path(file));
  if (format === 'bin') expect([...new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length))]).toEqual(linear(OLD));
  if (format === 'json') expect(JSON.parse(raw.toString()).tensors[0].data.flat()).toEqual(linear(OLD));
});

test('--graph stops after a step, --loop and --warmup-count time the inferences', () => {
  const place = built();
  expect(place.json<RunResult>(['run', 'linear.om', '--graph', 'init']).result).toMatchObject({
    initialized: true,
    update: null,
    outputs: [],
  });
  expect(place.json<RunResult>(['run', 'linear.om', '--graph', 'update', ...UPDATE]).result).toMatchObject({
    update: { updated: ['const_1', 'const_2'] },
    outputs: [],
  });
  const { inference } = place.json<RunResult>([...RUN, '--loop', '5', '--warmup-count', '2']).result;
  expect(inference?.count).toBe(5);
  expect(inference?.minMs).toBeLessThanOrEqual(inference?.medianMs as number);
  expect(inference?.medianMs).toBeLessThanOrEqual(inference?.maxMs as number);
});

test('--dry-run checks everything and writes nothing', () => {
  const place = new Workplace();
  const { result } = place.json<BuildResult>([...BUILD, '--dry-run']);
  expect(result).toMatchObject({ dryRun: true, bundle: { path: 'linear.om' } });
  expect(result.weights.map(({ name }) => name)).toEqual(['const_1', 'const_2']);
  expect(place.files()).toEqual([]);
});

test('a scalar weight takes any new value but 0, and says so', () => {
  const place = new Workplace();
  const graph = {
    inputs: [{ name: 'x', dtype: 'float32', shape: [2] }],
    consts: [{ name: 's', dtype: 'float32', shape: [], data: 2 }],
    nodes: [{ name: 'y', type: 'Mul', inputs: ['x', 's'] }],
    outputs: [{ name: 'y', value: 'y' }],
  };
  writeFileSync(place.path('s.json'), JSON.stringify(graph));
  expect(place.run(['build', 's.json', '--consts', 's', '--allow-scalar']).status).toBe(0);
  const preview = (value: string): unknown =>
    place.json<RunResult>(['run', 's.om', '-i', 'x=1,3', '--update', `s=${value}`]).result.outputs[0]?.preview;
  expect(preview('5')).toBe('5, 15');
  expect(preview('0')).toBe('2, 6');
  expect(place.json(['run', 's.om', '-i', 'x=1,3', '--update', 's=0']).warnings).toEqual([
    expect.objectContaining({ code: 'SCALAR_ZERO_SKIPPED' }),
  ]);
  // The static form has no condition.
  expect(place.run(['build', 's.json', '--consts', 's', '--update-graph', 'static', '-o', 's.om', '--force']).status).toBe(0);
  expect(preview('0')).toBe('0, 0');
});
