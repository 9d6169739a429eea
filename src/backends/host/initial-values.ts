// What the init graph of a bundle assigns: for each Variable the value of a Const, a range of the file.
import { AscendBundleError } from '../../base/errors.js';
import { type Bundle, findSubmodel } from '../../formats/om/index.js';
import { constValue, findNode, type Graph, type Node, splitRef } from '../../graph/graph.js';
import type { Tensor } from '../../graph/tensor.js';

/**
 * @returns a value per name of a Variable; nothing for a bundle without an init graph
 * @throws BUNDLE_INVALID
 */
export function initialValues(bundle: Bundle, path: string): ReadonlyMap<string, Tensor> {
  const graph = findSubmodel(bundle, 'init')?.graph;
  if (graph === undefined) return new Map();
  return new Map(graph.nodes.filter(({ type }) => type === 'Assign').map((assign) => assignment(graph, assign, path)));
}

function assignment(graph: Graph, assign: Node, path: string): readonly [string, Tensor] {
  const [variable, source] = assign.inputs.slice(0, 2).map((ref) => (ref === null ? undefined : findNode(graph, splitRef(ref).node)));
  const value = source === undefined ? undefined : constValue(source);
  if (variable?.type === 'Variable' && value !== undefined) return [variable.name, value];
  throw new AscendBundleError('BUNDLE_INVALID', {
    message: `In the init graph of ${path}, "${assign.name}" does not assign a Const to a Variable.`,
    fix: 'Build the bundle again.',
  });
}
