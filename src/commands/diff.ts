// diff: whether two bundles, models, graphs or files of weights are the same, and where they differ.
import { AscendBundleError } from '../base/errors.js';
import { diffGraphs } from '../graph/diff.js';
import type { ValueStatus } from '../weights/diff.js';
import {
  type GraphDiff,
  graphDiff,
  type OptionDiff,
  optionDiffs,
  type SideFields,
  type SpecDiff,
  sideFields,
  specDiffs,
  type WeightDiff,
  weightDiff,
} from './diff/fields.js';
import { diffPartitions, type PartitionDifference } from './diff/partitions.js';
import { openSide, type Side } from './diff/side.js';
import { diffValues, type PairedValue, pairValues } from './diff/values.js';
import { flag, optionValues, someOf, text, texts } from './shared/option-values.js';
import { EXPRESSION_OPTIONS, EXPRESSION_VALUES } from './shared/selection-options.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

const DIFF_PARTS = ['options', 'io', 'graph', 'weights', 'partitions'] as const;
export type DiffPart = (typeof DIFF_PARTS)[number];

export interface DiffValues {
  readonly a: string;
  readonly b: string;
  readonly atol: readonly string[];
  readonly rtol: readonly string[];
  readonly select: readonly string[];
  readonly exclude: readonly string[];
  readonly only: readonly DiffPart[];
  readonly ignore: readonly DiffPart[];
  readonly all: boolean;
}

const values: ValuesSchema<DiffValues> = optionValues({
  ...{ a: text, b: text },
  ...{ atol: texts, rtol: texts },
  ...EXPRESSION_VALUES,
  ...{ only: someOf(DIFF_PARTS), ignore: someOf(DIFF_PARTS) },
  all: flag,
});

/** Of each part null where it was not compared, or one of the two files has none. */
export interface DiffResult {
  readonly a: SideFields;
  readonly b: SideFields;
  /** Whether anything differs that counts. */
  readonly differs: boolean;
  readonly options: readonly OptionDiff[] | null;
  readonly io: readonly SpecDiff[] | null;
  readonly graph: GraphDiff | null;
  /** All that were compared, equal ones included, in the order of A. */
  readonly weights: readonly WeightDiff[] | null;
  /** All of both files. */
  readonly partitions: readonly PartitionDifference[] | null;
  /** Whether the text lists everything. */
  readonly all: boolean;
}

export const diff: Verb<DiffValues, DiffResult> = {
  name: 'diff',
  summary: 'say where two bundles, models, graphs or files of weights differ',
  description: `Compares build options, inputs and outputs, the graph, every weight and constant, and the partitions of two bundles of either backend or two models. Graphs and files of weights (safetensors, npz, npy) can be one of the two, or both; then what both have is compared. Ends with exit code 3 when they differ.

A is what is expected: an element of B may differ from it by atol + rtol · |A|; without tolerances nothing may. NaN equals NaN. A weight that is updatable in one file and fixed in the other has the same value all the same.`,
  arguments: [
    { name: 'a', help: 'a bundle, an .om, a graph, or a file of weights' },
    { name: 'b', help: 'what it is compared with' },
  ],
  options: [
    { flags: '--atol <value>', help: 'absolute tolerance of all weights, or NAME:VALUE of one (default: 0)', repeat: true },
    { flags: '--rtol <value>', help: 'relative to the value of A, likewise (default: 0)', repeat: true },
    ...EXPRESSION_OPTIONS,
    { flags: '--only <part>', help: `compare only this: ${DIFF_PARTS.join(', ')}`, choices: DIFF_PARTS, repeat: true },
    { flags: '--ignore <part>', help: 'leave this out', choices: DIFF_PARTS, repeat: true },
    { flags: '--all', help: 'list everything, what is equal too, and not only the worst' },
  ],
  examples: [
    'ascend-bundle diff linear.om tuned.om',
    'ascend-bundle diff linear.om tuned.om --only weights --atol 1e-3',
    "ascend-bundle diff linear.om new.safetensors --select 'name~lora_*'",
  ],
  values,
  run: diffFiles,
};

async function diffFiles(given: DiffValues, io: Io): Promise<Outcome<DiffResult>> {
  const isWanted = (part: DiffPart): boolean => (given.only.length === 0 || given.only.includes(part)) && !given.ignore.includes(part);
  const [a, b] = await io.step('read', async () => [await openSide(given.a), await openSide(given.b)] as const);
  for (const warning of [...a.warnings, ...b.warnings]) io.warn(warning);
  const paired = pairValues(a, b, given);
  const { differences, known } = await io.step('weights', () => diffValues(isWanted('weights') ? paired : [], given));
  const weights = isWanted('weights') ? differences.map(weightDiff) : null;
  // A model alone has no partner among the models of a bundle.
  const isOneKind = (a.kind === 'bundle') === (b.kind === 'bundle') && a.models.length > 0 && b.models.length > 0;
  const partitions = isWanted('partitions') && isOneKind ? await io.step('partitions', () => diffPartitions(a, b, known)) : null;
  const compared = {
    options: isWanted('options') && isOneKind ? optionDiffs(a, b) : null,
    io: isWanted('io') ? specDiffs(a, b) : null,
    graph: isWanted('graph') ? graphDiffOf(a, b) : null,
    weights,
    partitions,
  };
  refuseNothing(compared, given, paired);
  const differs = whatDiffers(compared);
  const result = { a: sideFields(a), b: sideFields(b), differs: differs.length > 0, ...compared, all: given.all };
  return { result, error: differs.length === 0 ? undefined : differsError(given, differs) };
}

function graphDiffOf(a: Side, b: Side): GraphDiff | null {
  if (a.graph === undefined || b.graph === undefined) return null;
  const isOneCompiled = a.models.length > 0 !== b.models.length > 0;
  return graphDiff(a.graph, b.graph, diffGraphs(a.graph, b.graph, { onlyDeclared: isOneCompiled }));
}

type Compared = Pick<DiffResult, DiffPart>;

/** @throws USAGE where the two have nothing in common that was asked for: that nothing differs would be no answer */
function refuseNothing(compared: Compared, { a, b }: DiffValues, paired: readonly PairedValue[]): void {
  const isOfSomething = DIFF_PARTS.some((part) => compared[part] !== null && (part !== 'weights' || paired.length > 0));
  if (isOfSomething) return;
  throw new AscendBundleError('USAGE', {
    message: `Nothing of what was asked for is in both ${a} and ${b}.`,
    fix: 'Leave out --only, --ignore and --exclude, or give two files of one kind.',
  });
}

/** Statuses that need no word. */
const FINE: ReadonlySet<ValueStatus> = new Set(['equal', 'within']);

/** Whether a weight counts as different: by its value, or as one that is updated in another place, or not at all. */
export function weightDiffers({ status, sameUpdate }: WeightDiff): boolean {
  return !FINE.has(status) || sameUpdate === false;
}

function whatDiffers({ options, io, graph, weights, partitions }: Compared): readonly string[] {
  const counts: Readonly<Record<string, number>> = {
    'build option': options?.length ?? 0,
    'input or output': io?.length ?? 0,
    'place of the graph': graph?.differences.length ?? 0,
    weight: weights?.filter(weightDiffers).length ?? 0,
    partition: partitions?.filter(({ counts: does }) => does).length ?? 0,
  };
  return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${count === 1 ? what : plural(what)}`]));
}

function plural(what: string): string {
  const [first, ...rest] = what.split(' ') as [string, ...string[]];
  return what.includes(' of ') ? [`${first}s`, ...rest].join(' ') : what === 'input or output' ? 'inputs or outputs' : `${what}s`;
}

function differsError({ a, b }: DiffValues, differs: readonly string[]): AscendBundleError {
  return new AscendBundleError('CHECK_FAILED', { message: `${a} and ${b} differ: ${differs.join(', ')}.` });
}
