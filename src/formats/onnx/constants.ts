// Takes the constants out of a model: its initializers and its Constant nodes.
import { AscendBundleError } from '../../base/errors.js';
import type { Attrs } from '../../graph/graph.js';
import type { Tensor, TensorSpec } from '../../graph/tensor.js';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../encodings/onnx-model.js';
import type { ProgramConst } from '../encodings/onnx-program.js';
import { constantTensor, holdsNumbers, isConstant } from './constant-value.js';
import { ONNX_STRING, type TensorSource, toTensor } from './tensor.js';
import { UNKNOWN_SPEC } from './values.js';

export interface ConstantsTaken {
  readonly consts: readonly ProgramConst[];
  /** The graph without them, and without graph inputs that only give an initializer its place (IR version 3). */
  readonly graph: OnnxGraph;
}

/**
 * A const is named as its initializer; a Constant node as itself when it has a name that is free, else as its output.
 * Constants of sub-graphs stay where they are.
 *
 * @throws FILE_MALFORMED; DTYPE_UNSUPPORTED for sparse values and strings; what `toTensor` throws
 */
export function takeConstants(graph: OnnxGraph, source: TensorSource): ConstantsTaken {
  refuseSparse(graph, source.what);
  const consts: ProgramConst[] = [];
  const initialized = new Set<string>();
  for (const [i, proto] of (graph.initializer ?? []).entries()) {
    const { name = '' } = proto;
    const problem = name === '' ? 'has no name' : initialized.has(name) ? 'has the name of another one' : undefined;
    if (problem !== undefined) {
      throw new AscendBundleError('FILE_MALFORMED', {
        message: `Initializer ${i}${name === '' ? '' : ` ("${name}")`} of ${source.what} ${problem}.`,
        at: `/graph/initializer/${i}`,
        fix: 'Export the model again.',
      });
    }
    initialized.add(name);
    consts.push({ constName: name, valueName: name, tensor: toTensor(proto, source) });
  }
  const input = (graph.input ?? []).filter(({ name }) => !initialized.has(name ?? ''));
  const constants = (graph.node ?? []).filter(isConstant);
  const taken = new Set([...initialized, ...input.map(({ name }) => name ?? '')]);
  // Names first, outputs second: a Constant that is named must not lose its name to the output of one before it.
  const named = new Map(constants.map((node) => [node, node.name === undefined || node.name === '' ? undefined : claim(taken, node.name)]));
  for (const node of constants) {
    const valueName = node.output?.[0] ?? '';
    const constName = named.get(node) ?? claim(taken, valueName) ?? claimNumbered(taken, valueName);
    consts.push({ constName, valueName, tensor: constantTensor(node, constName, source) });
  }
  const { initializer: _, ...rest } = graph;
  return { consts, graph: { ...rest, input, node: (graph.node ?? []).filter((node) => !isConstant(node)) } };
}

function refuseSparse(graph: OnnxGraph, what: string): void {
  const [sparse] = graph.sparseInitializer ?? [];
  if (sparse === undefined) return;
  throw new AscendBundleError('DTYPE_UNSUPPORTED', {
    message: `Initializer "${sparse.values?.name ?? ''}" of ${what} is sparse, which a bundle cannot hold.`,
    at: '/graph/sparseInitializer/0',
    fix: 'Export it as a dense tensor.',
  });
}

function claim(taken: Set<string>, name: string): string | undefined {
  if (taken.has(name)) return undefined;
  taken.add(name);
  return name;
}

function claimNumbered(taken: Set<string>, base: string): string {
  for (let i = 1; ; i++) {
    const name = claim(taken, `${base}_${i}`);
    if (name !== undefined) return name;
  }
}

/** A constant of a sub-graph. */
export interface InnerConstant {
  readonly nodeName: string;
  readonly valueName: string;
  readonly spec: TensorSpec;
  /** Its value, unless that is text or sparse: such a constant is ONNX Runtime's own business. */
  readonly attrs: Attrs;
}

/** @param nodes  of the sub-graph, with unique names */
export function innerConstants(
  initializers: readonly OnnxTensor[],
  nodes: readonly OnnxNode[],
  source: TensorSource,
): readonly InnerConstant[] {
  const constant = (nodeName: string, valueName: string, tensor: Tensor | undefined): InnerConstant => ({
    nodeName,
    valueName,
    spec: tensor ?? UNKNOWN_SPEC,
    attrs: new Map(tensor === undefined ? [] : [['value', { kind: 'tensor', value: tensor }]]),
  });
  return [
    ...initializers.map((proto) => {
      const { name = '' } = proto;
      return constant(name, name, proto.dataType === ONNX_STRING ? undefined : toTensor(proto, source));
    }),
    ...nodes.filter(isConstant).map((node) => {
      const { name = '', output = [] } = node;
      return constant(name, output[0] ?? '', holdsNumbers(node) ? constantTensor(node, name, source) : undefined);
    }),
  ];
}
