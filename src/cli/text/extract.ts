// What was written, and where.
import type { ExtractResult } from '../../commands/extract.js';
import type { Style } from '../style.js';
import { type Column, formatBytes, formatShape, tableText } from './table.js';

const FORMS: Readonly<Record<ExtractResult['form'], string>> = {
  om: 'the model',
  air: 'the graph of the model',
  'graph-json': 'the graph of the model',
  onnx: 'the ONNX program of the model',
  weights: 'the initial values',
};

export function extractText({ form, graph, weights, files }: ExtractResult, style: Style): string {
  if (graph === null) return weightsText(weights, style);
  return files
    .map(({ path, bytes }, i) => {
      const what = i === 0 ? `: ${FORMS[form]} ${graph.name} (${graph.role})` : ': its larger values';
      return `wrote ${style.bold(path)} (${formatBytes(bytes)})${what}`;
    })
    .join('\n');
}

type Row = ExtractResult['weights'][number];

function weightsText(weights: readonly Row[], style: Style): string {
  const paths = new Set(weights.map(({ path }) => path));
  const [only] = paths;
  const table = tableText(weights, weightColumns(weights, paths.size > 1), style);
  return paths.size > 1 || only === undefined ? table : `wrote ${style.bold(only)}: ${FORMS.weights}\n${table}`;
}

function weightColumns(weights: readonly Row[], hasFiles: boolean): readonly Column<Row>[] {
  const isWidened = weights.some(({ writtenDtype }) => writtenDtype !== null);
  return [
    { title: 'weight', cell: (row) => row.name },
    {
      title: 'dtype',
      cell: (row) => (isWidened && row.writtenDtype !== null ? `${row.dtype} (written as ${row.writtenDtype})` : row.dtype),
    },
    { title: 'shape', cell: (row) => formatShape(row.shape) },
    { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
    ...(hasFiles ? [{ title: 'file', cell: (row: Row) => row.path }] : []),
  ];
}
