// The ascend backend: AscendCL runs, in a process of its own.
import { AscendBundleError } from '../../base/errors.js';
import type { Backend } from '../backend.js';

export const ascendBackend: Backend = {
  kind: 'ascend',
  compile: async () => {
    throw new AscendBundleError('BACKEND_UNAVAILABLE', {
      message: 'This version of ascend-bundle cannot build for an Ascend NPU yet.',
      fix: 'To work on the CPU instead, build with --backend host (and without --soc-version and -O); such a bundle does not load on an NPU.',
    });
  },
  open: async (bundle, path, options) => (await import('./acl/session.js')).openDeviceSession(bundle, path, options),
};
