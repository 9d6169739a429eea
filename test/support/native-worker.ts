// A native process of the tests' own, behind the real protocol: it makes the calls of a build or of a run by itself, does what vendors'
// code does to processes, and answers what it is asked.
import { type NativeWorker, startWorker, type WorkerOptions } from '../../src/backends/ascend/worker/client.js';
import { bundleNative } from './native-script.js';

export interface TestRequest {
  readonly kind: 'build' | 'open' | 'crashAtClose' | 'children' | 'echo' | 'throw' | 'steps';
  readonly [field: string]: unknown;
}

export interface TestWorker extends Omit<NativeWorker, 'request'> {
  request(request: TestRequest, options?: Parameters<NativeWorker['request']>[1]): Promise<unknown>;
}

const PROGRAM = `
  import { spawn } from 'node:child_process';
  import { AscendBundleError } from './src/base/errors.js';
  import { serveParent } from './src/backends/ascend/worker/serve.js';

  let atClose = () => undefined;
  serveParent(({ native, folder, step }) => ({
    close: () => atClose(),
    table: {
      crashAtClose: () => {
        atClose = () => process.kill(process.pid, 'SIGSEGV');
      },
      echo: ({ value }) => value,
      open: ({ uses }) => uses.forEach((use) => native.libraries.open(use)),
      steps: async ({ steps }) => {
        for (const one of steps) step(one);
        return steps.length;
      },
      throw: ({ message, code }) => {
        throw code === undefined ? new Error(message) : new AscendBundleError(code, { message, at: 'here' });
      },
      // What GE's operator compilers do: one in our group, one that left it.
      children: () => [false, true].map((detached) => {
        const child = spawn('sleep', ['1000'], { stdio: 'ignore', detached });
        child.unref();
        return child.pid;
      }),
      build: ({ air, names }) => {
        native.libraries.open('build');
        const { call, layouts } = native;
        call('aclgrphBuildInitialize', layouts.options({ 'ge.socVersion': 'Ascend310P3' }));
        const graph = layouts.graph('origin');
        call('Graph.LoadFromFile', graph, air);
        const parts = layouts.refreshableGraphs();
        call('aclgrphConvertToWeightRefreshableGraphs', graph, layouts.strings(names), parts.address);
        const model = layouts.modelBuffer();
        const list = [parts.infer, parts.init, parts.update].map((graph) => ({ graph, options: {} }));
        call('aclgrphBundleBuildModel', layouts.graphsWithOptions(list), model.address);
        call('aclgrphBundleSaveModel', folder + '/m', model.address);
        call('aclgrphBuildFinalize');
        return Number(model.read().length);
      },
    },
  }));
`;

export interface TestWorkers {
  /** The program for `entry`. */
  readonly entry: string;
  start(options: Omit<WorkerOptions, 'entry'>): Promise<TestWorker>;
}

/** Bundled once for the file that calls it, outside of its tests. */
export async function testWorkers(): Promise<TestWorkers> {
  const entry = await bundleNative(PROGRAM);
  return { entry, start: async (options) => (await startWorker({ ...options, entry })) as unknown as TestWorker };
}
