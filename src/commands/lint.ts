// lint: what may go wrong with the weights of a graph, found before anything is built.
import { AscendBundleError } from '../base/errors.js';
import { candidatesOf } from '../graph/lint.js';
import { type FindingFields, findingsOfGraph, findingsOfWeights } from './shared/findings.js';
import { flag, oneOf, optionValues, text } from './shared/option-values.js';
import { sarifText } from './shared/sarif.js';
import { askedSelection, type SelectionFields } from './shared/selection.js';
import { SELECTION_OPTIONS, SELECTION_VALUES, type SelectionValues } from './shared/selection-options.js';
import { readGraphSource } from './shared/source.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

const LEVELS = ['error', 'warning', 'never'] as const;

export interface LintValues extends SelectionValues {
  readonly graph: string;
  readonly allowScalar: boolean;
  readonly updateGraph: 'ge' | 'static';
  /** `json` is read by the command line: it is --json. */
  readonly format: 'text' | 'json' | 'sarif';
  readonly failOn: (typeof LEVELS)[number];
}

const values: ValuesSchema<LintValues> = optionValues({
  graph: text,
  ...SELECTION_VALUES,
  allowScalar: flag,
  updateGraph: oneOf(['ge', 'static'], 'ge'),
  format: oneOf(['text', 'json', 'sarif'], 'text'),
  failOn: oneOf(LEVELS, 'error'),
});

export interface LintResult {
  readonly path: string;
  readonly kind: string;
  /** `weights`: what was named and selected; `graph`: every constant, as if it were to become a weight. */
  readonly scope: 'weights' | 'graph';
  /** How many constants were looked at. */
  readonly checked: number;
  readonly selection: SelectionFields | null;
  readonly findings: readonly FindingFields[];
  readonly errors: number;
  readonly warnings: number;
  readonly failOn: LintValues['failOn'];
}

export const lint: Verb<LintValues, LintResult> = {
  name: 'lint',
  summary: 'say what speaks against the weights of a graph, without building',
  description: `Applies the rules of \`build\` to the constants that you name or select, and reports all that they find; without names, to every constant of the graph as if it were to become a weight. Ends with exit code 3 when a finding reaches --fail-on.`,
  arguments: [{ name: 'graph', help: 'graph.json, ONNX model or .air file' }],
  options: [
    ...SELECTION_OPTIONS,
    { flags: '--allow-scalar', help: 'as for build: rank-0 weights are no error' },
    { flags: '--update-graph <form>', help: 'as for build', choices: ['ge', 'static'], default: 'ge' },
    {
      flags: '--format <format>',
      help: 'of the findings; json is the same as --json',
      choices: ['text', 'json', 'sarif'],
      default: 'text',
    },
    { flags: '--fail-on <severity>', help: 'the least that is a failure', choices: LEVELS, default: 'error' },
  ],
  examples: [
    'ascend-bundle lint model.onnx --consts fc.weight,fc.bias',
    "ascend-bundle lint model.onnx --select 'op=MatMul' --fail-on warning",
    'ascend-bundle lint model.onnx --consts @names.txt --format sarif > lint.sarif',
  ],
  values,
  run: lintFile,
};

async function lintFile(given: LintValues, io: Io): Promise<Outcome<LintResult>> {
  const asked = askedSelection(given);
  if (asked.isEmpty && given.exclude.length > 0) {
    throw new AscendBundleError('USAGE', {
      message: '--exclude takes away from what is chosen, and nothing is.',
      fix: 'Choose with --select.',
    });
  }
  const { graph, kind } = await io.step('read graph', () => readGraphSource(given.graph));
  const { names, fields, warnings } = asked.resolve(graph, given);
  for (const warning of warnings) io.warn(warning);
  const scope = asked.isEmpty ? 'graph' : 'weights';
  const findings = await io.step('check weights', () => (asked.isEmpty ? findingsOfGraph(graph) : findingsOfWeights(graph, names, given)));
  const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
  const result: LintResult = {
    path: given.graph,
    kind,
    scope,
    checked: asked.isEmpty ? candidatesOf(graph).size : names.length,
    selection: fields,
    findings,
    errors: count('error'),
    warnings: count('warning'),
    failOn: given.failOn,
  };
  return { result, error: failureOf(result), ...(given.format === 'sarif' ? { raw: sarifText(given.graph, findings) } : {}) };
}

function failureOf({ path, errors, warnings, failOn }: LintResult): AscendBundleError | undefined {
  const failures = failOn === 'never' ? 0 : failOn === 'error' ? errors : errors + warnings;
  if (failures === 0) return undefined;
  return new AscendBundleError('CHECK_FAILED', {
    message: `${path}: ${failures} ${failures === 1 ? 'finding reaches' : 'findings reach'} --fail-on ${failOn}.`,
  });
}
