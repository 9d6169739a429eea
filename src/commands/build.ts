// build: a graph and a list of constants → a weight-updatable bundle.
import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import * as z from 'zod';
import type { CompiledBundle, CompileJob, CompilePlan, CompilerFields, GraphSource } from '../backends/backend.js';
import { chooseForBuild, loadBackend } from '../backends/registry.js';
import { fileError } from '../base/bytes.js';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { isSameFile } from '../base/file-system.js';
import { type OutputFile, refuseOutput, writeFilesAtomically } from '../base/output-file.js';
import { problemsError } from '../base/problems.js';
import { lint } from '../graph/lint.js';
import { refreshSplit } from '../graph/refresh.js';
import type { RefreshableWeight } from '../graph/refreshable.js';
import { selectWeights } from '../graph/select.js';
import {
  COMPILER_OPTIONS,
  type CompilerValues,
  checkFramework,
  compilerOptionsGiven,
  compilerRequest,
  withFlags,
} from './build/compiler-options.js';
import { COMPILER_SHAPE } from './build/compiler-shape.js';
import { type BundleFields, bundleFields, openBundleAt, plannedWeightFields } from './shared/bundle.js';
import { manifestBytes } from './shared/manifest.js';
import { type AskedSelection, askedSelection, type SelectionFields } from './shared/selection.js';
import { SELECTION_OPTIONS, type SelectionValues } from './shared/selection-options.js';
import { SELECTION_SHAPE } from './shared/selection-shape.js';
import { readGraphSource } from './shared/source.js';
import { verifyBundle } from './shared/verify-bundle.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface BuildValues extends SelectionValues, CompilerValues {
  readonly graph: string;
  readonly output?: string | undefined;
  readonly init: boolean;
  readonly allowScalar: boolean;
  readonly updateGraph: 'ge' | 'static';
  readonly backend: 'auto' | 'host' | 'ascend';
  /** Where to; true for the place that goes without saying. */
  readonly manifest?: string | true | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
}

const values: ValuesSchema<BuildValues> = z
  .strictObject({
    graph: z.string(),
    ...COMPILER_SHAPE,
    ...SELECTION_SHAPE,
    output: z.string().optional(),
    init: z.boolean().default(true),
    allowScalar: z.boolean().default(false),
    updateGraph: z.enum(['ge', 'static']).default('ge'),
    backend: z.enum(['auto', 'host', 'ascend']).default('auto'),
    manifest: z.union([z.string(), z.literal(true)]).optional(),
    force: z.boolean().default(false),
    dryRun: z.boolean().default(false),
  })
  .transform(withFlags);

export interface BuildResult extends BundleFields {
  readonly bundle: {
    readonly path: string;
    /** Null in a dry run of a compiler that does not run in one. */
    readonly bytes: number | null;
    readonly hostEnv: { readonly os: string; readonly cpu: string } | null;
  };
  readonly graph: { readonly path: string; readonly kind: string; readonly nodes: number };
  /** Null where none was asked for. */
  readonly manifest: { readonly path: string } | null;
  /** Null where the constants were given by name alone. */
  readonly selection: SelectionFields | null;
  /** The vendor's compiler; null for the host. */
  readonly compiler: CompilerFields | null;
  /** Files of --emit-graphs; null where none was asked for. */
  readonly graphs: readonly string[] | null;
  /** The calls that would be made; null but in a dry run of the ascend backend. */
  readonly calls: CompilePlan['calls'] | null;
  readonly dryRun: boolean;
}

export const build: Verb<BuildValues, BuildResult> = {
  name: 'build',
  summary: 'make a weight-updatable bundle from a graph and a list of constants',
  description: `Makes a bundle (.om) with three graphs from a graph.json, an ONNX model or an .air file: inference, weight initialisation, weight update. The constants that you name or select become weights that can be replaced after the build; \`ascend-bundle consts <graph>\` lists the candidates. Options of atc that GE's build takes work by their own names, those that are not listed here too: --input_format, --dynamic_dims, --insert_op_conf, …`,
  arguments: [{ name: 'graph', help: 'graph.json, ONNX model or .air file' }],
  options: [
    ...SELECTION_OPTIONS,
    { flags: '-o, --output <path>', help: 'the bundle to write (default: <graph>.om in the current folder)' },
    { flags: '--no-init', help: 'leave the init graph out: every weight must be given before the first inference' },
    { flags: '--allow-scalar', help: 'accept rank-0 weights, whose update to 0 is skipped' },
    {
      flags: '--update-graph <form>',
      help: 'ge: the device keeps a weight that an update leaves out; static: it is sent again; smaller, takes rank-0 weights',
      choices: ['ge', 'static'],
      default: 'ge',
    },
    { flags: '--backend <kind>', help: 'who compiles', choices: ['auto', 'host', 'ascend'], default: 'auto' },
    { flags: '--manifest [file]', help: 'also write what it is, with a sha256 per weight (default: <output>.manifest.json)' },
    { flags: '--force', help: 'replace an existing output' },
    { flags: '--dry-run', help: 'check everything and show what would be made, with the native calls; write nothing' },
    ...COMPILER_OPTIONS,
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
  const choice = chooseForBuild({ asked: given.backend, geOptions: compilerOptionsGiven(given), env: process.env });
  const path = given.output ?? `${basename(given.graph, extname(given.graph))}.om`;
  const ascend = compilerRequest(given, choice.kind, dirname(path));
  const source = await io.step('read graph', () => readGraphSource(given.graph));
  checkFramework(given.framework, source.kind, given.graph);
  // Before the work, not after it; the write looks again.
  refuseSameFile(path, given.graph);
  refuseOutput(path, given);
  const manifest = manifestPath(path, given);
  if (given.trace !== undefined) {
    refuseSameFile(given.trace, given.graph, '--trace');
    refuseOutput(given.trace, { force: true });
  }
  const { weights, selection } = await io.step('check weights', () => chooseWeights(source, asked, given, io));
  io.useBackend(choice);
  const backend = await loadBackend(choice);
  const job: CompileJob = {
    source,
    weights,
    graphs: refreshSplit(source.graph, weights, { updateGraph: given.updateGraph }),
    withInit: given.init,
    updateGraph: given.updateGraph,
    ascend,
    hooks: { step: (step) => io.detail(step), warn: (warning) => io.warn(warning) },
  };
  const facts = {
    graph: { path: given.graph, kind: source.kind, nodes: source.graph.nodes.length },
    manifest: manifest === undefined ? null : { path: manifest },
    selection,
    graphs: null,
    calls: null,
    dryRun: given.dryRun,
  };
  if (given.dryRun && backend.plan !== undefined) {
    const { compiler, calls, warnings } = await backend.plan(job);
    for (const warning of warnings) io.warn(warning);
    return { result: { ...facts, bundle: { path, bytes: null, hostEnv: null }, compiler, calls, ...plannedFields(weights, given) } };
  }
  const compiled = await io.step('compile', () => backend.compile(job));
  try {
    const bundle = { path, bytes: compiled.bytes.length, hostEnv: compiled.hostEnv };
    const compiler = compiled.compiler ?? null;
    if (given.dryRun) return { result: { ...facts, bundle, compiler, ...plannedFields(weights, given) } };
    const graphs = await io.step('write', () => writeOutputs(path, compiled, { manifest, source, weights, given }));
    return { result: { ...facts, bundle, compiler, graphs, ...bundleFields(openBundleAt(path)) } };
  } finally {
    await compiled.release?.();
  }
}

interface Outputs {
  readonly manifest: string | undefined;
  readonly source: GraphSource;
  readonly weights: readonly RefreshableWeight[];
  readonly given: BuildValues;
}

/** @returns the files of --emit-graphs */
async function writeOutputs(
  path: string,
  compiled: CompiledBundle,
  { manifest, source, weights, given }: Outputs,
): Promise<readonly string[] | null> {
  const { file, bytes, graphs = [] } = compiled;
  let written = '';
  const verify = (temporary: string, of: string): void => {
    if (of !== path) return;
    verifyBundle(temporary, { weights, withInit: given.init });
    written = temporary;
  };
  const files: OutputFile[] = [file === undefined ? { path, bytes } : { path, moveOf: file }];
  if (manifest !== undefined) files.push({ path: manifest, bytes: () => manifestBytes(written, source, given) });
  const folder = given.emitGraphs;
  if (folder === undefined) {
    await writeFilesAtomically(files, { force: given.force, verify });
    return null;
  }
  const emitted = graphs.map(({ name, path: from }) => ({ path: join(folder, emittedName(name, path)), moveOf: from }));
  const made = [folder, ...emitted.map((one) => dirname(one.path))].map(makeFolder);
  try {
    await writeFilesAtomically([...files, ...emitted], { force: given.force, verify });
  } catch (error) {
    for (const first of made) if (first !== undefined) rmSync(first, { recursive: true, force: true });
    throw error;
  }
  return emitted.map((one) => one.path);
}

/** The graphs bear the name of the bundle; weights that GE has put beside them keep the name that the graphs know. */
function emittedName(name: string, bundle: string): string {
  if (name.includes('/')) return name;
  const stem = basename(bundle, extname(bundle));
  return name === 'origin.air' ? `${stem}.air` : `${stem}.${name}`;
}

/** @returns the first folder that had to be made; undefined where all were there */
function makeFolder(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw fileError(path, cause, 'write');
  }
}

function constsRequired(graph: string): AscendBundleError {
  return new AscendBundleError('CONSTS_REQUIRED', {
    message: 'No constants were named, so nothing would be updatable.',
    fix: `Name them with --consts a,b, or choose them with --select. The candidates: ascend-bundle consts ${graph}`,
  });
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
