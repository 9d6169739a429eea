// build: a graph and a list of constants → a weight-updatable bundle.
import { basename, extname, resolve } from 'node:path';
import * as z from 'zod';
import type { GraphSource } from '../backends/backend.js';
import { chooseForBuild, loadBackend } from '../backends/registry.js';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { isSameFile } from '../base/file-system.js';
import { type OutputFile, refuseOutput, writeFilesAtomically } from '../base/output-file.js';
import { problemsError } from '../base/problems.js';
import { lint } from '../graph/lint.js';
import { refreshSplit } from '../graph/refresh.js';
import type { RefreshableWeight } from '../graph/refreshable.js';
import { selectWeights } from '../graph/select.js';
import { type BundleFields, bundleFields, openBundleAt, plannedWeightFields } from './shared/bundle.js';
import { manifestBytes } from './shared/manifest.js';
import { type AskedSelection, askedSelection, type SelectionFields } from './shared/selection.js';
import { SELECTION_OPTIONS, type SelectionValues } from './shared/selection-options.js';
import { SELECTION_SHAPE } from './shared/selection-shape.js';
import { readGraphSource } from './shared/source.js';
import { verifyBundle } from './shared/verify-bundle.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface BuildValues extends SelectionValues {
  readonly graph: string;
  readonly output?: string | undefined;
  readonly init: boolean;
  readonly allowScalar: boolean;
  readonly updateGraph: 'ge' | 'static';
  readonly backend: 'auto' | 'host' | 'ascend';
  readonly socVersion?: string | undefined;
  readonly geOption: readonly string[];
  /** Where to; true for the place that goes without saying. */
  readonly manifest?: string | true | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
}

const values: ValuesSchema<BuildValues> = z.strictObject({
  graph: z.string(),
  ...SELECTION_SHAPE,
  output: z.string().optional(),
  init: z.boolean().default(true),
  allowScalar: z.boolean().default(false),
  updateGraph: z.enum(['ge', 'static']).default('ge'),
  backend: z.enum(['auto', 'host', 'ascend']).default('auto'),
  socVersion: z.string().optional(),
  geOption: z.array(z.string()).default([]),
  manifest: z.union([z.string(), z.literal(true)]).optional(),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

export interface BuildResult extends BundleFields {
  readonly bundle: {
    readonly path: string;
    readonly bytes: number;
    readonly hostEnv: { readonly os: string; readonly cpu: string } | null;
  };
  readonly graph: { readonly path: string; readonly kind: string; readonly nodes: number };
  /** Null where none was asked for. */
  readonly manifest: { readonly path: string } | null;
  /** Null where the constants were given by name alone. */
  readonly selection: SelectionFields | null;
  readonly dryRun: boolean;
}

export const build: Verb<BuildValues, BuildResult> = {
  name: 'build',
  summary: 'make a weight-updatable bundle from a graph and a list of constants',
  description: `Makes a bundle (.om) with three graphs from a graph.json, an ONNX model or an .air file: inference, weight initialisation, weight update. The constants that you name or select become weights that can be replaced after the build; \`ascend-bundle consts <graph>\` lists the candidates.`,
  arguments: [{ name: 'graph', help: 'graph.json, ONNX model or .air file' }],
  options: [
    ...SELECTION_OPTIONS,
    { flags: '-o, --output <path>', help: 'the bundle to write (default: <graph>.om in the current folder)' },
    { flags: '--no-init', help: 'leave the init graph out: every weight must be given before the first inference' },
    { flags: '--allow-scalar', help: 'accept rank-0 weights, whose update to 0 is skipped' },
    {
      flags: '--update-graph <form>',
      help: 'ge: a weight may be left out of an update; static: smaller, takes rank-0 weights',
      choices: ['ge', 'static'],
      default: 'ge',
    },
    { flags: '--backend <kind>', help: 'who compiles', choices: ['auto', 'host', 'ascend'], default: 'auto' },
    { flags: '--soc-version <name>', help: 'the chip to compile for (ascend backend)' },
    { flags: '-O, --ge-option <key=value>', help: 'an option of GE (ascend backend)', repeat: true },
    { flags: '--manifest [file]', help: 'also write what it is, with a sha256 per weight (default: <output>.manifest.json)' },
    { flags: '--force', help: 'replace an existing output' },
    { flags: '--dry-run', help: 'check everything and show what would be made; write nothing' },
  ],
  examples: [
    'ascend-bundle build graph.json --consts const_1,const_2',
    'ascend-bundle build model.onnx --consts @names.txt -o model.om',
    "ascend-bundle build model.onnx --select 'op=MatMul,Gemm bytes>=1MiB' \\\n  --exclude 'name~head*'",
    'ascend-bundle consts model.onnx --names-only \\\n  | ascend-bundle build model.onnx --consts @-',
  ],
  values,
  run: runBuild,
};

async function runBuild(given: BuildValues, io: Io): Promise<Outcome<BuildResult>> {
  const asked = askedSelection(given);
  if (asked.isEmpty) throw constsRequired(given.graph);
  const choice = chooseForBuild({ asked: given.backend, geOptions: geOptions(given), env: process.env });
  const source = await io.step('read graph', () => readGraphSource(given.graph));
  const path = given.output ?? `${basename(given.graph, extname(given.graph))}.om`;
  // Before the work, not after it; the write looks again.
  refuseSameFile(path, given.graph);
  refuseOutput(path, given);
  const manifest = manifestPath(path, given);
  const { weights, selection } = await io.step('check weights', () => chooseWeights(source, asked, given, io));
  io.useBackend(choice);
  const backend = await loadBackend(choice);
  const compiled = await io.step('compile', () => {
    const graphs = refreshSplit(source.graph, weights, { updateGraph: given.updateGraph });
    return backend.compile({ source, weights, graphs, withInit: given.init });
  });
  const facts = {
    graph: { path: given.graph, kind: source.kind, nodes: source.graph.nodes.length },
    bundle: { path, bytes: compiled.bytes.length, hostEnv: compiled.hostEnv },
    manifest: manifest === undefined ? null : { path: manifest },
    selection,
  };
  if (given.dryRun) return { result: { ...facts, ...plannedFields(weights, given), dryRun: true } };
  let written = '';
  const verify = (temporary: string, of: string): void => {
    if (of !== path) return;
    verifyBundle(temporary, { weights, withInit: given.init });
    written = temporary;
  };
  const files: OutputFile[] = [{ path, bytes: compiled.bytes }];
  if (manifest !== undefined) files.push({ path: manifest, bytes: () => manifestBytes(written, source, given) });
  await io.step('write', () => writeFilesAtomically(files, { force: given.force, verify }));
  return { result: { ...facts, ...bundleFields(openBundleAt(path)), dryRun: false } };
}

function constsRequired(graph: string): AscendBundleError {
  return new AscendBundleError('CONSTS_REQUIRED', {
    message: 'No constants were named, so nothing would be updatable.',
    fix: `Name them with --consts a,b, or choose them with --select. The candidates: ascend-bundle consts ${graph}`,
  });
}

/** The options given that only GE understands, as they are typed. */
function geOptions({ socVersion, geOption }: BuildValues): string[] {
  return [...(socVersion === undefined ? [] : ['--soc-version']), ...geOption.map(() => '-O')];
}

function refuseSameFile(path: string, graph: string, option = '-o'): void {
  if (!isSameFile(path, graph)) return;
  throw new AscendBundleError('USAGE', {
    message: `The output ${path} is the graph ${graph} itself, which would be lost.`,
    fix: `Give another name with ${option}.`,
  });
}

function manifestPath(output: string, { manifest, graph, force }: BuildValues): string | undefined {
  if (manifest === undefined) return undefined;
  const path = manifest === true ? `${output}.manifest.json` : manifest;
  if (resolve(path) === resolve(output)) {
    throw new AscendBundleError('USAGE', {
      message: `The bundle and its manifest cannot both be ${path}.`,
      fix: 'Give --manifest another name.',
    });
  }
  refuseSameFile(path, graph, '--manifest');
  refuseOutput(path, { force });
  return path;
}

interface ChosenWeights {
  readonly weights: readonly RefreshableWeight[];
  readonly selection: SelectionFields | null;
}

function chooseWeights(source: GraphSource, asked: AskedSelection, given: BuildValues, io: Io): ChosenWeights {
  const { names, fields, warnings } = asked.resolve(source.graph, given);
  for (const warning of warnings) io.warn(warning);
  const weights = selectWeights(source.graph, names, given);
  const findings = lint(source.graph, weights);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw problemsError('CONST_UNFIT', errors, `${errors.length} constants cannot be made updatable`);
  // The static update graph has no condition that a scalar of 0 could fail.
  const isMeant = ({ code }: Problem): boolean => given.updateGraph !== 'static' || code !== 'SCALAR_WEIGHT';
  for (const finding of findings.filter(isMeant)) io.warn(finding);
  return { weights, selection: fields };
}

/** What can be told of a bundle that is not written. */
function plannedFields(weights: readonly RefreshableWeight[], { updateGraph }: BuildValues): BundleFields {
  return {
    layout: 'v2',
    varSize: null,
    updateGraph,
    submodels: [],
    weights: weights.map(plannedWeightFields),
  };
}
