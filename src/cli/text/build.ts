// The summary of a build.
import type { BuildResult } from '../../commands/build/signature.js';
import type { WeightFields } from '../../commands/shared/bundle.js';
import { formatMs } from '../reporter.js';
import type { Style } from '../style.js';
import { type Column, formatBytes, formatShape, tableText } from './table.js';

export function buildText(
  { bundle, graph, submodels, weights, manifest, compiler, graphs, calls, dryRun }: BuildResult,
  style: Style,
): string {
  const verb = dryRun ? 'would write' : 'wrote';
  const roles = submodels.length === 0 ? '' : `: ${submodels.map((submodel) => submodel.role).join(', ')}`;
  const size = bundle.bytes === null ? '' : ` (${formatBytes(bundle.bytes)})`;
  return [
    `${verb} ${style.bold(bundle.path)}${size}${roles}`,
    `from ${graph.path} (${graph.kind}, ${graph.nodes} nodes), ${weights.length} updatable ${weights.length === 1 ? 'weight' : 'weights'}:`,
    tableText(weights, WEIGHT_COLUMNS, style),
    ...(manifest === null ? [] : [`manifest: ${manifest.path}`]),
    ...(compiler === null || dryRun ? [] : [compilerText(compiler)]),
    ...(bundle.hostEnv === null ? [] : [`bound to hosts with ${bundle.hostEnv.os} on ${bundle.hostEnv.cpu}`]),
    ...(graphs === null ? [] : [`graphs: ${graphs.join(', ')}`]),
    ...(calls === null ? [] : ['the calls that would be made:', ...calls.map(callText)]),
  ].join('\n');
}

function compilerText({ cann, soc, steps }: NonNullable<BuildResult['compiler']>): string {
  const took = steps.map(({ step, ms }) => `${step} ${formatMs(ms)}`).join(', ');
  return `compiled by CANN ${cann ?? '(version not known)'} for ${soc ?? 'the chip of this machine'}${took === '' ? '' : `: ${took}`}`;
}

/** `Graph.LoadFromFile(self: graph#1, fileName: "…")` */
function callText({ call, arguments: given }: NonNullable<BuildResult['calls']>[number]): string {
  const shown = Object.entries(given).map(([name, value]) => {
    const isName = typeof value === 'string' && /^(\w+#\d+|(infer|init|update)Graph)$/.test(value);
    return `${name}: ${isName ? value : JSON.stringify(value)}`;
  });
  return `  ${call}(${shown.join(', ')})`;
}

const WEIGHT_COLUMNS: readonly Column<WeightFields>[] = [
  { title: '#', cell: (row) => String(row.updateIndex), align: 'right' },
  { title: 'weight', cell: (row) => row.name },
  { title: 'dtype', cell: (row) => row.dtype },
  { title: 'shape', cell: (row) => formatShape(row.shape) },
  { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
];
