// An ONNX graph as the tool's own `Graph`: what selection, lint, the refresh split and MODEL_DEF look at. The executable
// is made from the model itself, so nothing that this view leaves out is lost.
import type { Graph } from '../../graph/graph.js';
import type { NamedSpec } from '../../graph/tensor.js';
import type { OnnxGraph, OnnxNode } from '../encodings/onnx-model.js';
import type { ProgramConst } from '../encodings/onnx-program.js';
import { innerGraphs, isOnnxDomain } from './attributes.js';
import { isConstant } from './constant-value.js';
import { innerConstants } from './constants.js';
import { nameNodes } from './names.js';
import { projectAttrs } from './project-attrs.js';
import { Scope } from './scope.js';
import type { TensorSource } from './tensor.js';
import { specOfType } from './values.js';

export interface ProjectionParts {
  readonly name: string;
  /** Without its constants; its nodes have unique names. */
  readonly graph: OnnxGraph;
  readonly inputs: readonly NamedSpec[];
  readonly consts: readonly ProgramConst[];
  readonly source: TensorSource;
}

/**
 * The graph in the ONNX dialect: `Data` for each input, `Const` for each const, then the nodes. Values that a sub-graph
 * takes from around it become further inputs of the node that holds it, and Data nodes of the sub-graph, as GE has it.
 * Constants inside sub-graphs are `Constant` nodes: they cannot be made refreshable.
 *
 * @throws GRAPH_INVALID when a value is read that nothing gives, or given twice; FILE_MALFORMED for constants of sub-graphs
 */
export function projectGraph({ name, graph, inputs, consts, source }: ProjectionParts): Graph {
  const projection: Projection = { source, subgraphs: [], names: new Set() };
  const scope = new Scope(source.what, graph);
  for (const input of inputs) scope.addData(input.name, input.name, input);
  for (const { constName, valueName, tensor } of consts) {
    scope.addLeaf('Const', constName, valueName, tensor, new Map([['value', { kind: 'tensor', value: tensor }]]));
  }
  addNodes(projection, scope, graph.node ?? [], '');
  const outputs = scope.outputs();
  return { name, dialect: 'onnx', nodes: scope.nodes, outputs, subgraphs: projection.subgraphs };
}

interface Projection {
  readonly source: TensorSource;
  readonly subgraphs: Graph[];
  /** Of sub-graphs. */
  readonly names: Set<string>;
}

/** @param path  names the graph among sub-graphs: '' for the main graph, `/loop/body` for one of its inner ones */
function addNodes(projection: Projection, scope: Scope, nodes: readonly OnnxNode[], path: string): void {
  // All outputs first: that nodes come in order of execution is a promise of the format that not every writer keeps.
  for (const node of nodes) scope.addOutputs(node);
  for (const [i, node] of nodes.entries()) {
    const { name = '', opType = '', domain = '' } = node;
    const at = `${path}/graph/node/${i}`;
    const label = `Node "${name}" (${opType})`;
    const inner = innerGraphs(node).map(({ attribute, graph }) => projectInner(projection, scope, graph, `${path}/${name}/${attribute}`));
    const captured = [...new Set(inner.flatMap(({ captures }) => captures))];
    const values = [...(node.input ?? []), ...captured];
    const outputs = node.output ?? [];
    scope.nodes.push({
      name,
      type: isOnnxDomain(domain) ? opType : `${domain}.${opType}`,
      inputs: values.map((value, slot) => (value === '' ? null : scope.resolve(value, label, `${at}/input/${slot}`))),
      inputNames: values.map((_, slot) => `__input${slot}`),
      outputNames: outputs.map((_, slot) => `__output${slot}`),
      inputDescs: values.map((value) => scope.specOf(value)),
      outputDescs: outputs.map((value) => scope.specOf(value)),
      attrs: projectAttrs(node, projection.source),
      ...(inner.length === 0 ? {} : { subgraphs: inner.map((one) => one.name) }),
      at,
    });
  }
}

interface Inner {
  readonly name: string;
  readonly captures: readonly string[];
}

function projectInner(projection: Projection, outer: Scope, graph: OnnxGraph, path: string): Inner {
  const name = freeName(projection.names, path);
  const scope = new Scope(projection.source.what, graph, outer);
  const initializers = graph.initializer ?? [];
  const initialized = new Set(initializers.map((proto) => proto.name ?? ''));
  const inputs = (graph.input ?? []).filter((input) => !initialized.has(input.name ?? ''));
  for (const input of inputs) scope.addData(input.name ?? '', input.name ?? '', specOfType(input.type));
  const nodes = nameNodes(graph.node ?? [], [...initialized, ...inputs.map((input) => input.name ?? '')]);
  for (const { nodeName, valueName, spec, attrs } of innerConstants(initializers, nodes, projection.source)) {
    scope.addLeaf('Constant', nodeName, valueName, spec, attrs);
  }
  addNodes(
    projection,
    scope,
    nodes.filter((node) => !isConstant(node)),
    path,
  );
  const outputs = scope.outputs();
  projection.subgraphs.push({ name, dialect: 'onnx', nodes: scope.nodes, outputs, subgraphs: [] });
  return { name, captures: scope.captures };
}

function freeName(taken: Set<string>, base: string): string {
  let name = base;
  for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
  taken.add(name);
  return name;
}
