// The embedded backend: builds without any vendor software, runs on the CPU.
import type { Backend } from '../backend.js';

export const hostBackend: Backend = {
  kind: 'host',
  openCompiler: async () => ({
    async compile(job) {
      const compiled = (await import('./compile.js')).compileBundle(job);
      await job.hooks?.beside?.();
      return compiled;
    },
    [Symbol.asyncDispose]: async () => undefined,
  }),
  open: async (bundle, path) => (await import('./session.js')).openHostSession(bundle, path),
};
