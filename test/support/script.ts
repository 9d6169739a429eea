// Runs a piece of TypeScript that imports the sources, in a process of its own: for what concerns a whole process.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

/** A function that runs the script, so that it is bundled once: give the start of a shell command and stdin, get stdout. */
export async function bundleScript(contents: string): Promise<(input?: Uint8Array, shell?: string) => string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  const code = outputFiles[0]?.text ?? '';
  return (input = new Uint8Array(0), shell = '') => {
    const command = `${shell} exec "$0" --input-type=module -e "$1"`;
    const { stdout, stderr, status } = spawnSync('sh', ['-c', command, process.execPath, code], { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the script failed (${status}): ${stderr}`);
    return stdout.trim();
  };
}
