// Rules about names: what the conversion makes (om-format §5) must not meet what is there.
import { GRAPH_NAMES, generatedNames } from '../generated-names.js';
import type { Graph } from '../graph.js';
import { allNodes } from '../walk.js';
import type { Candidate, Found, Lint, Rule } from './rule.js';

export const duplicateName: Rule = {
  severity: 'warning',
  description: 'Several Consts have this name; only the first one is replaced.',
  *check({ graph, candidates }) {
    const places = constPlaces(graph);
    for (const { name, graph: owner } of candidates) {
      const others = places.get(name) ?? [];
      if (others.length < 2) continue;
      yield {
        constName: name,
        message: `${others.length} Consts are called "${name}"; only the one in ${describeGraph(owner, graph)} becomes a weight, the others keep their value.`,
        fix: 'Give each Const a name of its own.',
      };
    }
  },
};

function constPlaces(graph: Graph): Map<string, Graph[]> {
  const places = new Map<string, Graph[]>();
  for (const { graph: owner, node } of allNodes(graph)) {
    if (node.type === 'Const') places.set(node.name, [...(places.get(node.name) ?? []), owner]);
  }
  return places;
}

function describeGraph(owner: Graph, root: Graph): string {
  return owner === root ? 'the main graph' : `the sub-graph "${owner.name}"`;
}

/**
 * The names of one graph after the split that two things claim: a clash makes GE overwrite the one with the other.
 * Variables are known by name to the whole session, so a node of that name in any sub-graph counts.
 */
export const nameTaken: Rule = {
  severity: 'error',
  description: 'A name that the conversion makes belongs to another node already.',
  *check(lint) {
    const gone = new Set(lint.candidates.map(({ node }) => node));
    const kept = new Map<string, string>();
    for (const { node } of allNodes(lint.graph)) if (!gone.has(node)) kept.set(node.name, `the ${node.type} "${node.name}" of the graph`);
    for (const { name } of lint.candidates) {
      const { variable } = generatedNames(name);
      const other = kept.get(variable);
      if (other !== undefined) yield taken(name, 'variable', variable, other);
    }
    yield* takenInInitGraph(lint.candidates);
  },
};

/** The init graph has the Variables, the Consts and the Assigns of all weights: `w` and `w_var` cannot both be weights. */
function* takenInInitGraph(candidates: readonly Candidate[]): Generator<Found> {
  const owners = new Map(candidates.map(({ name }) => [name, `the Const "${name}", a weight too`]));
  for (const { name } of candidates) {
    const { variable, assign } = generatedNames(name);
    for (const [what, made] of [
      ['variable', variable],
      ['assignment', assign],
    ] as const) {
      const other = owners.get(made);
      if (other !== undefined) yield taken(name, what, made, other);
    }
  }
}

function taken(constName: string, what: string, made: string, other: string): Found {
  return {
    constName,
    message: `The ${what} of "${constName}" will be called "${made}", which is the name of ${other}.`,
    fix: `Rename one of them, or leave one of them out.`,
  };
}

/** Harmless to the compiler, which sees each graph alone, but every report that gives a name alone is then ambiguous. */
export const nameReused: Rule = {
  severity: 'warning',
  description: 'A node or sub-graph is called like one of the init or update graph.',
  *check({ graph, candidates }: Lint) {
    const names = new Map<string, string>();
    for (const { node } of allNodes(graph)) names.set(node.name, `the ${node.type} "${node.name}"`);
    for (const { name } of graph.subgraphs) names.set(name, `the sub-graph "${name}"`);
    for (const { name } of candidates) {
      const { variable: _, updateAssign: __, ...made } = generatedNames(name);
      const reused = Object.values(made).filter((one) => names.has(one));
      const [first] = reused;
      if (first === undefined) continue;
      yield {
        constName: name,
        message: `The graph has ${names.get(first)}; ${GRAPH_NAMES.init} or ${GRAPH_NAMES.update} will have a "${first}" for the weight "${name}" too.`,
        fix: 'Rename it where messages should be clear.',
      };
    }
  },
};
