// Splits a graph so that chosen Consts can be replaced after compilation: GE's conversion exactly
// (aclgrphConvertToWeightRefreshableGraphs; om-format §5, peers E).
import { AscendBundleError } from '../base/errors.js';
import { constContent, constsByName } from './consts.js';
import { dtype } from './dtype.js';
import { GRAPH_NAMES, generatedNames } from './generated-names.js';
import { type AttrValue, type Graph, type Node, type TensorDesc, type ValueRef, valueRef } from './graph.js';
import type { RefreshableGraphs, RefreshableWeight } from './refreshable.js';
import { replaceConsts } from './replace-consts.js';
import { type Shape, UNKNOWN_RANK } from './tensor.js';
import type { PlacedNode } from './walk.js';

export interface RefreshOptions {
  /**
   * `ge`: what GE makes: inputs of unknown rank, an If per weight, an empty tensor keeps the weight.
   * `static`: `Data → Assign(Variable)` per weight with static shapes; every weight must be given at each update.
   */
  readonly updateGraph?: 'ge' | 'static';
}

/** A weight with the Const that it is, and the descriptor that its Variable gets. */
interface Split extends PlacedNode {
  readonly names: ReturnType<typeof generatedNames>;
  readonly desc: TensorDesc;
}

/**
 * @param weights  as `selectWeights` gives them; their order is the order of the inputs of `varUpdate`
 * @returns three graphs; Const `w` becomes Variable `w_var` with the descriptor of the Const's value
 * @throws CONST_NOT_FOUND, CONST_UNFIT when a weight is no Const with a value of `graph`
 */
export function refreshSplit(
  graph: Graph,
  weights: readonly RefreshableWeight[],
  { updateGraph = 'ge' }: RefreshOptions = {},
): RefreshableGraphs {
  const splits = findConsts(graph, weights);
  const variables = splits.map((split) => ({ ...split, variable: variableNode(split) }));
  return {
    infer: { ...replaceConsts(graph, variables), name: GRAPH_NAMES.infer },
    varInit: geGraph(GRAPH_NAMES.init, splits.flatMap(initNodes)),
    varUpdate:
      updateGraph === 'static'
        ? geGraph(GRAPH_NAMES.update, splits.flatMap(staticUpdateNodes))
        : geGraph(GRAPH_NAMES.update, splits.flatMap(updateNodes), splits.flatMap(updateSubgraphs)),
  };
}

function findConsts(graph: Graph, weights: readonly RefreshableWeight[]): Split[] {
  const consts = constsByName(graph);
  return weights.map(({ constName }) => {
    const placed = consts.get(constName);
    if (placed === undefined)
      throw new AscendBundleError('CONST_NOT_FOUND', { message: `Graph "${graph.name}" has no Const "${constName}".` });
    const content = constContent(placed.node);
    if (content === undefined) throw new AscendBundleError('CONST_UNFIT', { message: `Const "${constName}" has no value.` });
    return { ...placed, names: generatedNames(constName), desc: content.desc };
  });
}

function geGraph(name: string, nodes: readonly Node[], subgraphs: readonly Graph[] = []): Graph {
  return { name, dialect: 'ge', nodes, outputs: [], subgraphs };
}

interface Parts {
  readonly inputs?: readonly ValueRef[];
  /** One descriptor per slot. */
  readonly inputDescs: readonly TensorDesc[];
  readonly inputNames?: readonly string[];
  readonly outputDescs: readonly TensorDesc[];
  readonly outputNames?: readonly string[];
  readonly attrs?: readonly [string, AttrValue][];
  readonly subgraphs?: readonly string[];
}

/** A node as GE makes it from descriptors alone: slots without names are `__input0`, `__output0`. */
function node(name: string, type: string, parts: Parts): Node {
  const { inputs, inputDescs, outputDescs, attrs = [], subgraphs } = parts;
  return {
    name,
    type,
    inputs: inputDescs.map((_, i) => inputs?.[i] ?? null),
    inputNames: parts.inputNames ?? inputDescs.map((_, i) => `__input${i}`),
    outputNames: parts.outputNames ?? outputDescs.map((_, i) => `__output${i}`),
    inputDescs,
    outputDescs,
    attrs: new Map(attrs),
    ...(subgraphs === undefined ? {} : { subgraphs }),
  };
}

function variableNode({ names, desc }: Split): Node {
  return node(names.variable, 'Variable', { inputDescs: [desc], outputDescs: [desc] });
}

function initNodes(split: Split): Node[] {
  const { names, desc } = split;
  const { controlInputs: _, ...constant } = split.node;
  const assign = node(names.assign, 'Assign', {
    inputs: [valueRef(names.variable), valueRef(constant.name)],
    inputDescs: [desc, constant.outputDescs[0] ?? desc],
    outputDescs: [desc],
  });
  return [variableNode(split), constant, assign];
}

function updateNodes({ names, desc }: Split, index: number): Node[] {
  // A static condition that is no scalar would be folded to "true" by GE's compiler; the unknown rank leaves it to the runtime.
  const unknown = withOriginShape(desc, UNKNOWN_RANK);
  const data = valueRef(names.data);
  const untouched: TensorDesc = { dtype: dtype('float32'), shape: [], format: 'ND' };
  return [
    node(names.data, 'Data', { inputDescs: [unknown], outputDescs: [unknown], attrs: [['index', { kind: 'int', value: index }]] }),
    node(names.if, 'If', {
      inputs: [data, data],
      inputNames: ['cond', 'input0'],
      inputDescs: [untouched, untouched],
      outputDescs: [],
      subgraphs: [names.thenGraph, names.elseGraph],
    }),
  ];
}

/** `desc` with another shape, which becomes its original shape too. */
function withOriginShape(desc: TensorDesc, shape: Shape): TensorDesc {
  const attrs = new Map(desc.attrs);
  attrs.set('origin_shape', { kind: 'ints', value: shape });
  attrs.set('origin_shape_initialized', { kind: 'bool', value: true });
  return { ...desc, shape, attrs };
}

function updateSubgraphs(split: Split): Graph[] {
  const { names, desc } = split;
  // 1: the slot of the If after `cond`.
  const parts: Parts = { inputDescs: [desc], outputDescs: [desc], attrs: [['_parent_node_index', { kind: 'int', value: 1 }]] };
  const assign = node(names.thenAssign, 'Assign', {
    inputs: [valueRef(names.variable), valueRef(names.thenData)],
    inputDescs: [desc, desc],
    outputDescs: [desc],
  });
  return [
    geGraph(names.thenGraph, [variableNode(split), node(names.thenData, 'Data', parts), assign]),
    geGraph(names.elseGraph, [node(names.elseData, 'Data', parts)]),
  ];
}

function staticUpdateNodes(split: Split, index: number): Node[] {
  const { names, desc } = split;
  const data = node(names.data, 'Data', {
    inputDescs: [desc],
    inputNames: ['x'],
    outputDescs: [desc],
    outputNames: ['y'],
    attrs: [['index', { kind: 'int', value: index }]],
  });
  const assign = node(names.updateAssign, 'Assign', {
    inputs: [valueRef(names.variable), valueRef(names.data)],
    inputNames: ['ref', 'value'],
    inputDescs: [desc, desc],
    outputNames: ['ref'],
    outputDescs: [desc],
  });
  return [data, variableNode(split), assign];
}
