import { defineConfig } from 'vitest/config';

// Threads crash with ffi-rs and with native code in general; forks do not.
const shared = { pool: 'forks' as const, testTimeout: 120_000, globalSetup: ['test/support/global-setup.ts'] };

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'fast', include: ['test/**/*.test.ts'], exclude: ['test/**/*.slow.test.ts'] } },
      { test: { ...shared, name: 'slow', include: ['test/**/*.slow.test.ts'] } },
    ],
  },
});
