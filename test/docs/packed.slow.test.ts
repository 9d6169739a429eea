// A user's way: the packed file, installed in an empty folder with the install line of the README.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');

function shell(line: string, cwd: string): string {
  return execFileSync('bash', ['-c', line], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

test('the packed file installs with the line of the README, and its verbs and its library work', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-packed-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const install = /^npm i .*ascend-bundle-\*\.tgz$/m.exec(readFileSync(join(PROJECT, 'README.md'), 'utf8'))?.[0];
  expect(install).toBeDefined();
  shell(`npm pack --ignore-scripts --pack-destination ${folder}`, PROJECT);
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  shell(install as string, folder);
  cpSync(join(PROJECT, 'examples'), join(folder, 'examples'), { recursive: true });

  expect(existsSync(join(folder, 'node_modules/commander'))).toBe(false);
  expect(readdirSync(join(folder, 'node_modules/ascend-bundle/bin'))).toEqual(['ascend-bundle.js', 'package.json']);
  expect(shell('npx ascend-bundle --version', folder).trim()).toMatch(/^\d+\.\d+\.\d+$/);
  shell('npx ascend-bundle build examples/linear/graph.json --consts const_1,const_2 -o linear.om', folder);
  const run = shell(
    'npx ascend-bundle run linear.om --input x=@examples/linear/x.npy --update examples/linear/new.safetensors --json',
    folder,
  );
  // new.safetensors: const_1 = 2 I (with a zero column), const_2 = [10, 20, 30, 40].
  expect(JSON.parse(run).result.outputs[0].preview).toContain('12, 24, 36, 40');

  // The library, as the README shows it; the numbers are x times const_1, without const_2.
  const example = /^```js\n(.*?)^```$/ms.exec(readFileSync(join(PROJECT, 'README.md'), 'utf8'))?.[1] as string;
  writeFileSync(join(folder, 'use.mjs'), example);
  const printed = shell('node use.mjs', folder).replace(/\s+/g, ' ');
  expect(printed).toContain('1, 2, 3, 6, 4, 5, 6, 15');
  expect(example).toContain('[ 1, 2, 3, 6, 4, 5, 6, 15 ]');

  // The types stand on their own: nothing that is bundled or optional is needed to read them.
  writeFileSync(
    join(folder, 'use.mts'),
    `import { build, inspect, openBundle, AscendBundleError, type BuildResult, type TensorData } from 'ascend-bundle';
     const made: BuildResult = await build('g.json', { consts: ['a'], force: true });
     const y: TensorData | undefined = (await (await openBundle(made.bundle.path)).run({}))['y'];
     export const out = [y?.shape, (await inspect('x')).weights[0]?.updateIndex, new AscendBundleError('USAGE', { message: '' }).fix];`,
  );
  const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc');
  const options = '--noEmit --strict --module nodenext --target es2022 --lib es2023,esnext.disposable,dom --types "" --skipLibCheck false';
  expect(shell(`${process.execPath} ${tsc} ${options} use.mts || true`, folder)).toBe('');
});
