// A session as a process: its streams, its end, signals.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { BIN, Workplace } from '../support/cli.js';

const BUILD = ['build', 'examples/linear/graph.json', '--consts', 'const_1,const_2', '-o', 'linear.om'];
const INFER = JSON.stringify({ op: 'infer', inputs: ['x=@examples/linear/x.npy'] });

test('one reply a line on stdout and nothing else, whatever fails; the end of the input ends it with 0', async () => {
  const place = new Workplace();
  await place.call(BUILD);
  for (const flags of [[], ['--json']]) {
    const { status, stdout } = place.run(['session', 'linear.om', ...flags], { input: `${INFER}\nnonsense\n${INFER}` });
    const replies = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(replies.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(status).toBe(0);
  }
});

test('a bundle that cannot be opened is an error like any other', async () => {
  const place = new Workplace();
  const { status, stdout } = await place.call(['session', 'nowhere.om', '--json']);
  expect(status).toBe(7);
  expect(JSON.parse(stdout)).toMatchObject({ command: 'session', ok: false, error: { code: 'FILE_NOT_FOUND' } });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a waiting session with %i, and it stays open until then', async (signal, expected) => {
  const place = new Workplace();
  await place.call(BUILD);
  const child = spawn(process.execPath, [BIN, 'session', 'linear.om', '--quiet'], { cwd: place.folder });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const stderr: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => stderr.push(piece));
  for (let i = 0; i < 2; i++) {
    child.stdin.write(`${INFER}\n`);
    expect(JSON.parse((await lines.next()).value as string)).toMatchObject({ ok: true });
  }
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([expected, null]);
  expect(Buffer.concat(stderr).toString()).toMatch(/The session was interrupted, and has been closed/);
});
