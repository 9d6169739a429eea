// The embedded backend: builds without any vendor software, runs on the CPU.
import type { Backend } from '../backend.js';
import { compileBundle } from './compile.js';

export const hostBackend: Backend = {
  kind: 'host',
  compile: async (job) => compileBundle(job),
  open: async (bundle, path) => (await import('./session.js')).openHostSession(bundle, path),
};
