// The ascend backend: GE compiles and AscendCL runs, each in a process of its own.
import type { Backend } from '../backend.js';

export const ascendBackend: Backend = {
  kind: 'ascend',
  compile: async (job) => (await import('./ge/compile.js')).compileBundle(job),
  plan: async (job) => (await import('./ge/compile.js')).planBundle(job),
  open: async (bundle, path, options) => (await import('./acl/session.js')).openDeviceSession(bundle, path, options),
};
