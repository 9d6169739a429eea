// The calls of a build, in the order of GE's own documentation (cann-api §1.4). Runs in the native process, and in a dry run.
import type { Caller } from '../native/call.js';
import type { Layouts, RefreshableGraphObjects } from '../native/layouts/index.js';
import type { Address } from '../native/memory.js';
import type { BuildJob, BuildReply, StepTiming } from './build-job.js';

export interface Driven extends Pick<Caller, 'call'> {
  readonly layouts: Layouts;
}

export interface DriveHooks {
  /** Says what comes next; the calls after it block. */
  step(step: string): void;
  /** Takes what is called at last, when the bundle is safe: GE may crash in it. */
  atEnd(work: () => void): void;
  /** Restores the names in the graph that the parser saved. */
  restore(source: Extract<BuildJob['source'], { kind: 'onnx' }>): Promise<void>;
}

/** @throws NATIVE_CALL, SYMBOL_MISSING, and what `restore` throws */
export async function driveBuild(native: Driven, job: BuildJob, hooks: DriveHooks): Promise<BuildReply> {
  const steps: StepTiming[] = [];
  const step = async (name: string, work: () => void | Promise<void>): Promise<void> => {
    hooks.step(name);
    const start = performance.now();
    await work();
    steps.push({ step: name, ms: Math.round((performance.now() - start) * 10) / 10 });
  };
  await step('initialize', () => native.call('aclgrphBuildInitialize', native.layouts.options(job.options.global)));
  hooks.atEnd(() => native.call('aclgrphBuildFinalize'));
  await buildSteps(native, job, step, hooks);
  return { steps };
}

type Step = (name: string, work: () => void | Promise<void>) => Promise<void>;

async function buildSteps({ call, layouts }: Driven, job: BuildJob, step: Step, { restore }: DriveHooks): Promise<void> {
  const { source, emit, options } = job;
  const graph = source.kind === 'onnx' ? layouts.emptyGraph() : layouts.graph(job.graphName);
  if (source.kind === 'onnx') {
    await step('parse', () => call('aclgrphParseONNX', source.path, layouts.options(source.parser), graph));
    await step('restore names', async () => {
      call('Graph.SaveToFile', graph, source.saved);
      await restore(source);
    });
  }
  // Into the same handle: the parsed graph is released by it, and its weights are in memory once.
  await step('load', () => call('Graph.LoadFromFile', graph, source.kind === 'onnx' ? source.restored : source.path));
  if (emit !== null) call('Graph.SaveToFile', graph, emit.origin);
  const parts = layouts.refreshableGraphs();
  await step('convert', () => {
    call('aclgrphConvertToWeightRefreshableGraphs', graph, layouts.strings(job.constNames), parts.address);
  });
  const update = updateGraph({ call, layouts }, job, parts);
  if (emit !== null) {
    // Before the build, which changes them.
    call('Graph.SaveToFile', parts.infer, emit.infer);
    call('Graph.SaveToFile', parts.init, emit.init);
    call('Graph.SaveToFile', update, emit.update);
  }
  const model = layouts.modelBuffer();
  await step('compile', () => {
    const graphs = [
      { graph: parts.infer, options: options.infer },
      ...(job.withInit ? [{ graph: parts.init, options: options.init }] : []),
      { graph: update, options: options.update },
    ];
    call('aclgrphBundleBuildModel', layouts.graphsWithOptions(graphs), model.address);
  });
  await step('save', () => call('aclgrphBundleSaveModel', job.output, model.address));
}

/** GE's own, or the static one of ours, which is given to the same build. */
function updateGraph({ call, layouts }: Driven, { staticUpdate }: BuildJob, parts: RefreshableGraphObjects): Address {
  if (staticUpdate === null) return parts.update;
  const graph = layouts.graph('var_update_graph');
  call('Graph.LoadFromFile', graph, staticUpdate);
  return graph;
}
