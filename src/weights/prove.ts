// Whether a bundle still has the values of the graph it was built from, before they are written over: then it is known that the
// place of each weight is what it is taken for.
import { firstDifference } from '../base/bytes.js';
import type { Problem } from '../base/errors.js';
import { throwProblems } from '../base/problems.js';
import type { InitialValue } from '../formats/om/index.js';
import { constContent, constsByName } from '../graph/consts.js';
import type { Graph } from '../graph/graph.js';
import { describeSpec, sameShape } from '../graph/tensor.js';
import { elementIndex } from './element-index.js';

/**
 * Compares byte for byte.
 *
 * @param bundle, source  name the files in messages
 * @throws SOURCE_MISMATCH with every weight that differs
 */
export function proveInitialValues(
  values: readonly InitialValue[],
  graph: Graph,
  { bundle, source }: Record<'bundle' | 'source', string>,
): void {
  const consts = constsByName(graph);
  const problems = values.flatMap((value) => mismatch(value, consts.get(value.weight.constName)?.node, bundle, source));
  throwProblems(problems, bundle, 'SOURCE_MISMATCH');
}

function mismatch(
  { weight, constant }: InitialValue,
  node: Parameters<typeof constContent>[0] | undefined,
  bundle: string,
  source: string,
): readonly Problem[] {
  const tensor = node === undefined ? undefined : constContent(node)?.tensor;
  const problem = (why: string): readonly Problem[] => [
    {
      code: 'SOURCE_MISMATCH',
      message: `Weight "${weight.constName}" ${why}.`,
      fix: `Give the graph that ${bundle} was built from; a bundle that was patched before no longer has its values.`,
    },
  ];
  if (tensor === undefined) return problem(`is no Const of ${source}`);
  if (tensor.dtype !== weight.spec.dtype || !sameShape(tensor.shape, weight.spec.shape)) {
    return problem(`is ${describeSpec(tensor)} in ${source} and ${describeSpec(weight.spec)} in ${bundle}`);
  }
  const at = firstDifference(tensor.data, constant.tensor.data);
  if (at === undefined) return [];
  const index = elementIndex(Math.floor((at * 8) / tensor.dtype.bits), tensor.shape);
  return problem(`has another value in ${source} than in ${bundle}, first at [${index.join(', ')}]`);
}
