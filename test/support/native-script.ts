// Runs a piece of TypeScript that calls native code, in a process of its own: what crashes there must not take the tests along, and
// the linker reads its variables only at the start of a process.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export interface ScriptRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A program in front of node, with its arguments: valgrind, say. */
  readonly under?: readonly string[];
}

/** A function that runs the script with `given` as JSON on its stdin. */
export async function nativeScript(contents: string): Promise<(given: unknown, options?: ScriptOptions) => ScriptRun> {
  const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-script-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
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
  return (given, { env = {}, under = [] } = {}) => {
    const [program = process.execPath, ...args] = [...under, process.execPath, script];
    const { status, signal, stdout, stderr } = spawnSync(program, args, {
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
      cwd: folder,
      input: JSON.stringify(given),
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    });
    return { status, signal, stdout, stderr };
  };
}
