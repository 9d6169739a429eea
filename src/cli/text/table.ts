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
  const widths = columns.map((column, i) =>
    cells.reduce((width, line) => Math.max(width, displayWidth(line[i] as string)), column.title.length),
  );
  const line = (texts: readonly string[]): string =>
    `  ${texts.map((text, i) => pad(text, widths[i] as number, columns[i]?.align)).join('  ')}`.trimEnd();
  return [style.dim(line(columns.map((column) => column.title))), ...cells.map(line)].join('\n');
}

function pad(text: string, width: number, align: 'right' | undefined): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? blanks + text : text + blanks;
}

const LINE_WIDTH = 80;

/** `  label  a, b, c`, broken before an item that would not fit on the line; indented by two. */
export function wrappedList(label: string, items: readonly string[]): string {
  const indent = ' '.repeat(displayWidth(label) + 4);
  const lines = [`  ${label}  `];
  items.forEach((item, i) => {
    const piece = `${item}${i < items.length - 1 ? ', ' : ''}`;
    const line = lines.at(-1) as string;
    if (i > 0 && displayWidth(line) + displayWidth(piece.trimEnd()) > LINE_WIDTH) lines.push(indent + piece);
    else lines[lines.length - 1] = line + piece;
  });
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Words in lines of at most 80 columns, each behind the indent; what follows the first line behind `hanging` too. */
export function wrapped(text: string, indent: string, hanging = '  '): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && displayWidth(line) + 1 + displayWidth(word) <= LINE_WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`${indent}${line === undefined ? '' : hanging}${word}`);
  }
  return lines.join('\n');
}

/** Columns of a terminal: letters of East Asian scripts take two, marks that join the letter before them none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Nearly every text; looking up every letter of a thousand rows takes longer than reading their file. */
const ASCII = /^[ -~]*$/;
const JOINED = /\p{Mn}|\p{Me}|\p{Cf}/u;

function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += JOINED.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
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

const SHOWN_NAMES = 8;

/** The first names, and how many more there are. */
export function listText(names: readonly string[], separator = ', '): string {
  if (names.length <= SHOWN_NAMES) return names.join(separator);
  return `${names.slice(0, SHOWN_NAMES).join(separator)} and ${names.length - SHOWN_NAMES} more`;
}
