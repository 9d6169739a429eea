// Columns for terminals.
import type { Style } from '../style.js';

export interface Column<R> {
  readonly title: string;
  readonly cell: (row: R) => string;
  readonly align?: 'right';
}

/** Lines without trailing blanks, indented by two. */
export function tableText<R>(rows: readonly R[], columns: readonly Column<R>[], style: Style): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, i) => Math.max(column.title.length, ...cells.map((line) => displayWidth(line[i] as string))));
  const line = (texts: readonly string[]): string =>
    `  ${texts.map((text, i) => pad(text, widths[i] as number, columns[i]?.align)).join('  ')}`.trimEnd();
  return [style.dim(line(columns.map((column) => column.title))), ...cells.map(line)].join('\n');
}

function pad(text: string, width: number, align: 'right' | undefined): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? blanks + text : text + blanks;
}

function displayWidth(text: string): number {
  return [...text].length;
}

/** `1.5 MiB`; whole bytes below 1 KiB. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

export function formatShape(shape: readonly number[]): string {
  if (shape.length === 1 && shape[0] === -2) return '[…]';
  return `[${shape.map((dim) => (dim < 0 ? '?' : dim)).join(', ')}]`;
}
