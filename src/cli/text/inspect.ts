// A file as a person wants to read it first: what it is, its graphs, its inputs and outputs, its weights.
import type { DigestFields, InspectResult, ModelFields } from '../../commands/inspect.js';
import type { InputSpecFields, PartitionFields, SpecFields, SubmodelFields, WeightFields } from '../../commands/shared/bundle.js';
import type { GraphFields } from '../../commands/shared/graph-fields.js';
import { KINDS } from '../../formats/kind.js';
import { describeGears } from '../../formats/om/gears.js';
import type { Style } from '../style.js';
import { type Column, formatBytes, formatShape, listText, tableText, wrappedList } from './table.js';

export function inspectText(result: InspectResult, style: Style): string {
  const sections = [heading(result, style)];
  if (result.kind === 'bundle') sections.push(...bundleSections(result, style));
  if (result.model !== null) sections.push(...modelSections(result.model, style));
  if (result.graph !== null) sections.push(...graphSections(result.graph, style));
  if (result.digest !== null) sections.push(digestText(result.digest, style));
  return sections.filter((section) => section !== '').join('\n\n');
}

function heading({ path, kind, bytes, layout, backend, varSize }: InspectResult, style: Style): string {
  const what = KINDS[kind].replace(/^an? /, '');
  const target = { host: ', for the host backend (not for an NPU)', ascend: ', for an Ascend NPU' };
  const facts = [
    formatBytes(bytes),
    ...(layout === null ? [] : [`layout ${layout}`]),
    ...(varSize === null ? [] : [`${formatBytes(varSize)} of variables`]),
  ];
  return [style.bold(path), `  ${what}${backend === null ? '' : target[backend]}`, `  ${facts.join(', ')}`].join('\n');
}

function bundleSections({ submodels, weights, updateGraph, attributes }: InspectResult, style: Style): string[] {
  const infer = submodels.find(({ role }) => role === 'infer');
  return [
    attributesText(attributes),
    section('graphs', tableText(submodels, SUBMODEL_COLUMNS, style), style),
    inputsText(infer?.inputs ?? [], style),
    specsText('outputs', infer?.outputs ?? [], style),
    weights.length === 0 ? '' : section(WEIGHTS_TITLE[updateGraph ?? 'ge'], tableText(weights, weightColumns(weights), style), style),
    section('partitions', submodels.map(partitionsText).join('\n'), style),
  ];
}

const WEIGHTS_TITLE = {
  ge: 'weights, in update order',
  static: 'weights, in update order; a static update sends those again that are not given',
};

const SUBMODEL_COLUMNS: readonly Column<SubmodelFields>[] = [
  { title: '#', cell: (row) => String(row.index), align: 'right' },
  { title: 'role', cell: (row) => row.role ?? '?' },
  { title: 'name', cell: (row) => row.name },
  { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
];

const ROLE_WIDTH = 'update'.length;

/** Of the first table, and how many more there are. */
function partitionsText({ role, partitions }: SubmodelFields): string {
  const tables = new Set(partitions.map(({ table }) => table)).size;
  const first = partitions.filter(({ table }) => table === 0).map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`);
  return wrappedList((role ?? '?').padEnd(ROLE_WIDTH), [...first, ...(tables > 1 ? [`and ${tables - 1} more tables`] : [])]);
}

/** What the compiler made of a weight is worth a column only where it changed something. */
function weightColumns(weights: readonly WeightFields[]): readonly Column<WeightFields>[] {
  const isCompiled = (row: WeightFields): boolean => row.variableDtype !== row.dtype || !['ND', null].includes(row.variableFormat);
  return [
    { title: '#', cell: (row) => String(row.updateIndex), align: 'right' },
    { title: 'weight', cell: (row) => row.name },
    { title: 'dtype', cell: (row) => row.dtype },
    { title: 'shape', cell: (row) => formatShape(row.shape) },
    { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
    { title: 'offset', cell: (row) => String(row.variableOffset ?? ''), align: 'right' },
    ...(weights.some(isCompiled)
      ? [{ title: 'compiled to', cell: (row: WeightFields) => `${row.variableDtype ?? ''} ${row.variableFormat ?? ''}` }]
      : []),
  ];
}

function modelSections(
  { name, headerVersion, platformVersion, isDynamic, inputs, outputs, partitions, attributes, nodes, constants }: ModelFields,
  style: Style,
): string[] {
  const facts = [
    `model "${name}"`,
    `header ${headerVersion}`,
    ...(platformVersion === '' ? [] : [`platform ${platformVersion}`]),
    ...(isDynamic ? ['dynamic shapes'] : []),
    ...(nodes === null ? [] : [`${nodes} nodes`]),
    ...(constants === null ? [] : [`${constants.count} constants (${formatBytes(constants.bytes)})`]),
  ];
  return [
    facts.join(', '),
    attributesText(attributes),
    inputsText(inputs, style),
    specsText('outputs', outputs, style),
    section('partitions', tableText(partitions, PARTITION_COLUMNS, style), style),
  ];
}

const PARTITION_COLUMNS: readonly Column<PartitionFields>[] = [
  { title: 'table', cell: (row) => String(row.table), align: 'right' },
  { title: 'type', cell: (row) => String(row.type), align: 'right' },
  { title: 'name', cell: (row) => row.name },
  { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
];

const SHOWN_OPERATORS = 12;

function graphSections({ name, nodes, subgraphs, operators, inputs, outputs, consts, opsets }: GraphFields, style: Style): string[] {
  const more = operators.length > SHOWN_OPERATORS ? `, and ${operators.length - SHOWN_OPERATORS} more types` : '';
  const facts = [
    `graph "${name}"`,
    ...(opsets === null
      ? []
      : [
          `opset ${Object.entries(opsets)
            .map(([domain, version]) => (domain === 'ai.onnx' ? version : `${domain} ${version}`))
            .join(', ')}`,
        ]),
    `${nodes} nodes`,
    ...(subgraphs === 0 ? [] : [`${subgraphs} sub-graphs`]),
    `${consts.count} constants (${formatBytes(consts.bytes)})`,
  ];
  return [
    facts.join(', '),
    `operators: ${operators
      .slice(0, SHOWN_OPERATORS)
      .map(({ type, count }) => (count === 1 ? type : `${type} ×${count}`))
      .join(', ')}${more}`,
    specsText('inputs', inputs, style),
    specsText('outputs', outputs, style),
  ];
}

function digestText({ sha256, weights }: DigestFields, style: Style): string {
  const rows = [{ name: 'the file', sha256 }, ...weights];
  return section('sha256', tableText(rows, DIGEST_COLUMNS, style), style);
}

const DIGEST_COLUMNS: readonly Column<DigestFields['weights'][number]>[] = [
  { title: 'of', cell: (row) => row.name },
  { title: 'sha256', cell: (row) => row.sha256 ?? 'no initial value' },
];

const SPEC_COLUMNS: readonly Column<SpecFields>[] = [
  { title: 'name', cell: (row) => row.name },
  { title: 'dtype', cell: (row) => row.dtype },
  { title: 'shape', cell: (row) => formatShape(row.shape) },
  { title: 'format', cell: (row) => row.format ?? '' },
];

function specsText(title: string, specs: readonly SpecFields[], style: Style): string {
  return specs.length === 0 ? '' : section(title, tableText(specs, SPEC_COLUMNS, style), style);
}

/** Gears are worth a column only where there are some. */
function inputsText(inputs: readonly InputSpecFields[], style: Style): string {
  if (inputs.every(({ gears }) => gears === null)) return specsText('inputs', inputs, style);
  return section('inputs', tableText(inputs, [...SPEC_COLUMNS, { title: 'gears', cell: gearsText }], style), style);
}

function gearsText({ gears }: InputSpecFields): string {
  return gears === null ? '' : describeGears(gears, listText);
}

function attributesText(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function section(title: string, content: string, style: Style): string {
  return `${style.bold(title)}\n${content}`;
}
