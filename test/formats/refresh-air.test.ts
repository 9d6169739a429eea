// The split against GE's own: NAME.air converted by the real GE 9.2 is NAME.infer.air, NAME.var_init.air, NAME.var_update.air.
import { describe, expect, test } from 'vitest';
import { openFile } from '../../src/base/open-file.js';
import { decode } from '../../src/base/protobuf/index.js';
import { readAir, writeAir } from '../../src/formats/air.js';
import { type AttrDef, ModelDef, type OpDef, type TensorDescriptor } from '../../src/formats/encodings/ge-model.js';
import { parseGraphJson } from '../../src/formats/graph-json.js';
import { checkGraph } from '../../src/graph/check.js';
import { elementsOf } from '../../src/graph/elements.js';
import type { AttrValue, Graph, Node, TensorDesc } from '../../src/graph/graph.js';
import { refreshSplit } from '../../src/graph/refresh.js';
import { selectWeights } from '../../src/graph/select.js';
import { corpus, hasCorpus } from '../support/corpus.js';

/** The consts that were made refreshable, in order (README of the corpus). */
const CASES: Record<string, readonly string[]> = {
  linear: ['const_1', 'const_2'],
  lora_zero: ['lora_a', 'lora_b'],
  half: ['w', 'b'],
  scalar: ['w', 'alpha'],
  nz: ['const1', 'const2'],
};

const air = (name: string) => corpus('ge-bundles', `${name}.air`);

function split(name: string, updateGraph: 'ge' | 'static' = 'ge') {
  const names = CASES[name] ?? [];
  const spec = { dtype: { name: 'float32' } as TensorDesc['dtype'], shape: [] };
  const weights = names.map((constName, updateIndex) => ({ constName, variableName: `${constName}_var`, updateIndex, spec }));
  return refreshSplit(readAir(air(name)), weights, { updateGraph });
}

/** A graph as plain values, bytes of tensors included. */
function plain(graph: Graph): unknown {
  return { name: graph.name, nodes: graph.nodes.map(plainNode), outputs: graph.outputs, subgraphs: graph.subgraphs.map(plain) };
}

const plainDesc = ({ attrs, ...spec }: TensorDesc) => ({ ...spec, dtype: spec.dtype.name, attrs: Object.fromEntries(attrs ?? []) });

const plainNode = ({ at: _, ...node }: Node) => ({
  ...node,
  inputDescs: node.inputDescs.map(plainDesc),
  outputDescs: node.outputDescs.map(plainDesc),
  attrs: Object.fromEntries([...node.attrs].map(([name, value]) => [name, plainAttr(value)])),
});

function plainAttr(attr: AttrValue): unknown {
  if (attr.kind !== 'tensor') return attr;
  const { data, ...spec } = attr.value;
  return { ...plainDesc(attr.desc ?? spec), data: Buffer.from(data.read()).toString('hex') };
}

describe.skipIf(!hasCorpus).each(Object.keys(CASES))('%s', (name) => {
  test.each([
    ['infer', 'infer'],
    ['var_init', 'varInit'],
    ['var_update', 'varUpdate'],
  ] as const)('%s is GE’s: names, order, types, edges, slots, descriptors, attributes, values, sub-graphs', (file, graph) => {
    expect(plain(split(name)[graph])).toEqual(plain(readAir(air(`${name}.${file}`))));
  });

  test.each([
    ['infer', 'infer'],
    ['var_init', 'varInit'],
    ['var_update', 'varUpdate'],
  ] as const)('%s is written with every attribute that GE wrote', (file, graph) => {
    const ours = decode(ModelDef, writeAir(split(name)[graph]));
    const theirs = decode(ModelDef, openFile(air(`${name}.${file}`)));
    // nz.air names no slots, so GE wrote none for its nodes; ours have the names that GE's reader gives them. `plain` has compared them.
    const withSlotNames = name !== 'nz';
    expect(opsOf(ours, withSlotNames)).toEqual(opsOf(theirs, withSlotNames));
  });
});

/** All operators of all graphs but the NetOutput, which is made anew at each writing, and without `id`, which counts it. */
function opsOf(model: ModelDef, withSlotNames: boolean): unknown {
  return (model.graph ?? []).map(({ name, op = [] }) => ({
    name,
    op: op.filter(({ type }) => type !== 'NetOutput').map((one) => plainOp(one, withSlotNames)),
  }));
}

const plainDescriptor = ({ attr, ...rest }: TensorDescriptor) => ({
  ...rest,
  shape: rest.shape?.dim ?? [],
  attr: Object.fromEntries(attr ?? []),
});

function plainOp({ id: _, attr, inputDesc = [], outputDesc = [], ...op }: OpDef, withSlotNames: boolean): unknown {
  const attrs = [...(attr ?? [])].filter(([name]) => withSlotNames || !SLOT_NAMES.test(name));
  return {
    ...op,
    hasOutAttr: true,
    inputDesc: inputDesc.map(plainDescriptor),
    outputDesc: outputDesc.map(plainDescriptor),
    attr: Object.fromEntries(attrs.map(([name, value]) => [name, plainDef(value)])),
  };
}

const SLOT_NAMES = /^_(input|output)_name_(key|value)$/;

function plainDef({ t, ...def }: AttrDef): unknown {
  if (t === undefined) return def;
  return { desc: plainDescriptor(t.desc ?? {}), data: Buffer.from(t.data?.read() ?? []).toString('hex') };
}

test.skipIf(!hasCorpus)('the static update graph is the one that the real GE accepted', () => {
  const wanted = readAir(air('linear_static.update'));
  const { varUpdate } = split('linear', 'static');
  const outline = (graph: Graph) =>
    graph.nodes.map(({ name, type, inputs, inputDescs, outputDescs, attrs }) => ({
      name,
      type,
      inputs,
      descs: [...inputDescs, ...outputDescs].map(plainDesc),
      index: attrs.get('index'),
    }));
  expect(varUpdate.name).toBe(wanted.name);
  expect(outline(varUpdate)).toEqual(outline(wanted));
  const assigns = (graph: Graph) =>
    graph.nodes.filter(({ type }) => type === 'Assign').map(({ inputNames, outputNames }) => ({ inputNames, outputNames }));
  expect(assigns(varUpdate)).toEqual(assigns(wanted));
});

test.skipIf(!hasCorpus)('the same graph from a graph.json is split alike', () => {
  const source = readAir(air('linear'));
  const floats = (name: string) => {
    const value = source.nodes.find((node) => node.name === name)?.attrs.get('value');
    return value?.kind === 'tensor' ? [...(elementsOf(value.value) as Float32Array)] : [];
  };
  const [w, b] = [floats('const_1'), floats('const_2')];
  const sum = { dtype: 'float32', shape: [2, 4] };
  const json = {
    inputs: [{ name: 'x', dtype: 'float32', shape: [2, 3] }],
    consts: [
      { name: 'const_1', dtype: 'float32', shape: [3, 4], data: [w.slice(0, 4), w.slice(4, 8), w.slice(8)] },
      { name: 'const_2', dtype: 'float32', shape: [4], data: b },
    ],
    nodes: [
      { name: 'matmul', type: 'MatMul', inputs: ['x', 'const_1'], attrs: { transpose_x1: false, transpose_x2: false }, outputs: [sum] },
      { name: 'add', type: 'Add', inputs: ['matmul', 'const_2'], outputs: [sum] },
    ],
    outputs: ['add'],
  };
  const graph = parseGraphJson(JSON.stringify(json), {
    folder: '.',
    name: 'linear.json',
    loadTensor: () => {
      throw new Error('it has no files');
    },
  });
  const checked = checkGraph(graph);
  const { infer, varInit, varUpdate } = refreshSplit(checked, selectWeights(checked, ['const_1', 'const_2']));
  // What the file gave its output is its own affair; GE has no name for it.
  const unnamed = (one: Graph) => plain({ ...one, outputs: one.outputs.map(({ value }) => ({ name: '', value })) });
  expect(unnamed(infer)).toEqual(unnamed(readAir(air('linear.infer'))));
  expect(plain(varInit)).toEqual(plain(readAir(air('linear.var_init'))));
  expect(plain(varUpdate)).toEqual(plain(readAir(air('linear.var_update'))));
});
