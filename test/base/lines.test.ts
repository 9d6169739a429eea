import { expect, test } from 'vitest';
import { readLines } from '../../src/base/lines.js';

async function* stream(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

async function lines(source: AsyncIterable<Uint8Array>, maxBytes = 100): Promise<unknown[]> {
  const out: unknown[] = [];
  for await (const line of readLines(source, maxBytes)) out.push(line.kind === 'text' ? line.text : line);
  return out;
}

test('lines come whole however the stream is cut, in the middle of a character too', async () => {
  const text = 'eins\nzwei\r\n\ndrei é\nrest';
  const bytes = Buffer.from(text);
  const expected = ['eins', 'zwei', '', 'drei é', 'rest'];
  for (let size = 1; size <= bytes.length; size++) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    expect(await lines(stream(...pieces))).toEqual(expected);
  }
});

test('a line end at the end of the stream makes no further line', async () => {
  expect(await lines(stream('a\n', 'b\n'))).toEqual(['a', 'b']);
  expect(await lines(stream())).toEqual([]);
});

test('a line over the limit is passed over, and the next one is read', async () => {
  const long = [...Array(50).fill('x'.repeat(9)), '\nok\n'];
  expect(await lines(stream(...long), 100)).toEqual([{ kind: 'too-long', bytes: 450 }, 'ok']);
  expect(await lines(stream('x'.repeat(100), '\n', 'y'.repeat(101)), 100)).toEqual(['x'.repeat(100), { kind: 'too-long', bytes: 101 }]);
});

test('what is not UTF-8 is said to be so', async () => {
  expect(await lines(stream(Uint8Array.of(0xff, 0x0a, 0x61)))).toEqual([{ kind: 'not-utf8' }, 'a']);
});
