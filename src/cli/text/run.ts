// The outputs of a run.
import type { OutputFields, RunResult } from '../../commands/run.js';
import type { Style } from '../style.js';
import { castLines } from './casts.js';
import { loraLines } from './lora.js';
import { type Column, formatShape, listText, tableText } from './table.js';

export function runText({ initialized, update, outputs, inference }: RunResult, style: Style): string {
  const lines: string[] = [];
  if (update !== null) lines.push(updateText(update), ...castLines(update.casts), ...loraLines(update.lora));
  else if (outputs.length === 0 && initialized) lines.push('initialised every weight');
  if (outputs.length > 0) lines.push(tableText(outputs, outputColumns(outputs), style));
  if (inference !== null && inference.count > 1) {
    const { count, minMs, medianMs, meanMs, maxMs } = inference;
    lines.push(`${count} inferences: median ${medianMs} ms, mean ${meanMs} ms, min ${minMs} ms, max ${maxMs} ms`);
  }
  return lines.join('\n');
}

function updateText({ updated, kept, ignored }: NonNullable<RunResult['update']>): string {
  const part = (verb: string, names: readonly string[]): string => (names.length === 0 ? '' : `${verb} ${listText(names)}`);
  return [part('updated', updated), part('kept', kept), part('ignored', ignored)].filter((text) => text !== '').join('; ');
}

function outputColumns(outputs: readonly OutputFields[]): readonly Column<OutputFields>[] {
  const isWritten = outputs.some(({ path }) => path !== null);
  return [
    { title: 'output', cell: (row) => row.name },
    { title: 'dtype', cell: (row) => (row.writtenDtype === null ? row.dtype : `${row.dtype} (written as ${row.writtenDtype})`) },
    { title: 'shape', cell: (row) => formatShape(row.shape) },
    ...(isWritten ? [{ title: 'file', cell: (row: OutputFields) => row.path ?? '' }] : []),
    { title: 'values', cell: (row) => row.preview },
  ];
}
