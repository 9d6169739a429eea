// Models of opset 1 to 6 become opset 7, the oldest that ONNX Runtime executes: the operators that changed on the way are
// rewritten by a table (upgrades.ts), the others mean the same under the new number.
import { AscendBundleError } from '../../base/errors.js';
import type { OnnxGraph, OnnxModel, OnnxNode } from '../encodings/onnx-model.js';
import { isOnnxDomain, mapInnerGraphs, withoutAttrs } from './attributes.js';
import { FreshNames } from './fresh-names.js';
import { Ranks } from './ranks.js';
import { UPGRADES, type UpgradeContext } from './upgrades.js';

/** The opset that older models are raised to. */
export const OLDEST_OPSET = 7;

/** The version of ONNX's own operators that a model asks for; a model without an import is of the first. */
export function opsetOf(model: OnnxModel): number {
  const versions = (model.opsetImport ?? []).filter(({ domain }) => isOnnxDomain(domain)).map(({ version }) => Number(version ?? 0));
  return versions.length === 0 ? 1 : Math.max(...versions);
}

/**
 * @param what  names the file in errors
 * @throws OP_UNSUPPORTED for a node whose old form cannot be told apart or has no new one, by name
 */
export function upgradeModel(model: OnnxModel, what: string): OnnxModel {
  const opset = opsetOf(model);
  if (opset >= OLDEST_OPSET || model.graph === undefined) return model;
  const names = new FreshNames(model.graph);
  const others = (model.opsetImport ?? []).filter(({ domain }) => !isOnnxDomain(domain));
  return {
    ...model,
    opsetImport: [{ domain: '', version: OLDEST_OPSET }, ...others],
    graph: upgradeGraph(model.graph, { what, opset, names }),
  };
}

interface Parts {
  readonly what: string;
  readonly opset: number;
  readonly names: FreshNames;
}

function upgradeGraph(graph: OnnxGraph, parts: Parts, outer?: Ranks): OnnxGraph {
  const ranks = new Ranks(graph, outer);
  const used = usedValues(graph);
  const node = (graph.node ?? []).flatMap((old, index) => {
    const context = contextOf(old, index, parts, ranks, used);
    const upgraded = upgradeNode(
      mapInnerGraphs(old, (inner) => upgradeGraph(inner, parts, ranks)),
      context,
    );
    for (const one of upgraded) ranks.add(one);
    return upgraded;
  });
  return { ...graph, node };
}

function upgradeNode(node: OnnxNode, context: UpgradeContext): readonly OnnxNode[] {
  if (!isOnnxDomain(node.domain)) return [node];
  // Until opset 6 an operator could say that it works in place; it changes no value.
  const plain = withoutAttrs(node, 'consumed_inputs');
  const row = Object.hasOwn(UPGRADES, node.opType ?? '') ? UPGRADES[node.opType ?? ''] : undefined;
  return row === undefined || context.opset >= row.until ? [plain] : row.upgrade(plain, context);
}

function contextOf(node: OnnxNode, index: number, parts: Parts, ranks: Ranks, used: ReadonlySet<string>): UpgradeContext {
  const { what, opset, names } = parts;
  return {
    opset,
    rankOf: (value) => ranks.of(value),
    isUsed: (value) => used.has(value),
    freshValue: (base) => names.fresh(base),
    fail(message, fix = 'Convert the model to opset 7 or later with the tool that made it.'): never {
      const label = `Node ${JSON.stringify(node.name ?? node.output?.[0] ?? '')} (${node.opType ?? ''}, opset ${opset}) of ${what}`;
      throw new AscendBundleError('OP_UNSUPPORTED', { message: `${label} ${message}.`, at: `/graph/node/${index}`, fix });
    },
  };
}

function usedValues(graph: OnnxGraph): ReadonlySet<string> {
  const used = new Set((graph.output ?? []).map(({ name = '' }) => name));
  for (const { input = [], attribute = [] } of graph.node ?? []) {
    for (const value of input) used.add(value);
    for (const { g, graphs = [] } of attribute) {
      for (const inner of g === undefined ? graphs : [g, ...graphs]) for (const value of usedValues(inner)) used.add(value);
    }
  }
  return used;
}
