// GE as an open compiler. Its native process is launched at once: it takes as long to load itself as the command line takes to read a
// graph, and nothing is asked of it before everything that can be refused is refused.
import { tmpdir } from 'node:os';
import type { CompiledBundle, CompileJob, CompilePlan, Compiler, CompilerOptions } from '../../backend.js';
import { type CannEnvironment, type Preflight, preflight } from '../cann/index.js';
import { type LaunchedWorker, launchWorker } from '../worker/client.js';
import type { CompilerRequest } from './request.js';

/** What is wrong is said when something is to be compiled. */
export function openCompiler({ request, isDryRun = false }: CompilerOptions = {}): Compiler {
  // Reaching this is a bug of ours: the verb makes the request for this backend.
  if (request === undefined) throw new TypeError('a build by GE without a compiler request');
  return new GeCompiler(request, isDryRun);
}

class GeCompiler implements Compiler {
  readonly #request: CompilerRequest;
  #found: Preflight | undefined;
  #launched: LaunchedWorker | undefined;

  constructor(request: CompilerRequest, isDryRun: boolean) {
    this.#request = request;
    if (isDryRun) return;
    try {
      this.#found = this.#preflight();
      this.#launched = this.#launch(this.#found.environment, tmpdir());
    } catch {
      // Tried again, and said, when it is needed: a mistake in the graph comes first.
    }
  }

  async compile(job: CompileJob): Promise<CompiledBundle> {
    const { compileBundle } = await import('./compile.js');
    const found = this.#found ?? this.#preflight();
    return compileBundle(job, { request: this.#request, found, launch: (parentFolder) => this.#launchIn(parentFolder, found.environment) });
  }

  async plan(job: CompileJob): Promise<CompilePlan> {
    return (await import('./compile.js')).planBundle(job, this.#request);
  }

  #preflight(): Preflight {
    return preflight('build', { ascendHome: this.#request.ascendHome, env: process.env });
  }

  /** The one that is on its way, unless its folder has to be elsewhere. */
  async #launchIn(parentFolder: string, environment: CannEnvironment): Promise<LaunchedWorker> {
    if (this.#launched?.parentFolder !== parentFolder) {
      await this.#launched?.close();
      this.#launched = this.#launch(environment, parentFolder);
    }
    return this.#launched;
  }

  #launch({ env, libraryFolders }: CannEnvironment, parentFolder: string): LaunchedWorker {
    const { timeoutMs, trace } = this.#request;
    return launchWorker({ env, libraryFolders, parentFolder, timeoutMs, trace });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#launched?.close();
  }
}
