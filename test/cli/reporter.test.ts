// Progress on a terminal and off it.
import { expect, test } from 'vitest';
import { createReporter, type ProgressChoice } from '../../src/cli/reporter.js';
import { styleFor } from '../../src/cli/style.js';

interface Scene {
  readonly progress?: ProgressChoice;
  readonly isQuiet?: boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a stream gets while a verb takes one step and warns. */
async function written({
  progress = 'auto',
  isQuiet = false,
  isTTY = true,
  columns = 80,
  env = { TERM: 'xterm' },
}: Scene): Promise<string> {
  const pieces: string[] = [];
  const stream = {
    isTTY,
    columns,
    write: (piece: string) => {
      pieces.push(piece);
      if (pieces.length > 1000) throw new Error('the spinner writes without end');
      return true;
    },
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  } as unknown as NodeJS.WriteStream;
  const reporter = await createReporter({
    progress,
    isQuiet,
    style: styleFor('auto', stream, env),
    stream: () => stream,
    isTerminal: stream.isTTY,
    env,
  });
  reporter.useBackend({ kind: 'host', reason: 'asked' });
  await reporter.step('compile', () => reporter.warn({ code: 'ODD', message: 'It is odd.', fix: 'Make it even.' }));
  reporter.stop();
  return pieces.join('');
}

const WARNING = 'warning ODD: It is odd.\n  Make it even.\n';
const ESCAPE = '\u001b';
const SPINNER = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/;

test('a terminal sees a spinner, in colour, and the warning stays', async () => {
  const text = await written({});
  expect(text).toMatch(SPINNER);
  expect(text).toContain('compile');
  expect(text).toContain(`${ESCAPE}[33mwarning${ESCAPE}[39m ODD: It is odd.\n`);
});

test('NO_COLOR holds for the spinner too', async () => {
  const text = await written({ env: { TERM: 'xterm', NO_COLOR: '1' } });
  expect(text).toMatch(SPINNER);
  expect(text).toContain(WARNING);
  expect(text).not.toContain(`${ESCAPE}[3`);
});

test.each<[string, Scene]>([
  ['a pipe', { isTTY: false }],
  ['a terminal that says it has no columns, as a pseudo-terminal of a CI does', { columns: 0 }],
  ['a dumb terminal', { env: { TERM: 'dumb' } }],
  ['a CI with a terminal', { env: { TERM: 'xterm', CI: 'true' } }],
])('%s sees plain lines', async (_, scene) => {
  const text = await written({ ...scene, env: { NO_COLOR: '1', ...scene.env } });
  expect(text).toBe(`backend: host (asked)\n${WARNING}`);
});

test('--progress plain gives a line per step, none gives none, --quiet leaves the warnings', async () => {
  const pipe = { isTTY: false };
  expect(await written({ ...pipe, progress: 'plain' })).toMatch(/^backend: host \(asked\)\nwarning .*\n .*\ncompile \([\d.]+ ms\)\n$/);
  expect(await written({ ...pipe, progress: 'none' })).toBe(`backend: host (asked)\n${WARNING}`);
  expect(await written({ ...pipe, isQuiet: true })).toBe(WARNING);
  expect(await written({ isQuiet: true, env: { TERM: 'xterm', NO_COLOR: '1' } })).toBe(WARNING);
});

test('a step that fails is ended, and its time is kept', async () => {
  const pieces: string[] = [];
  const stream = { write: (piece: string) => pieces.push(piece) > 0 } as unknown as NodeJS.WriteStream;
  const reporter = await createReporter({
    progress: 'json',
    isQuiet: false,
    style: styleFor('never', stream, {}),
    stream: () => stream,
    isTerminal: false,
    env: {},
  });
  const failing = reporter.step('write', () => {
    throw new Error('full');
  });
  await expect(failing).rejects.toThrow('full');
  expect(pieces.map((piece) => JSON.parse(piece).state)).toEqual(['start', 'end']);
  expect(reporter.timings).toEqual([{ step: 'write', ms: expect.any(Number) }]);
});
