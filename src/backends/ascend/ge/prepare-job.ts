// From a compile job to the job of the native process: what is refused before, and the files that GE reads.
import { basename, join } from 'node:path';
import type { Problem } from '../../../base/errors.js';
import { problemsError } from '../../../base/problems.js';
import { modelDefFromGraph } from '../../../formats/encodings/ge-graph-write.js';
import { constsByName } from '../../../graph/consts.js';
import type { Graph } from '../../../graph/graph.js';
import type { RefreshableWeight } from '../../../graph/refreshable.js';
import type { CompileJob } from '../../backend.js';
import type { BuildJob, OptionMap } from './build-job.js';
import { makeFolder, writeGraphFiles } from './graph-file.js';
import { type OnnxForGe, onnxForGe, writeOnnxForGe } from './onnx-model.js';
import { planOptions } from './options/plan.js';
import type { ReadOptions } from './options/read.js';
import { checkSocVersion } from './soc.js';

/** What is known of the installed CANN; nothing in a dry run without one. */
export interface KnownCann {
  /** `8.1.RC1` */
  readonly version: string | undefined;
  readonly socVersions: readonly string[] | undefined;
}

export interface PreparedJob {
  readonly warnings: readonly Problem[];
  /** The job, with its files in this folder; nothing is written. */
  within(folder: string): BuildJob;
  /** The same, with the files that it names written. @throws FILE_IO, INTERRUPTED, TERMINATED, and what reading the weights throws */
  writeFiles(folder: string): Promise<BuildJob>;
}

/** The saved file: this, or this with `_<os>_<cpu>`. */
export const SAVED_NAME = 'bundle';

export interface PrepareOptions {
  readonly options: ReadOptions;
  readonly emitGraphs: boolean;
  readonly cann: KnownCann;
}

/** @throws USAGE, CONST_UNFIT, GRAPH_INVALID: all that can be said before GE starts */
export function prepareJob(compile: CompileJob, { options, emitGraphs, cann }: PrepareOptions): PreparedJob {
  const { source, weights, graphs, withInit, updateGraph } = compile;
  const planned = planOptions(options, { graph: source.graph, isOnnx: source.kind === 'onnx', cannVersion: cann.version });
  const warnings: Problem[] = [...planned.warnings];
  const soc = planned.global.get('ge.socVersion');
  if (soc !== undefined) warnings.push(...checkSocVersion(soc, cann.socVersions));
  warnings.push(...checkSubgraphWeights(source.graph, weights, cann.version));
  const graphName = source.graph.name || basename(source.path);
  const constNames = weights.map(({ constName }) => constName);
  const onnx =
    source.program === undefined ? undefined : onnxForGe({ path: source.path, consts: source.program.consts, weights: constNames });
  const jobIn = (folder: string): BuildJob => {
    const graphFile = join(folder, 'graph.air');
    return {
      graphName,
      source:
        onnx === undefined
          ? { kind: 'graph file', path: graphFile }
          : {
              kind: 'onnx',
              path: onnx.rewritten === undefined ? onnx.path : join(folder, 'onnx/model.onnx'),
              // Without a name GE makes one of the time.
              parser: { output: graphName, ...record(planned.parser) },
              saved: join(folder, 'parsed.air'),
              restored: graphFile,
              names: { initializers: onnx.initializers, weights: weights.map(plainWeight) },
            },
      options: { global: record(planned.global), infer: record(planned.infer), init: record(planned.init), update: record(planned.update) },
      constNames,
      withInit,
      staticUpdate: updateGraph === 'static' ? join(folder, 'update.air') : null,
      output: join(folder, 'out', SAVED_NAME),
      emit: emitGraphs ? emittedPaths(join(folder, 'graphs')) : null,
    };
  };
  return { warnings, within: jobIn, writeFiles: (folder) => writeFiles(jobIn(folder), { onnx, graphs, graph: source.graph, folder }) };
}

function record(map: ReadonlyMap<string, string>): OptionMap {
  return Object.fromEntries(map);
}

function plainWeight({ constName, spec }: RefreshableWeight): { name: string; dtype: string; shape: readonly number[] } {
  return { name: constName, dtype: spec.dtype.name, shape: spec.shape };
}

function emittedPaths(folder: string): NonNullable<BuildJob['emit']> {
  return {
    origin: join(folder, 'origin.air'),
    infer: join(folder, 'infer.air'),
    init: join(folder, 'var_init.air'),
    update: join(folder, 'var_update.air'),
  };
}

interface ToWrite extends Pick<CompileJob, 'graphs'> {
  readonly onnx: OnnxForGe | undefined;
  readonly graph: Graph;
  readonly folder: string;
}

async function writeFiles(job: BuildJob, { onnx, graphs, graph, folder }: ToWrite): Promise<BuildJob> {
  makeFolder(join(folder, 'out'));
  if (job.emit !== null) makeFolder(join(folder, 'graphs'));
  if (job.staticUpdate !== null) await writeGraphFiles(job.staticUpdate, modelDefFromGraph(graphs.varUpdate));
  if (job.source.kind === 'graph file') {
    await writeGraphFiles(job.source.path, modelDefFromGraph(graph));
    return job;
  }
  return { ...job, source: { ...job.source, path: await writeOnnxForGe(onnx as OnnxForGe, folder) } };
}

/** Before 9.0 the Variable of a Const in a sub-graph is put into the main graph, which breaks it (cann-api §1.5). */
function checkSubgraphWeights(graph: Graph, weights: readonly RefreshableWeight[], version: string | undefined): readonly Problem[] {
  const consts = constsByName(graph);
  const inner = weights.filter(({ constName }) => consts.get(constName)?.graph !== graph);
  if (inner.length === 0 || (version !== undefined && Number.parseInt(version, 10) >= 9)) return [];
  const problems = inner.map(({ constName }): Problem => {
    const owner = consts.get(constName)?.graph.name ?? '';
    return {
      code: 'CONST_UNFIT',
      message: `"${constName}" is a Const of the sub-graph "${owner}"; CANN before 9.0 breaks the graph when it becomes a weight.`,
      at: constName,
      fix: 'Leave it out, or build with CANN 9.0 or later.',
    };
  });
  if (version === undefined) return problems.map((problem) => ({ ...problem, code: 'SUBGRAPH_CONST' }));
  throw problemsError('CONST_UNFIT', problems, `${problems.length} weights are in sub-graphs, which CANN ${version} cannot update`);
}
