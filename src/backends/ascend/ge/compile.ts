// A build by GE as the command line sees it: prepares the job, has the native process do it, and takes the bundle that it left.
import { statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { AscendBundleError, type Problem } from '../../../base/errors.js';
import { openFile } from '../../../base/open-file.js';
import { constValue } from '../../../graph/graph.js';
import { allNodes } from '../../../graph/walk.js';
import type { CompiledBundle, CompileHooks, CompileJob, CompilePlan } from '../../backend.js';
import { type CannEnvironment, type Preflight, preflight, pythonWarnings } from '../cann/index.js';
import { createDryNative } from '../native/dry.js';
import type { LaunchedWorker } from '../worker/client.js';
import { driveBuild } from './drive.js';
import { type KnownCann, type PreparedJob, prepareJob } from './prepare-job.js';
import type { CompilerRequest } from './request.js';
import { listFiles, savedBundle } from './saved-bundle.js';

/** What a build by GE stands on. */
export interface Foundation {
  readonly request: CompilerRequest;
  readonly found: Preflight;
  /**
   * @param parentFolder  of the job's folder
   * @throws WORKER_FAILED, FILE_IO
   */
  launch(parentFolder: string): Promise<LaunchedWorker>;
}

/**
 * @throws BACKEND_UNAVAILABLE, USAGE, CONST_UNFIT, GRAPH_INVALID before GE starts; LIBRARY_UNUSABLE, SYMBOL_MISSING, WORKER_FAILED,
 *   NATIVE_CALL, NATIVE_CRASH, NATIVE_TIMEOUT, SAVE_UNCLEAR, INTERRUPTED, TERMINATED, FILE_IO
 */
export async function compileBundle(job: CompileJob, { request, found, launch }: Foundation): Promise<CompiledBundle> {
  const { environment, warnings, ...checked } = found;
  const cann = knownCann(checked);
  const { options, emitGraphs } = request;
  // Everything that can be said without the process is said before it is asked anything.
  const prepared = prepareJob(job, { options, emitGraphs, cann });
  for (const warning of warnings) job.hooks?.warn(warning);
  try {
    const launched = await launch(scratchFolder(job, request));
    return await compileIn(launched, job, prepared, cann);
  } catch (error) {
    await explainFailure(error, job, environment);
    throw error;
  }
}

function knownCann({ version, chips }: Pick<Preflight, 'version' | 'chips'>): KnownCann {
  return { version: version?.text, socVersions: chips?.names };
}

/** GE's words rarely lead to the Python that its operator compiler needs; asking it takes a while, so only a failure is worth it. */
async function explainFailure(error: unknown, { hooks }: CompileJob, environment: CannEnvironment): Promise<void> {
  if (!(error instanceof AscendBundleError) || error.class !== 'native') return;
  for (const warning of await pythonWarnings(environment)) hooks?.warn(warning);
}

async function compileIn(launched: LaunchedWorker, job: CompileJob, prepared: PreparedJob, cann: KnownCann): Promise<CompiledBundle> {
  for (const warning of prepared.warnings) job.hooks?.warn(warning);
  const native = await prepared.writeFiles(launched.folder);
  const worker = await launched.ready();
  const { steps } = await withBeside(async () => {
    const reply = await worker.request({ kind: 'build', job: native }, { onStep: job.hooks?.step });
    // The bundle is complete: GE may end, or fail to, while it is looked at.
    void worker.end(job.hooks?.warn);
    return reply;
  }, job.hooks);
  const { path, hostEnv, warnings } = savedBundle(dirname(native.output));
  for (const warning of warnings) job.hooks?.warn(warning);
  const graphs =
    native.emit === null
      ? []
      : listFiles(dirname(native.emit.origin)).map((name) => ({ name, path: `${dirname(native.emit?.origin ?? '')}/${name}` }));
  return {
    bytes: openFile(path),
    hostEnv,
    file: path,
    graphs,
    compiler: { cann: cann.version ?? null, soc: native.options.global['ge.socVersion'] ?? null, steps },
  };
}

async function withBeside<T>(work: () => Promise<T>, hooks: CompileHooks | undefined): Promise<T> {
  const failed = new AbortController();
  try {
    const [result] = await Promise.all([work(), hooks?.beside?.(failed.signal)]);
    return result;
  } finally {
    failed.abort();
  }
}

/** The calls of a build, with the options that they would have. Needs no CANN; what one would know of the options is then not checked. */
export async function planBundle(job: CompileJob, { ascendHome, options, emitGraphs }: CompilerRequest): Promise<CompilePlan> {
  const { cann, missing } = cannForPlan(ascendHome);
  const { warnings, within } = prepareJob(job, { options, emitGraphs, cann });
  await job.hooks?.beside?.();
  const native = within(PLANNED_FOLDER);
  const dry = createDryNative();
  const last: (() => void)[] = [];
  await driveBuild(dry, native, { step: () => undefined, restore: async () => undefined, atEnd: (work) => void last.push(work) });
  for (const work of last) work();
  return {
    compiler: { cann: cann.version ?? null, soc: native.options.global['ge.socVersion'] ?? null, steps: [] },
    calls: dry.calls,
    // Without an installation it is no news that it has no list of chips.
    warnings: [...missing, ...warnings.filter(({ code }) => missing.length === 0 || code !== 'SOC_UNCHECKED')],
  };
}

function cannForPlan(ascendHome: string | undefined): { readonly cann: KnownCann; readonly missing: readonly Problem[] } {
  try {
    return { cann: knownCann(preflight('build', { ascendHome, env: process.env })), missing: [] };
  } catch (error) {
    if (!(error instanceof AscendBundleError) || error.code !== 'BACKEND_UNAVAILABLE') throw error;
    // A plan is of use without the means to carry it out.
    const { code, message, fix } = error;
    return { cann: { version: undefined, socVersions: undefined }, missing: [{ code, message, fix }] };
  }
}

/** Stands for the job's folder, which does not exist before there is a job. */
const PLANNED_FOLDER = '<job>';

/** Of the bytes of the weights: graph file, saved graph, bundle. */
const ROOM = 3;

/**
 * The folder for temporary files where there is room, else the folder of the output: from there a bundle of gigabytes is moved
 * without a copy, but whatever ends this process without warning leaves the job's folder to its guard.
 */
function scratchFolder({ source }: CompileJob, { outputFolder }: CompilerRequest): string {
  const bytes = [...allNodes(source.graph)].reduce((sum, { node }) => sum + (constValue(node)?.data.length ?? 0), 0);
  const temporary = tmpdir();
  if (bytes < LARGE_BYTES) return temporary;
  try {
    if (statSync(temporary).dev === statSync(outputFolder).dev) return temporary;
    const { bavail, bsize } = statfsSync(temporary);
    return bavail * bsize > ROOM * bytes ? temporary : outputFolder;
  } catch {
    // What is wrong with it is said where the job's folder is made.
    return temporary;
  }
}

const LARGE_BYTES = 64 << 20;
