import { defineConfig } from 'vitest/config';

// Threads crash with ffi-rs and with native code in general; forks do not.
const shared = { pool: 'forks' as const, testTimeout: 120_000 };

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      { test: { ...shared, name: 'fast', include: ['test/**/*.test.ts'], exclude: ['test/**/*.slow.test.ts'] } },
      { test: { ...shared, name: 'slow', include: ['test/**/*.slow.test.ts'] } },
    ],
  },
});
