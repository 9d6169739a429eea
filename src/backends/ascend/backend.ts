// The ascend backend: GE compiles and AscendCL runs, each in a process of its own.
import type { Backend } from '../backend.js';

export const ascendBackend: Backend = {
  kind: 'ascend',
  openCompiler: async (options) => (await import('./ge/compiler.js')).openCompiler(options),
  open: async (bundle, path, options) => (await import('./acl/session.js')).openDeviceSession(bundle, path, options),
};
