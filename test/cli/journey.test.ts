// The way of a user: build, run, update, inspect, on files in a folder of his own. Numbers come from y = x·W + b, written here.
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type CliResult, Workplace } from '../support/cli.js';
import { floats, modelBytes, node, value } from '../support/onnx-models.js';

const BUILD = ['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'linear.om'];
const RUN = ['run', 'linear.om', '--input', 'x=@examples/linear/x.npy'];
const UPDATE = ['--update', 'examples/linear/new.safetensors'];

/** The float32 elements of an example: read by their place at the end of the file, without the code under test. */
function lastFloats(path: string, count: number): number[] {
  const file = readFileSync(path);
  return Array.from({ length: count }, (_, i) => file.readFloatLE(file.length - 4 * (count - i)));
}

/** x [2, 3] · w [3, 4] + b [4]. */
function linear(x: readonly number[], w: readonly number[], b: readonly number[]): number[] {
  return [0, 1].flatMap((row) =>
    [0, 1, 2, 3].map((column) =>
      [0, 1, 2].reduce((sum, k) => sum + (x[row * 3 + k] as number) * (w[k * 4 + column] as number), b[column] as number),
    ),
  );
}

function example(place: Workplace): { x: number[]; w: number[]; b: number[]; newW: number[]; newB: number[] } {
  const { consts } = JSON.parse(readFileSync(place.path('examples/linear/graph.json'), 'utf8'));
  const [newW, newB] = [lastFloats(place.path('examples/linear/new.safetensors'), 16)].flatMap((all) => [all.slice(0, 12), all.slice(12)]);
  return {
    x: lastFloats(place.path('examples/linear/x.npy'), 6),
    w: consts[0].data.flat(),
    b: consts[1].data,
    newW: newW as number[],
    newB: newB as number[],
  };
}

function bytesOf(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

/** Holds a file to the bytes that numpy.save writes for a float32 [2, 4], and gives its elements. */
function expectNpy(path: string, values: readonly number[]): void {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }";
  const head = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'), Buffer.from(`${header.padEnd(117)}\n`)]);
  expect(readFileSync(path)).toEqual(Buffer.concat([head, bytesOf(values)]));
}

function done({ status, stdout, stderr }: CliResult): string {
  expect(stderr).not.toMatch(/error/i);
  expect(status).toBe(0);
  return stdout;
}

test('the four lines of the demonstration', async () => {
  const place = new Workplace();
  const { x, w, b, newW, newB } = example(place);
  expect(done(place.run(BUILD))).toContain('wrote linear.om');
  done(place.run([...RUN, '-o', 'out']));
  expectNpy(place.path('out/y.npy'), linear(x, w, b));
  expect(done(place.run([...RUN, ...UPDATE, '-o', 'out2']))).toContain('updated const_1, const_2');
  expectNpy(place.path('out2/y.npy'), linear(x, newW, newB));
  expect(linear(x, newW, newB)).not.toEqual(linear(x, w, b));
  const text = done(place.run(['inspect', 'linear.om']));
  for (const word of ['weight-updatable bundle', 'host backend', 'infer', 'init', 'update', 'const_1', '[3, 4]', '3.0 KiB of variables']) {
    expect(text).toContain(word);
  }
  // The update was of that run alone.
  done(await place.call([...RUN, '-o', 'out3']));
  expectNpy(place.path('out3/y.npy'), linear(x, w, b));
  expect(place.files()).toEqual(['linear.om', 'out', 'out/y.npy', 'out2', 'out2/y.npy', 'out3', 'out3/y.npy']);
  // Two builds are the same bytes, wherever they are made.
  done(await place.call([...BUILD.slice(0, -1), 'again.om']));
  expect(readFileSync(place.path('again.om')).equals(readFileSync(place.path('linear.om')))).toBe(true);
});

test('running a bundle leaves nothing in the home folder, and no queue of events to send', () => {
  const place = new Workplace();
  done(place.run(BUILD));
  done(place.run(RUN, { env: { HOME: place.path() } }));
  expect(place.files()).toEqual(['linear.om']);
});

test('partial updates, from values and from files, and what is said of them', async () => {
  const place = new Workplace();
  const { x, w, b, newB } = example(place);
  done(await place.call(BUILD));
  const values = async (...args: string[]): Promise<number[]> => {
    done(await place.call([...RUN, ...args, '-o', 'out', '--outfmt', 'bin', '--force']));
    return lastFloats(place.path('out/y.bin'), 8);
  };
  expect(await values('--update', 'const_2=splat:0')).toEqual(linear(x, w, [0, 0, 0, 0]));
  expect(await values('--update', 'const_2=4xf32=1,2,3,4')).toEqual(linear(x, w, [1, 2, 3, 4]));
  writeFileSync(place.path('b.bin'), bytesOf(newB));
  expect(await values('--update', 'const_2=@b.bin')).toEqual(linear(x, w, newB));
  const zeros = Array(12).fill(0);
  expect(await values('--update', 'const_2=@b.bin', '--update', 'const_1=splat:0')).toEqual(linear(x, zeros, newB));
  // An empty tensor keeps the weight.
  expect(await values('--update', 'const_2=0xf32=,')).toEqual(linear(x, w, b));
  const text = done(await place.call([...RUN, '--update', 'const_2=splat:0']));
  expect(text).toMatch(/^updated const_2; kept const_1$/m);
});

test('every form of output: npy, npz, bin, json, safetensors, and names that no file can have', async () => {
  const place = new Workplace();
  const outputs = ['a/b', '../up', 'größe:0', 'y'];
  writeFileSync(
    place.path('m.onnx'),
    modelBytes({
      nodes: outputs.map((output, i) => ({ ...node('Mul', 'x w', ''), output: [output], name: `n${i}` })),
      initializers: [floats('w', [2], [1, -2])],
      inputs: [value('x', [2])],
      outputs: outputs.map((output) => value(output, [2])),
    }),
  );
  done(await place.call(['build', 'm.onnx', '--consts', 'w']));
  const run = (...args: string[]) => place.call(['run', 'm.om', '--input', 'x=0.5,3', ...args]);
  const data = bytesOf([0.5, -6]);
  const files = ['%2E%2E%2Fup.npy', '..%2Fup.npy'];

  done(await run('-o', 'npy'));
  const names = readdirSync(place.path('npy'));
  expect(names).toHaveLength(4);
  expect(names).toEqual(expect.arrayContaining(['a%2Fb.npy', 'gr%C3%B6%C3%9Fe%3A0.npy', 'y.npy']));
  expect(files.some((name) => names.includes(name))).toBe(true);
  for (const name of names) expect(readFileSync(place.path('npy', name)).subarray(128)).toEqual(data);

  done(await run('-o', 'bin', '--outfmt', 'BIN'));
  for (const name of names) expect(readFileSync(place.path('bin', name.replace('.npy', '.bin')))).toEqual(data);

  done(await run('-o', 'one', '--outfmt', 'json'));
  const { schema, tensors } = JSON.parse(readFileSync(place.path('one/outputs.json'), 'utf8'));
  expect(schema).toBe('ascend-bundle/tensors@1');
  expect(tensors).toEqual(outputs.map((name) => ({ name, dtype: 'float32', shape: [2], data: [0.5, -6] })));

  done(await run('-o', 'one', '--outfmt', 'safetensors'));
  const file = readFileSync(place.path('one/outputs.safetensors'));
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, end).toString());
  for (const name of outputs) {
    const { dtype, shape, data_offsets } = header[name];
    expect([dtype, shape, file.subarray(end + data_offsets[0], end + data_offsets[1])]).toEqual(['F32', [2], data]);
  }

  done(await run('-o', 'one', '--outfmt', 'npz'));
  const zip = readFileSync(place.path('one/outputs.npz'));
  expect(zip.subarray(0, 4)).toEqual(Buffer.from('PK\x03\x04'));
  for (const name of outputs) expect(zip.includes(`${name}.npy`)).toBe(true);
  // It is an input again.
  expect(done(await place.call(['run', 'm.om', '--input', 'x=@npy/y.npy']))).toContain('0.5, 12');
  expect(place.files().filter((path) => !/^(npy|bin|one)/.test(path))).toEqual(['m.om', 'm.onnx']);
});

test('the bundle may be moved, renamed, linked to, read-only, and read from another folder', async () => {
  const place = new Workplace();
  const size = 4096;
  writeFileSync(
    place.path('m.onnx'),
    modelBytes({
      nodes: [node('Mul', 'x big', 'p'), node('Add', 'p w', 'y')],
      // Large enough to stay in the file, from where ONNX Runtime maps it.
      initializers: [floats('big', [size], Array(size).fill(3)), floats('w', [1], [0.5])],
      inputs: [value('x', [1])],
      outputs: [value('y', [size])],
    }),
  );
  done(await place.call(['build', 'm.onnx', '--consts', 'w']));
  mkdirSync(place.path('größe 1/deep'), { recursive: true });
  renameSync(place.path('m.om'), place.path('größe 1/deep/重.bundle'));
  symlinkSync('größe 1/deep/重.bundle', place.path('link.om'));
  symlinkSync('größe 1', place.path('folder'));
  chmodSync(place.path('größe 1/deep/重.bundle'), 0o400);
  chmodSync(place.path('größe 1/deep'), 0o500);
  try {
    for (const path of ['größe 1/deep/重.bundle', place.path('folder/deep/重.bundle'), 'link.om', './folder/../link.om']) {
      const { result } = JSON.parse(done(await place.call(['run', path, '--input', 'x=2', '--json'])));
      expect(result.outputs[0].preview).toMatch(/^6\.5, 6\.5, .* min 6\.5 {2}max 6\.5/);
    }
  } finally {
    chmodSync(place.path('größe 1/deep'), 0o700);
  }
});

test('names of constants: lists, files, stdin, a comma in the name, all that consts gives', async () => {
  const place = new Workplace();
  const names = ['a,b', 'c', 'weird name:0'];
  writeFileSync(
    place.path('m.onnx'),
    modelBytes({
      nodes: names.map((name, i) => ({ ...node('Mul', 'x', `y${i}`), input: ['x', name] })),
      initializers: names.map((name, i) => floats(name, [2], [i, 1])),
      inputs: [value('x', [2])],
      outputs: names.map((_, i) => value(`y${i}`, [2])),
    }),
  );
  const weightsOf = async (args: readonly string[]): Promise<string[]> => {
    const { result, error } = JSON.parse((await place.call(['build', 'm.onnx', ...args, '--dry-run', '--json'])).stdout);
    return error === null ? result.weights.map(({ name }: { name: string }) => name) : [error.code];
  };
  expect(await weightsOf(['--consts', ' c , weird name:0 '])).toEqual(['c', 'weird name:0']);
  expect(await weightsOf(['--consts', 'a,b'])).toEqual(['CONST_NOT_FOUND']);
  expect(await weightsOf(['--const', 'a,b', '--consts', 'c'])).toEqual(['c', 'a,b']);
  writeFileSync(place.path('names.txt'), '\ufeff# LoRA\r\n\r\na,b\r\nc:2,1;Mul_1\r\n');
  expect(await weightsOf(['--consts', '@names.txt', '--const', 'weird name:0'])).toEqual(['a,b', 'c', 'weird name:0']);

  const listed = place.run(['consts', 'm.onnx', '--names-only']);
  expect(listed).toMatchObject({ status: 0, stdout: 'a,b\nc\nweird name:0\n', stderr: '' });
  expect(place.run(['build', 'm.onnx', '--consts', '@-', '-q'], { input: listed.stdout })).toMatchObject({ status: 0, stderr: '' });
  const ofBundle = await place.call(['consts', 'm.om', '--names-only']);
  expect(ofBundle.stdout).toBe(listed.stdout);
});

test('names that a list cannot give back are left out of it, aloud', async () => {
  const place = new Workplace();
  const names = ['#1', 'two\nlines', ' blank', 'ok'];
  writeFileSync(
    place.path('m.onnx'),
    modelBytes({
      nodes: names.map((name, i) => ({ ...node('Mul', 'x', `y${i}`), input: ['x', name] })),
      initializers: names.map((name) => floats(name, [1], [1])),
      inputs: [value('x', [1])],
      outputs: names.map((_, i) => value(`y${i}`, [1])),
    }),
  );
  const { stdout, stderr, status } = await place.call(['consts', 'm.onnx', '--names-only']);
  expect([status, stdout]).toEqual([0, 'ok\n']);
  expect(stderr.match(/warning NAME_UNLISTABLE/g)).toHaveLength(3);
  expect(stderr).toContain('--const');
  const named = names.flatMap((name) => ['--const', name]);
  expect(JSON.parse((await place.call(['build', 'm.onnx', ...named, '--json'])).stdout).result.weights).toHaveLength(4);
  // A line feed in a name does not break the table, and no control character reaches the terminal.
  expect((await place.call(['consts', 'm.onnx'])).stdout).toMatch(/^ {2}two\\nlines +float32/m);
});

test('inputs through a pipe, and values with their type', () => {
  const place = new Workplace();
  const { w, b } = example(place);
  done(place.run(BUILD));
  const x = [1, -2, 0.5, 4, 0, -1];
  const piped = place.run(['run', 'linear.om', '--input', 'x=@-', '-o', 'out'], { input: bytesOf(x) });
  done(piped);
  expectNpy(place.path('out/y.npy'), linear(x, w, b));
  done(place.run(['run', 'linear.om', '--input', `x=2x3xf32=${x.join(',')}`, '-o', 'out', '--force']));
  expectNpy(place.path('out/y.npy'), linear(x, w, b));
});

test('--graph stops after that graph', async () => {
  const place = new Workplace();
  done(await place.call(BUILD));
  expect(done(await place.call(['run', 'linear.om', '--graph', 'init']))).toBe('initialised every weight\n');
  expect(done(await place.call(['run', 'linear.om', '--graph', 'update', '--update', 'const_1=splat:1']))).toBe(
    'updated const_1; kept const_2\n',
  );
  const { result } = JSON.parse((await place.call(['run', 'linear.om', '--graph', 'update', ...UPDATE, '--json'])).stdout);
  expect(result).toMatchObject({ initialized: true, update: { updated: ['const_1', 'const_2'] }, outputs: [], inference: null });
});

test('--loop and --warmup-count', async () => {
  const place = new Workplace();
  done(await place.call(BUILD));
  const text = done(await place.call([...RUN, '--loop', '20', '--warmup_count=3']));
  expect(text).toMatch(/^20 inferences: median [\d.]+ ms, mean [\d.]+ ms, min [\d.]+ ms, max [\d.]+ ms$/m);
  const { inference } = JSON.parse((await place.call([...RUN, '--loop', '20', '--json'])).stdout).result;
  expect(inference.count).toBe(20);
  expect(inference.minMs).toBeLessThanOrEqual(inference.medianMs);
  expect(inference.medianMs).toBeLessThanOrEqual(inference.maxMs);
});

test('--no-init: two graphs; the weights must be given, and then it works', async () => {
  const place = new Workplace();
  const { x, newW, newB } = example(place);
  expect(done(await place.call([...BUILD, '--no-init']))).toContain(
    'linear.om (10.4 KiB): infer, update'.replace(/\(.*?\)/, `(${kib(place, 'linear.om')})`),
  );
  const bare = await place.call(RUN);
  expect(bare.status).toBe(4);
  expect(bare.stderr).toMatch(/error WEIGHTS_NOT_INITIALIZED: .*const_1, const_2/);
  const half = await place.call([...RUN, '--update', 'const_2=splat:0']);
  expect(half.stderr).toMatch(/error WEIGHTS_NOT_INITIALIZED: .*: const_1\./);
  done(await place.call([...RUN, ...UPDATE, '-o', 'out']));
  expectNpy(place.path('out/y.npy'), linear(x, newW, newB));
  const init = await place.call(['run', 'linear.om', '--graph', 'init']);
  expect([init.status, init.stderr]).toEqual([4, expect.stringContaining('--no-init')]);
});

function kib(place: Workplace, name: string): string {
  return `${(statSync(place.path(name)).size / 1024).toFixed(1)} KiB`;
}

test('--update-graph static: smaller, and a weight that an update leaves out is sent again', async () => {
  const place = new Workplace();
  const { x, w, newW, newB } = example(place);
  done(await place.call(BUILD));
  done(await place.call([...BUILD.slice(0, -1), 'static.om', '--update-graph', 'static']));
  expect(statSync(place.path('static.om')).size).toBeLessThan(statSync(place.path('linear.om')).size);
  const run = ['run', 'static.om', '--input', 'x=@examples/linear/x.npy'];
  done(await place.call([...run, ...UPDATE, '-o', 'out']));
  expectNpy(place.path('out/y.npy'), linear(x, newW, newB));
  done(await place.call([...run, '--update', 'const_2=splat:0', '-o', 'part']));
  expectNpy(place.path('part/y.npy'), linear(x, w, [0, 0, 0, 0]));
  expect(done(await place.call(['inspect', 'static.om']))).toContain('a static update sends those again that are not given');
});

test('--allow-scalar: a rank-0 weight, whose update to 0 is skipped with a warning', async () => {
  const place = new Workplace();
  writeFileSync(
    place.path('m.onnx'),
    modelBytes({
      nodes: [node('Mul', 'x alpha', 'y')],
      initializers: [floats('alpha', [], [3])],
      inputs: [value('x', [2])],
      outputs: [value('y', [2])],
    }),
  );
  const refused = await place.call(['build', 'm.onnx', '--consts', 'alpha']);
  expect(refused.status).toBe(4);
  expect(refused.stderr).toMatch(/error SCALAR_WEIGHT: .*"alpha".*\n.*--allow-scalar/);
  expect((await place.call(['consts', 'm.onnx', '--names-only'])).stdout).toBe('');
  const built = await place.call(['build', 'm.onnx', '--consts', 'alpha', '--allow-scalar']);
  expect([built.status, built.stderr]).toEqual([0, expect.stringContaining('warning SCALAR_WEIGHT')]);
  const run = ['run', 'm.om', '--input', 'x=1,2', '--update'];
  const zero = await place.call([...run, 'alpha=0']);
  expect([zero.status, zero.stderr]).toEqual([0, expect.stringContaining('warning SCALAR_ZERO_SKIPPED')]);
  expect(zero.stdout).toMatch(/^kept alpha\n(.*\n)*.* 3, 6$/m);
  expect(done(await place.call([...run, 'alpha=5']))).toMatch(/^updated alpha\n(.*\n)*.* 5, 10$/m);
});

test('--dry-run says what would be made, or why it cannot be, and writes nothing', async () => {
  const place = new Workplace();
  const dry = await place.call([...BUILD, '--dry-run']);
  expect(done(dry)).toMatch(/^would write linear\.om \([\d.]+ KiB\)\n.*2 updatable weights/);
  expect(place.files()).toEqual([]);
  done(await place.call(BUILD));
  expect(dry.stdout).toContain(kib(place, 'linear.om'));
  const before = readFileSync(place.path('linear.om'));
  expect((await place.call([...BUILD, '--dry-run'])).status).toBe(7);
  done(await place.call([...BUILD, '--dry-run', '--force']));
  expect(readFileSync(place.path('linear.om')).equals(before)).toBe(true);
  expect(place.files()).toEqual(['linear.om']);
});
