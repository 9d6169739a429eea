// The ```console blocks of a Markdown file are real: this runs their lines and writes what they print.
//   node scripts/console-blocks.js              all of them; or those that are named
// A test runs the same and holds the files equal.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const PROJECT = resolve(import.meta.dirname, '..');
const BLOCK = /^```console\n(.*?)^```$/gms;
/** A step of over a second says how long it took; on a busy machine that may be any step. */
const SLOW_STEP = /^.+ \(\d+\.\d s\)\n/gm;

/** Every document with console blocks, relative to the project. */
export const DOCUMENTS = [
  'README.md',
  'docs/changing-weights.md',
  ...readdirSync(join(PROJECT, 'examples')).map((name) => `examples/${name}/README.md`),
];

/** The same Markdown, each `$ line` followed by what it prints. All blocks share one fresh folder with a copy of examples/. */
export function withRealOutput(markdown) {
  const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-readme-'));
  try {
    cpSync(join(PROJECT, 'examples'), join(folder, 'examples'), { recursive: true });
    return markdown.replace(BLOCK, (_, block) => {
      const lines = block.split('\n').filter((line) => line.startsWith('$ '));
      return `\`\`\`console\n${lines.map((line) => `${line}\n${run(line.slice(2), folder)}`).join('\n')}\`\`\``;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(line, cwd) {
  const bin = join(PROJECT, 'bin/ascend-bundle.js');
  const script = `exec 2>&1; ascend-bundle() { "${process.execPath}" "${bin}" "$@"; }; ${line}`;
  const { stdout } = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: cwd } });
  return stdout.replace(SLOW_STEP, '');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const asked = process.argv.slice(2);
  const paths = asked.length > 0 ? asked : DOCUMENTS.map((path) => join(PROJECT, path));
  for (const path of paths) writeFileSync(path, withRealOutput(readFileSync(path, 'utf8')));
}
