// What two files have in common in a line, then what differs, the worst first.
import type { GraphDiff, OptionDiff, SpecDiff, WeightDiff } from '../../commands/diff/fields.js';
import type { PartitionDifference } from '../../commands/diff/partitions.js';
import { type DiffResult, weightDiffers } from '../../commands/diff.js';
import type { InputSpecFields } from '../../commands/shared/bundle.js';
import { describeGears } from '../../formats/om/gears.js';
import type { Style } from '../style.js';
import { cosineText, short } from './numbers.js';
import { type Column, formatBytes, formatShape, tableText } from './table.js';

/** So many rows of a kind, unless all are asked for. */
const SHOWN = 20;

export function diffText(result: DiffResult, style: Style): string {
  const { a, b, options, io, graph, weights, partitions, all } = result;
  const section = <R>(title: string, rows: readonly R[], columns: readonly Column<R>[]): string[] => {
    const shown = all ? rows : rows.slice(0, SHOWN);
    const more = rows.length - shown.length;
    const rest = more === 0 ? [] : [`  and ${more} more: --all lists them`];
    return rows.length === 0 ? [] : [[style.bold(title), tableText(shown, columns, style), ...rest].join('\n')];
  };
  const listed = sortedWeights(weights ?? [], all);
  return [
    [`A  ${style.bold(a.path)}`, `B  ${style.bold(b.path)}`, `   ${summary(result, style)}`].join('\n'),
    ...section('build options', options ?? [], OPTION_COLUMNS),
    ...section('inputs and outputs', io ?? [], SPEC_COLUMNS),
    ...section('graph', graph?.differences ?? [], GRAPH_COLUMNS),
    ...section(all ? 'weights, worst first' : 'weights that differ, worst first', listed, weightColumns(listed)),
    ...section(
      'partitions',
      (partitions ?? []).filter(({ counts, equal }) => counts || (all && !equal)),
      PARTITION_COLUMNS,
    ),
  ].join('\n\n');
}

/** `same build, same graph (5 nodes), 2 of 4 weights differ` */
function summary({ differs, options, io, graph, weights, partitions }: DiffResult, style: Style): string {
  const word = (part: readonly unknown[] | null | undefined, name: string): string[] =>
    part === null || part === undefined ? [] : [`${part.length === 0 ? 'same' : 'another'} ${name}`];
  const facts = [
    ...word(options, 'build'),
    ...word(io, 'interface'),
    ...(graph === null ? [] : word(graph.differences, `graph (${nodesText(graph)})`)),
    ...weightFacts(weights ?? []),
    ...partitionFacts(partitions ?? []),
  ];
  return `${differs ? '' : style.green('no differences: ')}${facts.join(', ')}`;
}

function nodesText({ nodes: { a, b } }: GraphDiff): string {
  return a === b ? `${a} nodes` : `${a} and ${b} nodes`;
}

function weightFacts(weights: readonly WeightDiff[]): readonly string[] {
  if (weights.length === 0) return [];
  const differing = weights.filter(weightDiffers).length;
  const within = weights.filter((one) => one.status === 'within' && !weightDiffers(one)).length;
  const total = `${weights.length} ${weights.length === 1 ? 'weight' : 'weights'}`;
  if (differing === 0)
    return [within === 0 ? `same values of ${total}` : `${total} within the tolerance, ${weights.length - within} of them equal`];
  return [
    `${differing} of ${total} ${differing === 1 ? 'differs' : 'differ'}`,
    ...(within === 0 ? [] : [`${within} within the tolerance`]),
  ];
}

function partitionFacts(partitions: readonly PartitionDifference[]): readonly string[] {
  const differing = partitions.filter(({ counts }) => counts).length;
  return differing === 0 ? [] : [`${differing} of ${partitions.length} partitions ${differing === 1 ? 'differs' : 'differ'}`];
}

const text = (value: string | null): string => value ?? '-';

const OPTION_COLUMNS: readonly Column<OptionDiff>[] = [
  { title: 'option', cell: (row) => row.name },
  { title: 'A', cell: (row) => text(row.a) },
  { title: 'B', cell: (row) => text(row.b) },
];

const SPEC_COLUMNS: readonly Column<SpecDiff>[] = [
  { title: '', cell: (row) => `${row.side} ${row.index}` },
  { title: 'A', cell: (row) => specText(row.a) },
  { title: 'B', cell: (row) => specText(row.b) },
];

/** `x float32 [?, 3], batch 1, 2, 4`: all gears, so that what differs is among them. */
function specText(spec: InputSpecFields | null): string {
  if (spec === null) return '-';
  const { name, dtype, shape, format, gears } = spec;
  return `${name} ${dtype} ${formatShape(shape)}${format === null || format === 'ND' ? '' : ` ${format}`}${gears === null ? '' : `, ${describeGears(gears)}`}`;
}

type GraphRow = GraphDiff['differences'][number];

const GRAPH_COLUMNS: readonly Column<GraphRow>[] = [
  { title: 'node', cell: (row) => [row.subgraph, row.node].filter((one) => one !== null).join('/') || '-' },
  { title: 'what', cell: (row) => (row.part === null ? row.aspect : `${row.aspect} ${row.part}`) },
  { title: 'A', cell: (row) => text(row.a) },
  { title: 'B', cell: (row) => text(row.b) },
];

const PARTITION_COLUMNS: readonly Column<PartitionDifference>[] = [
  { title: 'model', cell: (row) => row.model },
  { title: 'partition', cell: (row) => (row.table === 0 ? row.name : `${row.name} of table ${row.table}`) },
  { title: 'A', cell: (row) => (row.a === null ? '-' : formatBytes(row.a)), align: 'right' },
  { title: 'B', cell: (row) => (row.b === null ? '-' : formatBytes(row.b)), align: 'right' },
];

/** How bad a status is where no number says it. */
const RANKS: Readonly<Record<WeightDiff['status'], number>> = {
  'only-a': 6,
  'only-b': 5,
  mismatch: 4,
  unknown: 3,
  different: 2,
  within: 1,
  equal: 0,
};

function sortedWeights(weights: readonly WeightDiff[], all: boolean): readonly WeightDiff[] {
  const size = ({ metrics }: WeightDiff): number => (metrics === null ? 0 : typeof metrics.maxAbs === 'number' ? metrics.maxAbs : Infinity);
  const shown = all ? weights : weights.filter(weightDiffers);
  return [...shown].sort((one, other) => {
    const rank = RANKS[other.status] - RANKS[one.status];
    if (rank !== 0) return rank;
    return size(one) === size(other) ? 0 : size(other) - size(one);
  });
}

const STATUS_TEXTS: Readonly<Record<WeightDiff['status'], string>> = {
  'only-a': 'only in A',
  'only-b': 'only in B',
  mismatch: 'another dtype or shape',
  unknown: 'not known',
  different: 'differs',
  within: 'within the tolerance',
  equal: 'equal',
};

function weightColumns(rows: readonly WeightDiff[]): readonly Column<WeightDiff>[] {
  const right = (title: string, cell: (row: WeightDiff) => string): Column<WeightDiff> => ({ title, cell, align: 'right' });
  const hasMetrics = rows.some(({ metrics }) => metrics !== null);
  const isAllDifferent = rows.every(({ status }) => status === 'different');
  return [
    { title: 'weight', cell: (row) => row.name },
    { title: 'dtype', cell: (row) => bothText(row, ({ dtype }) => dtype) },
    { title: 'shape', cell: (row) => bothText(row, ({ shape }) => formatShape(shape)) },
    ...(hasMetrics
      ? [
          right('max abs', (row) => short(row.metrics?.maxAbs ?? null)),
          right('max rel', (row) => short(row.metrics?.maxRel ?? null)),
          right('cosine', (row) => cosineText(row.metrics?.cosine ?? null)),
          right('beyond', (row) => (row.metrics === null ? '-' : `${row.metrics.beyond} of ${row.metrics.elements}`)),
          { title: 'worst at', cell: worstText },
        ]
      : []),
    ...(isAllDifferent && rows.every(({ notes }) => notes.length === 0) ? [] : [{ title: '', cell: statusText }]),
  ];
}

function statusText({ status, notes }: WeightDiff): string {
  return [...(status === 'equal' && notes.length > 0 ? [] : [STATUS_TEXTS[status]]), ...notes].join('; ');
}

function bothText({ a, b }: WeightDiff, of: (side: NonNullable<WeightDiff['a']>) => string): string {
  const [one, other] = [a, b].map((side) => (side === null ? undefined : of(side)));
  return one === undefined || other === undefined || one === other ? (one ?? other ?? '-') : `${one} → ${other}`;
}

/** `[0, 3]: 6 → 7` */
function worstText({ metrics }: WeightDiff): string {
  if (metrics === null || metrics.worst === null) return '-';
  const { index, a, b } = metrics.worst;
  return `[${index.join(', ')}]: ${short(a)} → ${short(b)}`;
}
