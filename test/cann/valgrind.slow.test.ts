// The stand-in itself under valgrind: its own errors would be taken for those of the border.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeAir } from '../../src/formats/air.js';
import { cannRoot, driveProgram, hasStandin, standinEnv } from '../support/cann/standin.js';
import { testFolder } from '../support/folder.js';
import { linearGraph } from '../support/linear.js';

const folder = testFolder();
const hasValgrind = spawnSync('valgrind', ['--version']).status === 0;
if (!hasValgrind) console.warn('There is no valgrind: the stand-in CANN is not checked with it.');

test.skipIf(!hasStandin || !hasValgrind).each(['8.1', '9.2'] as const)('a build makes no error and loses nothing (%s)', (layout) => {
  const args = ['--error-exitcode=99', '--leak-check=full', '--errors-for-leak-kinds=definite,possible', '--quiet'];
  const { status, stderr } = spawnSync(
    'valgrind',
    [...args, driveProgram(layout), folder.write('linear.air', writeAir(linearGraph())), folder.path('out'), 'w', 'b'],
    { env: { PATH: process.env['PATH'], ...standinEnv({ layout }), LD_LIBRARY_PATH: join(cannRoot(layout), 'lib64') }, encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
});
