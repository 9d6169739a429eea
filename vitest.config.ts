import { defineConfig } from 'vitest/config';

// Threads crash with ffi-rs and with native code in general; forks do not.
// Tests that use ONNX Runtime as a reference send nothing either.
const env = { ORT_DISABLE_TELEMETRY: '1' };
// Vitest leaves one core idle unless told; with two that is half of the machine.
const shared = { pool: 'forks' as const, maxWorkers: '100%', testTimeout: 120_000, env };

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      // Nothing here keeps state in a module, so the files of a worker can share their imports: half the time.
      { test: { ...shared, name: 'fast', isolate: false, include: ['test/**/*.test.ts'], exclude: ['test/**/*.slow.test.ts'] } },
      { test: { ...shared, name: 'slow', include: ['test/**/*.slow.test.ts'] } },
    ],
  },
});
