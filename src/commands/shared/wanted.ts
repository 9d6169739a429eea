// The weights that a file of weights is for: those of a bundle, or constants of a graph.
import { openFile } from '../../base/open-file.js';
import { type Kind, requireKind } from '../../formats/kind.js';
import { readBundle, readInitialValues } from '../../formats/om/index.js';
import { constContent, constsByName } from '../../graph/consts.js';
import type { Graph } from '../../graph/graph.js';
import { candidatesOf, runRules } from '../../graph/lint.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { selectWeights } from '../../graph/select.js';
import { isEmpty, type Tensor } from '../../graph/tensor.js';
import type { Io } from '../verb.js';
import { chooseBundleWeights } from './bundle-selection.js';
import { askedSelection } from './selection.js';
import type { SelectionValues } from './selection-options.js';
import { readGraphSource } from './source.js';

export interface Wanted {
  readonly path: string;
  readonly kind: Kind;
  /** In update order; of a graph in the order in which they were named, else in its own. */
  readonly weights: readonly RefreshableWeight[];
  /** Names of the others, which were not chosen: a tensor of such a name is nothing unknown. Empty where nothing was asked for. */
  readonly others: ReadonlySet<string>;
  /** What they are now, by name of the const; of a bundle without an init graph, none. */
  readonly values: ReadonlyMap<string, Tensor>;
}

/**
 * @param given  which are meant; without any, all weights of a bundle, and of a graph all constants that a build takes as they are
 * @throws what the reader of the file and the selection find
 */
export async function readWanted(path: string, given: SelectionValues, io: Pick<Io, 'warn'>): Promise<Wanted> {
  const file = openFile(path);
  const kind = requireKind(file, path, ['bundle', 'graph-json', 'onnx', 'air'], 'a bundle or a graph (graph.json, ONNX or .air)');
  if (kind !== 'bundle') return { path, kind, ...fromGraph((await readGraphSource(path)).graph, given, io) };
  const bundle = readBundle(file, path);
  const initial = readInitialValues(bundle)?.values ?? [];
  const values = new Map(initial.map(({ weight, constant }) => [weight.constName, constant.tensor]));
  const weights = chooseBundleWeights(bundle.weights, path, given);
  return {
    path,
    kind,
    weights,
    others: withoutThose(
      bundle.weights.map(({ constName }) => constName),
      weights,
    ),
    values,
  };
}

function withoutThose(names: readonly string[], chosen: readonly RefreshableWeight[]): ReadonlySet<string> {
  const without = new Set(chosen.map(({ constName }) => constName));
  return new Set(names.filter((name) => !without.has(name)));
}

function fromGraph(graph: Graph, given: SelectionValues, io: Pick<Io, 'warn'>): Pick<Wanted, 'weights' | 'others' | 'values'> {
  // What --exclude takes away from, where nothing else is said, is everything.
  const isRest = [given.consts, given.const, given.select].every((list) => list.length === 0) && given.exclude.length > 0;
  const asked = askedSelection(isRest ? { ...given, select: ['rank>=0'] } : given);
  const { names, warnings } = asked.isEmpty ? { names: eligible(graph), warnings: [] } : asked.resolve(graph);
  for (const warning of warnings) io.warn(warning);
  const weights = selectWeights(graph, names, { allowScalar: true });
  const consts = constsByName(graph);
  const values = weights.flatMap(({ constName }): [string, Tensor][] => {
    const placed = consts.get(constName);
    const content = placed === undefined ? undefined : constContent(placed.node);
    return content === undefined ? [] : [[constName, content.tensor]];
  });
  const others = asked.isEmpty ? new Set<string>() : withoutThose([...consts.keys()], weights);
  return { weights, others, values: new Map(values) };
}

/** What `build` takes without further options: no scalars, nothing that decides a shape. */
function eligible(graph: Graph): readonly string[] {
  const candidates = [...candidatesOf(graph).values()];
  const refused = runRules({ graph, candidates }, { readData: false }).filter(({ severity }) => severity === 'error');
  const without = new Set(refused.map(({ constName }) => constName));
  return candidates
    .filter(({ name, content: { desc } }) => desc.shape.length > 0 && !isEmpty(desc) && !without.has(name))
    .map(({ name }) => name);
}
