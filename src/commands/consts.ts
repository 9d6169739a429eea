// consts: the constants of a graph, who uses them, and what speaks against making each updatable.
import { openFile } from '../base/open-file.js';
import { detectKind } from '../formats/kind.js';
import { matchedNames } from '../graph/choose.js';
import { listConsts } from '../graph/list-consts.js';
import { matchesSelector, parseSelector, type Selectable, type Selector } from '../graph/selector.js';
import { openBundleAt, weightFields } from './shared/bundle.js';
import { refuseOperators, selectableWeight } from './shared/bundle-selection.js';
import { isListable } from './shared/names.js';
import { flag, oneOf, optionValues, text } from './shared/option-values.js';
import { EXPRESSION_OPTIONS, EXPRESSION_VALUES } from './shared/selection-options.js';
import { readGraphSource } from './shared/source.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface ConstsValues {
  readonly file: string;
  readonly namesOnly: boolean;
  readonly sort: 'graph' | 'bytes' | 'name';
  readonly select: readonly string[];
  readonly exclude: readonly string[];
}

const values: ValuesSchema<ConstsValues> = optionValues({
  file: text,
  namesOnly: flag,
  sort: oneOf(['graph', 'bytes', 'name'], 'graph'),
  ...EXPRESSION_VALUES,
});

export interface ConstFields {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly users: readonly { readonly node: string; readonly type: string; readonly slot: string }[];
  /** Whether `build` takes it without further options. */
  readonly eligible: boolean;
  readonly risks: readonly { readonly code: string; readonly severity: 'error' | 'warning'; readonly message: string }[];
}

export interface ConstsResult {
  readonly path: string;
  readonly kind: string;
  readonly consts: readonly ConstFields[];
}

export const consts: Verb<ConstsValues, ConstsResult> = {
  name: 'consts',
  summary: 'list the constants that can be made updatable',
  description: `Lists the constants of a graph that \`build --consts\` takes, with their size, their users and their risks; of a bundle, the weights that it was built with.`,
  arguments: [{ name: 'file', help: 'graph.json, ONNX model, .air file or bundle' }],
  options: [
    { flags: '--names-only', help: 'one name a line, only those that build takes as they are; feeds --consts @-' },
    { flags: '--sort <by>', help: 'order of the list', choices: ['graph', 'bytes', 'name'], default: 'graph' },
    ...EXPRESSION_OPTIONS,
  ],
  examples: [
    'ascend-bundle consts model.onnx --sort bytes',
    "ascend-bundle consts model.onnx --select 'op=Conv bytes>=64KiB'",
    'ascend-bundle consts model.onnx --names-only \\\n  | ascend-bundle build model.onnx --consts @-',
  ],
  values,
  run: listFile,
};

async function listFile({ file: path, namesOnly, sort, select, exclude }: ConstsValues, io: Io): Promise<Outcome<ConstsResult>> {
  const selectors = { select: select.map(parseSelector), exclude: exclude.map(parseSelector) };
  const kind = detectKind(openFile(path));
  const found = kind === 'bundle' ? bundleConsts(path, selectors) : await graphConsts(path);
  const sorted = filtered(found, selectors).sort(ORDERS[sort]);
  const outcome = { result: { path, kind, consts: sorted } };
  return namesOnly ? { ...outcome, raw: namesText(sorted, io) } : outcome;
}

function namesText(consts: readonly ConstFields[], io: Io): string {
  const names = consts.filter(({ eligible }) => eligible).map(({ name }) => name);
  for (const name of names.filter((one) => !isListable(one))) {
    io.warn({
      code: 'NAME_UNLISTABLE',
      message: `${JSON.stringify(name)} is left out: a list of one name a line would not give it back.`,
      fix: 'Name it with --const.',
    });
  }
  return names
    .filter(isListable)
    .map((name) => `${name}\n`)
    .join('');
}

const ORDERS: Record<ConstsValues['sort'], (a: ConstFields, b: ConstFields) => number> = {
  graph: () => 0,
  bytes: (a, b) => b.bytes - a.bytes,
  name: (a, b) => (a.name < b.name ? -1 : 1),
};

/** A row of the list, and what expressions look at. */
interface Listed {
  readonly fields: ConstFields;
  readonly selectable: Selectable;
}

interface Selectors {
  readonly select: readonly Selector[];
  readonly exclude: readonly Selector[];
}

function filtered(all: readonly Listed[], { select, exclude }: Selectors): ConstFields[] {
  const selectables = all.map(({ selectable }) => selectable);
  const chosen = select.length === 0 ? undefined : matchedNames(selectables, select);
  return all
    .filter(
      ({ selectable }) => chosen?.has(selectable.name) !== false && !exclude.some((selector) => matchesSelector(selector, selectable)),
    )
    .map(({ fields }) => fields);
}

async function graphConsts(path: string): Promise<readonly Listed[]> {
  return listConsts((await readGraphSource(path)).graph).candidates.map(({ name, spec, bytes, users, risks }) => ({
    selectable: { name, spec, users },
    fields: {
      name,
      dtype: spec.dtype.name,
      shape: [...spec.shape],
      bytes,
      users: users.map(({ node, type, slot }) => ({ node, type, slot })),
      // A scalar is let through only by an option.
      eligible: spec.shape.length > 0 && risks.every(({ severity }) => severity !== 'error'),
      risks: risks.map(({ code, severity, message }) => ({ code, severity, message })),
    },
  }));
}

/** @throws USAGE for `op` */
function bundleConsts(path: string, { select, exclude }: Selectors): readonly Listed[] {
  refuseOperators([...select, ...exclude], path);
  return openBundleAt(path).weights.map((weight) => {
    const { name, dtype, shape, bytes } = weightFields(weight);
    return {
      selectable: selectableWeight(weight),
      fields: { name, dtype, shape, bytes, users: [], eligible: true, risks: [] },
    };
  });
}
