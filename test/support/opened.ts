// An opened host bundle without the command line: the session that a backend gives.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Opened, openSession } from '../../src/commands/shared/open-session.js';
import type { Io } from '../../src/commands/verb.js';
import { type BuildOptions, build } from '../../src/index.js';

export const SILENT: Io = {
  warn: () => undefined,
  useBackend: () => undefined,
  detail: () => undefined,
  step: async (_, work) => await work(),
};

/** A folder that is gone after the test. */
export function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Builds the graph on the host and opens the bundle, initialised where it can be; closed after the test. */
export async function openedBundle(graph: string, options: BuildOptions): Promise<Opened> {
  const output = join(folderForTest(), 'model.om');
  await build(graph, { output, backend: 'host', ...options });
  const opened = await openSession(output, 'auto', SILENT);
  onTestFinished(() => opened[Symbol.asyncDispose]());
  if (opened.hasInit) await opened.session.initialize();
  return opened;
}
