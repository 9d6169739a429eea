// npm run demo: the lines that a newcomer would type next, shown and run in a fresh temporary folder.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const LINES = [
  'ascend-bundle build examples/linear/graph.json --consts const_1,const_2 -o linear.om',
  'ascend-bundle run linear.om --input x=@examples/linear/x.npy -o out',
  'ascend-bundle run linear.om --input x=@examples/linear/x.npy --update examples/linear/new.safetensors -o out2',
  'ascend-bundle inspect linear.om',
];

const project = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-demo-'));
cpSync(join(project, 'examples'), join(folder, 'examples'), { recursive: true });
try {
  for (const line of LINES) {
    console.log(`\n$ ${line}`);
    const [, ...args] = line.split(' ');
    const { status } = spawnSync(process.execPath, [join(project, 'bin/ascend-bundle.js'), ...args], { cwd: folder, stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
