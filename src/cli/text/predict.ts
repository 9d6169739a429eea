// What is expected of each output, and how far off it may be.
import type { PredictedFields, PredictResult } from '../../commands/predict.js';
import type { Style } from '../style.js';
import { seededLines, shortNumber } from './numbers.js';
import { type Column, formatShape, tableText } from './table.js';

export function predictText({ graph, path, precision, margin, inputs, outputs }: PredictResult, style: Style): string {
  return [
    `${style.bold(graph.path)} exactly, and with every value rounded to ${precision}:`,
    ...seededLines(inputs).map((line) => `  ${line}`),
    tableText(outputs, COLUMNS, style),
    `allowed is ${margin} times the deviation, at least one unit in the last place; this envelope is not calibrated on devices yet`,
    ...(path === null ? [] : [`wrote ${style.bold(path)}`]),
  ].join('\n');
}

const COLUMNS: readonly Column<PredictedFields>[] = [
  { title: 'output', cell: (row) => row.name },
  { title: 'dtype', cell: (row) => row.dtype },
  { title: 'shape', cell: (row) => formatShape(row.shape) },
  { title: 'deviation', cell: (row) => shortNumber(row.deviation), align: 'right' },
  { title: 'allowed', cell: (row) => shortNumber(row.atol), align: 'right' },
  { title: 'values', cell: (row) => row.preview },
];
