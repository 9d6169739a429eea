// Runs a piece of TypeScript that calls native code, in a process of its own: what crashes there must not take the tests along, and
// the linker reads its variables only at the start of a process.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

export interface ScriptRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string>>;
}

/** Bundles a script that may import ffi-rs, for as long as the test file runs that calls this, outside of its tests; its path. */
export async function bundleNative(contents: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-script-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const script = join(folder, 'script.mjs');
  const ffi = pathToFileURL(join(process.cwd(), 'node_modules/ffi-rs/index.js')).href;
  await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    target: 'node20',
    format: 'esm',
    platform: 'node',
    outfile: script,
    // It finds its binary beside itself, so it is not bundled; and the script is nowhere near it.
    plugins: [{ name: 'ffi-rs', setup: ({ onResolve }) => onResolve({ filter: /^ffi-rs$/ }, () => ({ path: ffi, external: true })) }],
  });
  return script;
}

/** A function that runs the script with `given` as JSON on its stdin. Called outside of tests, as the one above. */
export async function nativeScript(contents: string): Promise<(given: unknown, options?: ScriptOptions) => ScriptRun> {
  const script = await bundleNative(contents);
  return (given, { env = {} } = {}) => {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script], {
      env: { PATH: process.env['PATH'] ?? '', HOME: dirname(script), ...env },
      cwd: dirname(script),
      input: JSON.stringify(given),
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    });
    return { status, signal, stdout, stderr };
  };
}
