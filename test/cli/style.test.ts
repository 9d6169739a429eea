// When text has colours, by the option, the variables and the stream.
import { expect, test } from 'vitest';
import { styleFor } from '../../src/cli/style.js';

const TERMINAL = { isTTY: true };
const PIPE = { isTTY: false };

test.each([
  ['on a terminal', 'auto', TERMINAL, {}, true],
  ['in a pipe', 'auto', PIPE, {}, false],
  ['on a terminal that says it has none', 'auto', TERMINAL, { TERM: 'dumb' }, false],
  ['with NO_COLOR', 'auto', TERMINAL, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ['with an empty NO_COLOR, which says nothing', 'auto', TERMINAL, { NO_COLOR: '' }, true],
  ['with FORCE_COLOR', 'auto', PIPE, { FORCE_COLOR: '' }, true],
  ['with FORCE_COLOR=0', 'auto', TERMINAL, { FORCE_COLOR: '0' }, false],
  ['with FORCE_COLOR=false', 'auto', TERMINAL, { FORCE_COLOR: 'false' }, false],
  ['with --color always', 'always', PIPE, { NO_COLOR: '1' }, true],
  ['with --color never', 'never', TERMINAL, { FORCE_COLOR: '1' }, false],
] as const)('%s', (_, choice, stream, env, hasColor) => {
  const style = styleFor(choice, stream, env);
  expect([style.hasColor, style.red('x')]).toEqual([hasColor, hasColor ? '\u001b[31mx\u001b[39m' : 'x']);
});
