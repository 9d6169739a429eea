// What was patched, and what was left.
import type { PatchResult } from '../../commands/patch.js';
import type { Style } from '../style.js';
import { castLines } from './casts.js';
import { loraLines } from './lora.js';
import { type Column, formatBytes, formatShape, listText, tableText } from './table.js';

export function patchText({ bundle, patched, kept, ignored, separated, source, casts, lora }: PatchResult, style: Style): string {
  const lines = [
    `${bundle.inPlace ? 'patched' : 'wrote'} ${style.bold(bundle.path)} (${formatBytes(bundle.bytes)}), ${count(patched.length)} with new initial values:`,
    tableText(patched, COLUMNS, style),
  ];
  lines.push(...castLines(casts), ...loraLines(lora));
  if (source !== null) lines.push(`before, it had the values of ${source.path}`);
  if (separated.length > 0) lines.push(`no longer shared with equal weights: ${separated.join(', ')}`);
  if (kept.length > 0) lines.push(`kept ${listText(kept)}`);
  if (ignored.length > 0) lines.push(`ignored ${listText(ignored)}`);
  return lines.join('\n');
}

const COLUMNS: readonly Column<PatchResult['patched'][number]>[] = [
  { title: 'weight', cell: (row) => row.name },
  { title: 'dtype', cell: (row) => row.dtype },
  { title: 'shape', cell: (row) => formatShape(row.shape) },
  { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
];

function count(weights: number): string {
  return weights === 1 ? '1 weight' : `${weights} weights`;
}
