// The summary of a build.
import type { BuildResult } from '../../commands/build.js';
import type { WeightFields } from '../../commands/shared/bundle.js';
import type { Style } from '../style.js';
import { type Column, formatBytes, formatShape, tableText } from './table.js';

export function buildText({ bundle, graph, submodels, weights, manifest, dryRun }: BuildResult, style: Style): string {
  const verb = dryRun ? 'would write' : 'wrote';
  const graphs = submodels.length === 0 ? '' : `: ${submodels.map((submodel) => submodel.role).join(', ')}`;
  return [
    `${verb} ${style.bold(bundle.path)} (${formatBytes(bundle.bytes)})${graphs}`,
    `from ${graph.path} (${graph.kind}, ${graph.nodes} nodes), ${weights.length} updatable ${weights.length === 1 ? 'weight' : 'weights'}:`,
    tableText(weights, WEIGHT_COLUMNS, style),
    ...(manifest === null ? [] : [`manifest: ${manifest.path}`]),
  ].join('\n');
}

export const WEIGHT_COLUMNS: readonly Column<WeightFields>[] = [
  { title: '#', cell: (row) => String(row.updateIndex), align: 'right' },
  { title: 'weight', cell: (row) => row.name },
  { title: 'dtype', cell: (row) => row.dtype },
  { title: 'shape', cell: (row) => formatShape(row.shape) },
  { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
];
