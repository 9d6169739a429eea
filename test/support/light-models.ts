// The corpus has real networks whose weights are ConstantOfShape nodes. Here each of these becomes an initializer of seeded random
// values: of filters and matrices with the standard deviation 1/√fan-in, of normalisations around 1 or 0, so that a signal neither
// dies out nor explodes on its way through a hundred layers.
import { type Bytes, memoryBytes } from '../../src/base/bytes.js';
import { openFile } from '../../src/base/open-file.js';
import { decode } from '../../src/base/protobuf/index.js';
import { type OnnxGraph, OnnxModel, type OnnxNode, type OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { corpus } from './corpus.js';

/** @param name  `resnet50`, `inception_v2`, `densenet121`, … */
export function lightModel(name: string, seed: number): OnnxModel {
  const model = decode(OnnxModel, openFile(corpus('onnx', 'light', `light_${name}.onnx`)), name);
  const graph = model.graph as OnnxGraph;
  const random = uniform(seed);
  const weights: OnnxTensor[] = [];
  const shapes = new Set<string>();
  const nodes: OnnxNode[] = [];
  const initializers = new Map(graph.initializer?.map((one) => [one.name ?? '', one]));
  for (const node of graph.node ?? []) {
    if (node.opType === 'ConstantOfShape') {
      const shape = initializers.get(node.input?.[0] ?? '') as OnnxTensor;
      const name = node.output?.[0] ?? '';
      shapes.add(shape.name ?? '');
      weights.push(randomTensor(name, ints(shape.rawData as Bytes), roleOf(name, graph), random));
    } else nodes.push(node);
  }
  const kept = (graph.initializer ?? []).filter((one) => !shapes.has(one.name ?? ''));
  const input = (graph.input ?? []).filter((one) => !shapes.has(one.name ?? ''));
  const described = weights.map(({ name = '', dims = [] }) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  }));
  return { ...model, graph: { ...graph, node: nodes, initializer: [...kept, ...weights], input: [...input, ...described] } };
}

/** Numbers in [−1, 1), the same for the same seed (a linear congruential generator of 32 bits; its high bits are used). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

type Role = 'factor' | 'gain' | 'term' | 'filter';

/** What the weight does: through an Unsqueeze, as the older networks have it, or at once. */
function roleOf(name: string, graph: OnnxGraph): Role {
  const user = graph.node?.find((node) => node.input?.includes(name));
  const slot = user?.input?.indexOf(name);
  if (user?.opType === 'Unsqueeze') return roleOf(user.output?.[0] ?? '', graph);
  if (user?.opType === 'Mul') return 'gain';
  if (user?.opType === 'BatchNormalization') return slot === 1 || slot === 4 ? 'factor' : 'term';
  return (user?.opType === 'Conv' || user?.opType === 'Gemm') && slot === 1 ? 'filter' : 'term';
}

function randomTensor(name: string, dims: readonly number[], role: Role, random: () => number): OnnxTensor {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const values = new Float32Array(count);
  // √3: a uniform distribution over [−a, a) has the standard deviation a/√3.
  const scale = Math.sqrt(3 / (count / (dims[0] ?? 1)));
  for (let i = 0; i < count; i++) {
    const u = random();
    values[i] = weightValue(role, u, scale);
  }
  return { name, dims: [...dims], dataType: 1, rawData: memoryBytes(new Uint8Array(values.buffer)) };
}

function weightValue(role: Role, u: number, scale: number): number {
  switch (role) {
    case 'filter':
      return u * scale;
    case 'factor':
      return 1 + u / 4;
    case 'gain':
      // √2: what a Relu takes away from a signal. Networks without residual sums would lose it in their depth.
      return Math.SQRT2 * (1 + u / 4);
    case 'term':
      return u / 8;
  }
}

function ints(bytes: Bytes): number[] {
  return Array.from(new BigInt64Array(new Uint8Array(bytes.read()).buffer), Number);
}
