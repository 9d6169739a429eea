// The work of a build: reads the graph, refuses what cannot be, has it compiled, and writes what came of it.
import { rmSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { BackendChoice, CompiledBundle, CompileJob, Compiler, GraphSource } from '../../backends/backend.js';
import { AscendBundleError, type Problem } from '../../base/errors.js';
import { makeFolders } from '../../base/make-folders.js';
import { type OutputFile, refuseOutput, writeFilesAtomically } from '../../base/output-file.js';
import { problemsError } from '../../base/problems.js';
import { lint, lintData } from '../../graph/lint.js';
import { refreshSplit } from '../../graph/refresh.js';
import type { RefreshableWeight } from '../../graph/refreshable.js';
import { selectWeights } from '../../graph/select.js';
import { type BundleFields, bundleFields, openBundleAt, plannedWeightFields } from '../shared/bundle.js';
import { manifestBytes } from '../shared/manifest.js';
import { refuseSameFile } from '../shared/refuse-same-file.js';
import { type AskedSelection, askedSelection, type SelectionFields } from '../shared/selection.js';
import { readGraphSource } from '../shared/source.js';
import { verifyBundle } from '../shared/verify-bundle.js';
import type { Io, Outcome } from '../verb.js';
import { checkFramework } from './compiler-options.js';
import type { BuildResult, BuildValues } from './signature.js';

export interface BuildMeans {
  readonly output: string;
  readonly choice: BackendChoice;
  readonly compiler: Compiler;
}

export async function runBuild(given: BuildValues, io: Io, { output: path, choice, compiler }: BuildMeans): Promise<Outcome<BuildResult>> {
  const asked = askedSelection(given);
  if (asked.isEmpty) throw constsRequired(given.graph);
  const source = await io.step('read graph', () => readGraphSource(given.graph));
  checkFramework(given.framework, source.kind, given.graph);
  // Before the work, not after it; the write looks again.
  refuseSameFile(path, 'the graph', given.graph);
  refuseOutput(path, given);
  const manifest = manifestPath(path, given);
  if (given.trace !== undefined) {
    refuseSameFile(given.trace, 'the graph', given.graph, '--trace');
    refuseOutput(given.trace, { force: true });
  }
  const { weights, selection } = await io.step('check weights', () => chooseWeights(source, asked, given, io));
  io.useBackend(choice);
  const job: CompileJob = {
    source,
    weights,
    graphs: refreshSplit(source.graph, weights, { updateGraph: given.updateGraph }),
    withInit: given.init,
    updateGraph: given.updateGraph,
    hooks: {
      step: (step) => io.detail(step),
      warn: (warning) => io.warn(warning),
      beside: async (signal) => {
        for await (const finding of lintData(source.graph, weights, signal)) io.warn(finding);
      },
    },
  };
  const facts = {
    graph: { path: given.graph, kind: source.kind, nodes: source.graph.nodes.length },
    manifest: manifest === undefined ? null : { path: manifest },
    selection,
    graphs: null,
    calls: null,
    dryRun: given.dryRun,
  };
  if (given.dryRun && compiler.plan !== undefined) {
    const { compiler: asCompiler, calls, warnings } = await compiler.plan(job);
    for (const warning of warnings) io.warn(warning);
    const bundle = { path, bytes: null, hostEnv: null };
    return { result: { ...facts, bundle, compiler: asCompiler, calls, ...plannedFields(weights, given) } };
  }
  const compiled = await io.step('compile', () => compiler.compile(job));
  const bundle = { path, bytes: compiled.bytes.length, hostEnv: compiled.hostEnv };
  const made = { ...facts, bundle, compiler: compiled.compiler ?? null };
  if (given.dryRun) return { result: { ...made, ...plannedFields(weights, given) } };
  const graphs = await io.step('write', () => writeOutputs(path, compiled, { manifest, source, weights, given }));
  return { result: { ...made, graphs, ...bundleFields(openBundleAt(path)) } };
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
  const made = [folder, ...emitted.map((one) => dirname(one.path))].map((path) => makeFolders(path));
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

function constsRequired(graph: string): AscendBundleError {
  return new AscendBundleError('CONSTS_REQUIRED', {
    message: 'No constants were named, so nothing would be updatable.',
    fix: `Name them with --consts a,b, or choose them with --select. The candidates: ascend-bundle consts ${graph}`,
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
  refuseSameFile(path, 'the graph', graph, '--manifest');
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
  const findings = lint(source.graph, weights, { readData: false });
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
