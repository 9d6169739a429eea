// An ONNX model comes out of a bundle again: with ONNX Runtime it gives what the model that went in gives with the same weights.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFile } from '../../src/base/open-file.js';
import { decode, encode } from '../../src/base/protobuf/index.js';
import { OnnxModel, type OnnxTensor, type OnnxType } from '../../src/formats/encodings/onnx-model.js';
import { readBundle } from '../../src/formats/om/index.js';
import { readOnnx } from '../../src/formats/onnx/index.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import type { NamedTensor, Tensor } from '../../src/graph/tensor.js';
import { build, openBundle, patch } from '../../src/index.js';
import { initialTensors } from '../../src/weights/initial-constants.js';
import { extractOnnx } from '../support/extracted.js';
import { tensorDatas, tensorOf } from '../support/library.js';
import { withConst } from '../support/onnx-changes.js';
import { filesIn, floats, int64s, type ModelParts, model, node, tensorType, value } from '../support/onnx-models.js';
import { fromOrt, runOrt, toOrt } from '../support/ort.js';
import { plain, tensorOf as t } from '../support/tensors.js';

interface Case extends ModelParts {
  readonly weights: readonly string[];
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Of a weight that is named as its node: what that gives. */
  readonly values?: Readonly<Record<string, string>>;
  /** Beside the model. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

const BOOL = 9;
const INT64 = 7;
const ramp = (count: number, step = 0.25): number[] => Array.from({ length: count }, (_, i) => ((i * 7) % 11) * step - 1);
const x = (...shape: readonly number[]): Tensor => t('float32', shape, ramp(shape.reduce((a, b) => a * b, 1)));
const inside = (name: string, opType: string, input: string, elemType = 1) => ({
  graph: { name, node: [node(opType, input, 'r')], output: [value('r', undefined, elemType)] },
});

const CASES: Readonly<Record<string, Case>> = {
  'a weight with two users, another constant large enough for a place of its own': {
    nodes: [
      node('Reshape', 'x shape', 'rows'),
      node('MatMul', 'rows tied', 'p'),
      node('Transpose', 'tied', 'turned', { perm: [1, 0] }),
      node('MatMul', 'p turned', 'q'),
      node('MatMul', 'q large', 'y'),
    ],
    initializers: [int64s('shape', [2], [2, 20]), floats('tied', [20, 20], ramp(400)), floats('large', [20, 30], ramp(600, 0.5))],
    inputs: [value('x', ['N'])],
    outputs: [value('y', [2, 30])],
    weights: ['tied'],
    feeds: { x: x(40) },
    model: { producerName: 'somebody', docString: 'what it is', metadataProps: [{ key: 'a', value: 'b' }] },
  },
  'values in another file': {
    nodes: [node('MatMul', 'x w', 'p'), node('Add', 'p b', 'y')],
    initializers: [external('w', [20, 20], 16), external('b', [20], 1700)],
    files: { 'weights.bin': new Uint8Array(Float32Array.from(ramp(450)).buffer) },
    inputs: [value('x', [1, 20])],
    outputs: [value('y')],
    weights: ['w'],
    feeds: { x: x(1, 20) },
  },
  'branches and a loop that read weights around them': {
    nodes: [
      node('ReduceSum', 'x', 's', { keepdims: 0 }),
      node('Greater', 's zero', 'c'),
      node('If', 'c', 'z', { then_branch: inside('then', 'Add', 'x w'), else_branch: inside('else', 'Mul', 'x w') }),
      node('Loop', 'trips _ z', 'y', {
        body: {
          graph: {
            name: 'body',
            input: [value('i', [], INT64), value('go', [], BOOL), value('state', [2])],
            node: [
              node('Greater', 'i first', 'later'),
              node('If', 'later', 'next', {
                then_branch: inside('then', 'Mul', 'state v'),
                else_branch: inside('else', 'Identity', 'state'),
              }),
              node('Identity', 'go', 'on'),
            ],
            initializer: [int64s('first', [], [0])],
            output: [value('on', [], BOOL), value('next', [2])],
          },
        },
      }),
    ],
    initializers: [floats('w', [2], [10, 20]), floats('v', [2], [2, 3]), floats('zero', [], [0]), int64s('trips', [], [3])],
    inputs: [value('x', [2])],
    outputs: [value('y')],
    weights: ['v', 'w'],
    feeds: { x: x(2) },
  },
  'constants and inputs that are outputs': {
    nodes: [node('Add', 'x w', 'y')],
    initializers: [floats('w', [3], [1, 2, 3]), floats('c', [2], [4, 5])],
    inputs: [value('x', [3])],
    outputs: [value('w', [3]), value('y', [3]), value('c', [2])],
    weights: ['w'],
    feeds: { x: x(3) },
  },
  'initializers that are inputs too': {
    opset: 8,
    ir: 3,
    nodes: [node('MatMul', 'x w', 'p'), node('Add', 'p b', 'y')],
    initializers: [floats('w', [2, 2], [1, -2, 3, 4]), floats('b', [2], [0.5, 1])],
    inputs: [value('x', [1, 2]), value('w', [2, 2]), value('b', [2])],
    outputs: [value('y', [1, 2])],
    weights: ['b', 'w'],
    feeds: { x: x(1, 2) },
  },
  'float16, float64, integers': {
    nodes: [node('Add', 'h wh', 'yh'), node('Mul', 'd wd', 'yd'), node('Mul', 'i wi', 'yi'), node('Sub', 'j wj', 'yj')],
    initializers: [
      proto('wh', t('float16', [3], [65504, 6e-8, -2])),
      proto('wd', t('float64', [3], [1e300, -1e-300, 0.1])),
      proto('wi', t('int64', [3], [-(2n ** 63n), 3n, -7n])),
      proto('wj', t('int32', [3], [-(2 ** 31), 7, 2 ** 31 - 1])),
    ],
    inputs: [value('h', [3], 10), value('d', [3], 11), value('i', [3], 7), value('j', [3], 6)],
    outputs: [value('yh', [3], 10), value('yd', [3], 11), value('yi', [3], 7), value('yj', [3], 6)],
    weights: ['wh', 'wd', 'wi', 'wj'],
    feeds: {
      h: t('float16', [3], [1, 2, 3]),
      d: t('float64', [3], [1, 2, 3]),
      i: t('int64', [3], [5n, 100n, -50n]),
      j: t('int32', [3], [1, 2, 3]),
    },
  },
  'constants under names of nodes, one of them the name of another value': {
    nodes: [
      node('Constant', '', 'a', { value: { tensor: floats('', [2], [3, 4]) } }, 'c'),
      node('Constant', '', 'c', { value: { tensor: floats('', [2], [5, 6]) } }, 'b'),
      node('Constant', '', 'd', { value_floats: { floats: [7, 8] } }),
      node('Add', 'x a', 'p'),
      node('Mul', 'p c', 'q'),
      node('Sub', 'q d', 'y'),
    ],
    inputs: [value('x', [2])],
    outputs: [value('y'), value('c')],
    weights: ['c', 'd'],
    values: { c: 'a' },
    feeds: { x: x(2) },
  },
  'a function of the model': {
    nodes: [{ ...node('Scale', 'x w', 'y'), domain: 'my' }],
    initializers: [floats('w', [2], [3, 4])],
    inputs: [value('x', [2])],
    outputs: [value('y')],
    model: {
      opsetImport: [
        { domain: '', version: 21 },
        { domain: 'my', version: 1 },
      ],
      functions: [
        {
          ...{ name: 'Scale', domain: 'my', input: ['a', 'b'], output: ['c'], opsetImport: [{ domain: '', version: 21 }] },
          node: [node('Constant', '', 'w', { value_float: { float: 2 } }), node('Mul', 'a b', 'p'), node('Mul', 'p w', 'c')],
        },
      ],
    },
    weights: ['w'],
    feeds: { x: x(2) },
  },
};

test.each(Object.keys(CASES))('%s: out of the bundle, out of the patched one, and built again', async (name) => {
  const given = CASES[name] as Case;
  const folder = writeCase(given);
  const [source, om, out] = [join(folder, 'model.onnx'), join(folder, 'a.om'), join(folder, 'out.onnx')];
  await build(source, { consts: given.weights, output: om, backend: 'host' });
  expect(await extractOnnx(om, out)).toEqual([]);
  const reference = decode(OnnxModel, openFile(source), source);
  expect(await run(out, given)).toEqual(await run(source, given));
  expect(interfaceOf(out)).toEqual(interfaceOf(source));

  const changed = otherValues(source, given.weights);
  writeFileSync(join(folder, 'new.safetensors'), writeSafetensors(changed).read());
  await patch(om, { weights: [join(folder, 'new.safetensors')], output: `${om}.new` });
  await extractOnnx(`${om}.new`, `${out}.new`);
  // Beside the original, for the values in other files.
  const wanted = join(folder, 'wanted.onnx');
  writeFileSync(
    wanted,
    encode(
      OnnxModel,
      changed.reduce((one, tensor) => withConst(one, given.values?.[tensor.name] ?? tensor.name, tensor), reference),
    ).read(),
  );
  const outputs = await run(`${out}.new`, given);
  expect(outputs).toEqual(await run(wanted, given));
  expect(outputs).not.toEqual(await run(out, given));

  await build(`${out}.new`, { consts: given.weights, output: `${om}.again`, backend: 'host' });
  expect(weightsOf(`${om}.again`, given.weights)).toEqual(changed.map(plain));
  expect(await runBundle(`${om}.again`, given)).toEqual(await runBundle(`${om}.new`, given));
  await extractOnnx(`${om}.again`, `${out}.again`);
  expect(readFileSync(`${out}.again`).equals(readFileSync(`${out}.new`))).toBe(true);
});

test('all but the values of weights is what it was', async () => {
  const given = CASES['a weight with two users, another constant large enough for a place of its own'] as Case;
  const folder = writeCase(given);
  const [source, om, out] = [join(folder, 'model.onnx'), join(folder, 'a.om'), join(folder, 'out.onnx')];
  await build(source, { consts: given.weights, output: om, backend: 'host' });
  await extractOnnx(om, out);
  const [before, after] = [source, out].map((path) => comparable(decode(OnnxModel, openFile(path), path)));
  expect(after).toEqual(before);
});

test('what guards divisions and TopK in a bundle is not in the model that comes out', async () => {
  const parts: ModelParts = {
    nodes: [
      { ...node('Div', 'x w', 'q'), metadataProps: [{ key: 'mine', value: 'kept' }] },
      node('Mod', 'q n', 'm'),
      node('If', 'flag', 'z', { then_branch: inside('then', 'Div', 'm w', INT64), else_branch: inside('else', 'Add', 'm w', INT64) }),
      node('TopK', 'z k', 'y i'),
    ],
    initializers: [int64s('w', [4], [2, 3, -1, 5]), int64s('k', [1], [2])],
    inputs: [value('x', ['N'], INT64), value('n', [4], INT64), value('flag', [], BOOL)],
    outputs: [value('y', undefined, INT64), value('i', undefined, INT64)],
  };
  const feeds = { x: t('int64', [4], [9n, -8n, 7n, 100n]), n: t('int64', [4], [3n, 4n, 5n, 6n]), flag: t('bool', [], [1]) };
  const given: Case = { ...parts, weights: ['w'], feeds };
  const folder = writeCase(given);
  const [source, om, out] = [join(folder, 'model.onnx'), join(folder, 'a.om'), join(folder, 'out.onnx')];
  await build(source, { consts: ['w'], output: om, backend: 'host' });
  await extractOnnx(om, out);
  const [before, after] = [source, out].map((path) => comparable(decode(OnnxModel, openFile(path), path)));
  expect(after).toEqual(before);
  expect(await run(out, given)).toEqual(await run(source, given));
  expect(await runBundle(om, given)).toEqual(await run(source, given));
});

test('larger values go into a file beside the model where it would be too large for one', async () => {
  const given = CASES['a weight with two users, another constant large enough for a place of its own'] as Case;
  const folder = writeCase(given);
  const [source, om, out] = [join(folder, 'model.onnx'), join(folder, 'a.om'), join(folder, 'out.onnx')];
  await build(source, { consts: given.weights, output: om, backend: 'host' });
  await extractOnnx(om, out, 2000);
  const { graph } = decode(OnnxModel, openFile(out), out);
  // 20 x 20 and 20 x 30 float32, at pages of 4096 bytes, as ONNX recommends.
  expect(
    graph?.initializer?.map(({ name, externalData }) => [name, externalData?.map(({ key, value: text }) => `${key}=${text}`)]),
  ).toEqual([
    ['tied', ['location=out.onnx.data', 'offset=0', 'length=1600']],
    ['shape', undefined],
    ['large', ['location=out.onnx.data', 'offset=4096', 'length=2400']],
  ]);
  expect(openFile(`${out}.data`).length).toBe(4096 + 2400);
  expect(openFile(out).length).toBeLessThan(2000);
  expect(await run(out, given)).toEqual(await run(source, given));
  await build(out, { consts: given.weights, output: `${om}.again`, backend: 'host' });
  expect(readFileSync(`${om}.again`).equals(readFileSync(om))).toBe(true);
  await expect(extractOnnx(om, `${out}.2`, 20)).rejects.toMatchObject({
    code: 'GRAPH_INVALID',
    message: expect.stringContaining('at most 20'),
  });
});

test('bfloat16 comes out as bfloat16; between it and a program in float32 are casts', async () => {
  const side = 40;
  const parts: ModelParts = {
    nodes: [
      node('MatMul', 'x two', 'p'),
      node('Mul', 'p w', 'q'),
      node('Add', 'q small', 'sum'),
      node('If', 'flag', 'y', { then_branch: inside('then', 'Add', 'sum w'), else_branch: inside('else', 'Sub', 'sum x') }),
      node('Cast', 'q', 'z', { to: 16 }),
    ],
    initializers: [
      proto(
        'two',
        t(
          'bfloat16',
          [side, side],
          Array.from({ length: side ** 2 }, (_, i) => (i % (side + 1) === 0 ? 2 : 0)),
        ),
      ),
      proto('w', t('bfloat16', [side], Array(side).fill(1.5))),
      proto('small', t('bfloat16', [1], [0.125])),
    ],
    inputs: [value('x', [1, side], 16), value('flag', [], BOOL)],
    outputs: [value('y', [1, side], 16), value('z', [1, side], 16), value('w', [side], 16)],
  };
  const given: Case = {
    ...parts,
    weights: ['w'],
    feeds: { x: t('bfloat16', [1, side], ramp(side)), flag: t('bool', [], [1]) },
  };
  const folder = writeCase(given);
  const [source, om, out] = [join(folder, 'model.onnx'), join(folder, 'a.om'), join(folder, 'out.onnx')];
  await build(source, { consts: ['w'], output: om, backend: 'host' });
  expect(await extractOnnx(om, out)).toEqual(['PROGRAM_WIDENED']);
  expect(interfaceOf(out)).toEqual(interfaceOf(source));
  const constants = (path: string) => readOnnx(path).consts.map(({ constName, tensor }) => plain({ name: constName, ...tensor }));
  expect(constants(out)).toEqual(expect.arrayContaining(constants(source)));
  expect(constants(out)).toHaveLength(3);

  // ONNX Runtime's JavaScript neither takes nor gives bfloat16: casts around the model do.
  const outputs = await run(withCasts(out, `${out}.f32`), {
    feeds: { flag: t('bool', [], [1]), x_f32: t('float32', [1, side], ramp(side)) },
  });
  const wanted = await runBundle(om, given);
  expect(outputs.map((one) => ({ ...(one as object), dtype: 'bfloat16' }))).toEqual(wanted);

  await build(out, { consts: ['w', 'small', 'two'], output: `${om}.again`, backend: 'host' });
  expect(await runBundle(`${om}.again`, given)).toEqual(wanted);
});

test('a model of an older opset than ONNX Runtime executes comes out as what was made of it', async () => {
  const parts: ModelParts = {
    opset: 6,
    ir: 3,
    nodes: [node('MatMul', 'x w', 'p'), node('Add', 'p b', 'y', { broadcast: 1 })],
    initializers: [floats('w', [2, 2], [1, -2, 3, 4]), floats('b', [2], [0.5, 1])],
    inputs: [value('x', [1, 2]), value('w', [2, 2]), value('b', [2])],
    outputs: [value('y', [1, 2])],
  };
  const feeds = { x: t('float32', [1, 2], [2, 1]) };
  const folder = writeCase({ ...parts, weights: ['w'], feeds });
  await build(join(folder, 'model.onnx'), { consts: ['w'], output: join(folder, 'a.om'), backend: 'host' });
  await extractOnnx(join(folder, 'a.om'), join(folder, 'out.onnx'));
  expect(await run(join(folder, 'out.onnx'), { feeds })).toEqual([plain(t('float32', [1, 2], [2 + 3 + 0.5, -4 + 4 + 1]))]);
});

test('a weight without an initial value is an input', async () => {
  const given = CASES['constants and inputs that are outputs'] as Case;
  const folder = writeCase(given);
  const [source, om, out] = [join(folder, 'model.onnx'), join(folder, 'a.om'), join(folder, 'out.onnx')];
  await build(source, { consts: ['w'], output: om, backend: 'host', init: false });
  expect(await extractOnnx(om, out)).toEqual(['VARIABLES_LEFT']);
  expect(await run(out, { feeds: { ...given.feeds, w: t('float32', [3], [1, 2, 3]) } })).toEqual(await run(source, given));
});

function writeCase({ files = {}, ...parts }: Case): string {
  return filesIn({ 'model.onnx': encode(OnnxModel, model(parts)).read(), ...files });
}

function external(name: string, dims: number[], offset: number): OnnxTensor {
  const length = dims.reduce((a, b) => a * b, 4);
  const entries = Object.entries({ location: 'weights.bin', offset: String(offset), length: String(length) });
  return { name, dims, dataType: 1, dataLocation: 1, externalData: entries.map(([key, text]) => ({ key, value: text })) };
}

function proto(name: string, { dtype, shape, data }: Tensor): OnnxTensor {
  return { name, dims: [...shape], dataType: dtype.onnx as number, rawData: data };
}

/** What ONNX Runtime makes of it, in the order of the outputs. */
async function run(path: string, { feeds }: Pick<Case, 'feeds'>): Promise<readonly unknown[]> {
  const results = await runOrt(path, Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)])));
  return (decode(OnnxModel, openFile(path), path).graph?.output ?? []).map(({ name = '' }) => plain(fromOrt(results[name] as never)));
}

async function runBundle(om: string, { feeds }: Case): Promise<readonly unknown[]> {
  await using bundle = await openBundle(om);
  const results = await bundle.run(tensorDatas(new Map(Object.entries(feeds))));
  return bundle.outputs.map(({ name }) => plain(tensorOf(results[name] as never)));
}

/** Other values for the weights of a model, in the order of `names`. */
function otherValues(path: string, names: readonly string[]): readonly NamedTensor[] {
  const consts = new Map(readOnnx(path).consts.map(({ constName, tensor }) => [constName, tensor]));
  return names.map((name) => {
    const { dtype, shape } = consts.get(name) as Tensor;
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 5) % 7) + 2);
    return { name, ...t(dtype.name, shape, /int64/.test(dtype.name) ? values.map(BigInt) : values) };
  });
}

function weightsOf(om: string, names: readonly string[]): readonly unknown[] {
  const bundle = readBundle(openFile(om), om);
  expect(bundle.weights.map(({ constName }) => constName)).toEqual(names);
  const { tensors } = initialTensors(bundle, om);
  return tensors.map(plain);
}

/** Names and types of what goes in and comes out. */
function interfaceOf(path: string): unknown {
  const { graph } = decode(OnnxModel, openFile(path), path);
  const initialized = new Set(graph?.initializer?.map(({ name }) => name));
  return [graph?.input?.filter(({ name }) => !initialized.has(name)), graph?.output];
}

/** Without names of nodes, which the reader gives where there are none, and the order of initializers, which means nothing. */
function comparable({ graph, ...rest }: OnnxModel): unknown {
  const initializer = graph?.initializer?.map(({ rawData, ...one }) => ({
    ...one,
    raw: Buffer.from(rawData?.read() ?? []).toString('hex'),
  }));
  return {
    ...rest,
    graph: {
      ...graph,
      node: graph?.node?.map(({ name: _, ...one }) => one),
      initializer: initializer?.sort((a, b) => (a.name ?? '').localeCompare(b.name ?? '')),
    },
  };
}

/** The model with float32 in place of bfloat16 at its border. */
function withCasts(path: string, to: string): string {
  const { graph = {}, ...rest } = decode(OnnxModel, openFile(path), path);
  const isNarrow = (info: { readonly type?: OnnxType }): boolean => info.type?.tensorType?.elemType === 16;
  const [input = [], output = []] = [graph.input, graph.output];
  const wrapped = {
    ...graph,
    input: input.map((one) => (isNarrow(one) ? { ...one, name: `${one.name}_f32`, type: tensorType(undefined, 1) } : one)),
    output: output.map((one) => (isNarrow(one) ? { ...one, name: `${one.name}_f32`, type: tensorType(undefined, 1) } : one)),
    node: [
      ...input.filter(isNarrow).map(({ name }) => node('Cast', `${name}_f32`, name as string, { to: 16 })),
      ...(graph.node ?? []),
      ...output.filter(isNarrow).map(({ name }) => node('Cast', name as string, `${name}_f32`, { to: 1 })),
    ],
  };
  writeFileSync(to, encode(OnnxModel, { ...rest, graph: wrapped }).read());
  return to;
}
