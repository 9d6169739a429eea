// The entries of the map, then what is open.
import type { MapFields, WeightsMapResult } from '../../commands/weights-map.js';
import type { Style } from '../style.js';
import { type Column, listText, tableText } from './table.js';

export function weightsMapText({ file, for: wanted, path, map }: WeightsMapResult, style: Style): string {
  const { entries, ambiguous, unmatched } = map;
  const lines = [
    `${entries.length} of ${wanted.weights} weights of ${wanted.path} found in ${style.bold(file)}${entries.length > 0 ? ':' : ''}`,
  ];
  if (entries.length > 0) lines.push(tableText(entries, COLUMNS, style));
  for (const { to, candidates, why } of ambiguous) {
    lines.push(`  ${style.yellow('open')} ${to}: ${why}`, ...candidates.map(({ from, transpose }) => `    ${from}${orderText(transpose)}`));
  }
  if (unmatched.to.length > 0) lines.push(`without a tensor: ${listText(unmatched.to)}`);
  if (unmatched.from.length > 0) lines.push(`not used: ${listText(unmatched.from)}`);
  if (path !== null) lines.push(`wrote ${path}`);
  return lines.join('\n');
}

const COLUMNS: readonly Column<MapFields['entries'][number]>[] = [
  { title: 'tensor', cell: (row) => row.from },
  { title: 'weight', cell: (row) => row.to },
  { title: 'transpose', cell: (row) => (row.transpose === undefined ? '' : `[${row.transpose.join(', ')}]`) },
  { title: 'by', cell: (row) => row.by },
];

function orderText(transpose: readonly number[] | undefined): string {
  return transpose === undefined ? '' : `, transposed by [${transpose.join(', ')}]`;
}
