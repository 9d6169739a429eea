import { defineConfig } from 'vitest/config';

// Threads crash with ffi-rs and with native code in general; forks do not.
const shared = { pool: 'forks' as const, testTimeout: 120_000 };

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
