// What was proven, check by check; where one fails, the numbers and why.
import type { CheckFields, ComparedFields, DifferenceFields } from '../../commands/verify/fields.js';
import type { VerifyResult } from '../../commands/verify.js';
import type { Style } from '../style.js';
import { cosineText, seededLines, short } from './numbers.js';
import { type Column, formatShape, tableText } from './table.js';

export function verifyText({ bundle, checks, inputs, passed }: VerifyResult, style: Style): string {
  return [
    `${style.bold(bundle.path)}: ${passed ? style.green('passed') : style.red('FAILED')}`,
    ...seededLines(inputs).map((line) => `  ${line}`),
    ...checks.flatMap((check) => checkLines(check, style)),
    ...(checks.some(({ check }) => check === 'structure') ? [MORE] : []),
  ].join('\n');
}

const MORE = '  not asked for: outputs (--golden FILE, --against GRAPH), updates (--update FILE, --aba), the build (--manifest FILE)';

function checkLines({ check, passed, message, failures, outputs, differences }: CheckFields, style: Style): readonly string[] {
  const mark = passed ? style.green('passed') : style.red('FAILED');
  return [
    `  ${check.padEnd(NAME_WIDTH)} ${mark}  ${message}`,
    ...(differences.length === 0 ? [] : [indented(tableText(differences, DIFFERENCE_COLUMNS, style))]),
    ...(outputs.length === 0 ? [] : [indented(tableText(outputs, outputColumns(outputs), style))]),
    ...failures.map((failure) => `    ${failure}`),
  ];
}

const NAME_WIDTH = 'structure'.length;

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}

const DIFFERENCE_COLUMNS: readonly Column<DifferenceFields>[] = [
  { title: 'what', cell: (row) => row.what },
  { title: 'manifest', cell: (row) => shortened(row.expected) },
  { title: 'bundle', cell: (row) => shortened(row.actual) },
];

/** Of a sha256 the first digits tell the two apart; --json has all of them. */
function shortened(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 16)}…` : text;
}

function outputColumns(rows: readonly ComparedFields[]): readonly Column<ComparedFields>[] {
  const isOne = new Set(rows.map((row) => row.with)).size === 1;
  const has = (key: 'maxUlp' | 'argmax'): boolean => rows.some((row) => row[key] !== null);
  const column = (title: string, cell: (row: ComparedFields) => string): Column<ComparedFields> => ({ title, cell, align: 'right' });
  return [
    { title: 'output', cell: (row) => row.name },
    ...(isOne ? [] : [{ title: 'with', cell: (row: ComparedFields) => row.with }]),
    { title: 'dtype', cell: (row) => row.dtype },
    { title: 'shape', cell: (row) => formatShape(row.shape) },
    column('max abs', (row) => short(row.maxAbs)),
    column('max rel', (row) => short(row.maxRel)),
    ...(has('maxUlp') ? [column('ulp', (row) => short(row.maxUlp))] : []),
    column('cosine', (row) => cosineText(row.cosine)),
    ...(has('argmax') ? [column('argmax', (row) => (row.argmax === null ? '-' : `${row.argmax.equal}/${row.argmax.rows}`))] : []),
    column('beyond', (row) => (row.tolerance === null ? '-' : `${row.beyond} of ${row.elements}`)),
    { title: 'allowed', cell: allowedText },
  ];
}

function allowedText({ tolerance, minCosine }: ComparedFields): string {
  const parts: string[] = [];
  if (tolerance !== null) {
    const { atol, rtol } = tolerance;
    parts.push(atol === 0 && rtol === 0 ? 'exact' : `${short(atol)}${rtol === 0 ? '' : ` + ${short(rtol)}·|e|`}`);
  }
  if (minCosine !== null) parts.push(`cosine ${minCosine}`);
  return parts.join(', ');
}
