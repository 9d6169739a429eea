// The files, then their tensors; with --for one table of everything that does not fit.
import type { CheckedTensorFields, FitFields, WeightsCheckResult } from '../../commands/weights-check.js';
import type { Style } from '../style.js';
import { type Column, formatBytes, formatShape, tableText } from './table.js';

export function weightsCheckText({ files, tensors, findings, for: wanted }: WeightsCheckResult, style: Style): string {
  const hasValues = tensors.some(({ values }) => values !== null);
  return [
    ...files.map(
      ({ path, kind, tensors: count, bytes }) => `${style.bold(path)}: ${kind}, ${plural(count, 'tensor')}, ${formatBytes(bytes)}`,
    ),
    ...(tensors.length > 0 && (wanted === null || hasValues)
      ? [tableText(tensors, tensorColumns(tensors, files.length > 1, hasValues), style)]
      : []),
    ...findings.map(({ code, message, fix }) => `  ${style.red('error')} ${code}: ${message}${fix === null ? '' : `\n    ${fix}`}`),
    ...(wanted === null ? [] : fitText(wanted, files.length > 1, style)),
  ].join('\n');
}

function tensorColumns(
  tensors: readonly CheckedTensorFields[],
  isMany: boolean,
  hasValues: boolean,
): readonly Column<CheckedTensorFields>[] {
  const number = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : String(Number(value.toPrecision(6)));
  return [
    { title: 'tensor', cell: (row) => (row.name === '' ? '(no name)' : row.name) },
    { title: 'dtype', cell: (row) => row.dtype },
    { title: 'shape', cell: (row) => formatShape(row.shape) },
    { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
    ...(hasValues
      ? ([
          { title: 'min', cell: (row: CheckedTensorFields) => number(row.values?.min), align: 'right' },
          { title: 'max', cell: (row: CheckedTensorFields) => number(row.values?.max), align: 'right' },
        ] as const)
      : []),
    ...(tensors.some(({ values }) => (values?.nonFinite ?? 0) > 0)
      ? ([{ title: 'NaN, inf', cell: (row: CheckedTensorFields) => String(row.values?.nonFinite ?? ''), align: 'right' }] as const)
      : []),
    ...(isMany ? [{ title: 'file', cell: (row: CheckedTensorFields) => row.file }] : []),
  ];
}

/** What fits needs no line of its own: of a thousand weights the one that does not is what is looked for. */
function fitText({ path, rows, fitting }: NonNullable<WeightsCheckResult['for']>, isMany: boolean, style: Style): readonly string[] {
  const others = rows.filter(({ status }) => status !== 'fits');
  const weights = rows.filter(({ wanted }) => wanted !== null).length;
  const summary = `${fitting} of ${plural(weights, 'weight')} of ${path} ${fitting === 1 ? 'fits' : 'fit'}`;
  if (others.length === 0) return [summary];
  const columns: readonly Column<FitFields>[] = [
    { title: '', cell: (row) => row.status },
    { title: 'weight', cell: (row) => row.name },
    { title: 'wanted', cell: (row) => specText(row.wanted) },
    { title: 'given', cell: (row) => `${specText(row.given)}${(row.given?.key ?? null) === null ? '' : ` (${row.given?.key})`}` },
    ...(isMany ? [{ title: 'in', cell: (row: FitFields) => row.given?.file ?? '' }] : []),
    ...(others.some(({ fix }) => fix !== null) ? [{ title: 'remedy', cell: (row: FitFields) => row.fix ?? '' }] : []),
  ];
  return [`${summary}:`, tableText(others, columns, style)];
}

function specText(spec: FitFields['wanted']): string {
  return spec === null ? '-' : `${spec.dtype} ${formatShape(spec.shape)}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
