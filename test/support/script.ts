// Runs a piece of TypeScript that imports the sources, in a process of its own: for what concerns a whole process.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

/**
 * A function that runs the script, so that it is bundled once: give stdin and the start of a shell command, get stdout. For as long as
 * the test file or the `describe` runs that calls it, outside of its tests.
 */
export async function bundleScript(contents: string): Promise<(input?: Uint8Array, shell?: string) => string> {
  const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-script-'));
  // Not when the process exits: vitest kills its workers.
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const script = join(folder, 'script.mjs');
  await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    target: 'node20',
    format: 'esm',
    platform: 'node',
    outfile: script,
  });
  return (input = new Uint8Array(0), shell = '') => {
    const command = `${shell} exec "$0" "$1"`;
    const { stdout, stderr, status } = spawnSync('sh', ['-c', command, process.execPath, script], { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the script failed (${status}): ${stderr}`);
    return stdout.trim();
  };
}
