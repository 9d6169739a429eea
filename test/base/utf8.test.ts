import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/base/protobuf/utf8.js';

const bytesLikeText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 5 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4 }).map((raw) => Buffer.from(raw)),
      // Lead bytes, and bytes on both sides of what may follow them.
      fc
        .array(
          fc.constantFrom(0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff),
          { maxLength: 6 },
        )
        .map((raw) => Buffer.from(raw)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

test('any bytes come back as they were', () => {
  fc.assert(
    fc.property(bytesLikeText, (raw) => {
      expect(Buffer.from(encodeUtf8(decodeUtf8(raw)))).toEqual(raw);
    }),
    { numRuns: 1000 },
  );
});

test('UTF-8 is read as TextDecoder reads it, and other bytes make lone surrogates of their own', () => {
  fc.assert(
    fc.property(bytesLikeText, (raw) => {
      const text = decodeUtf8(raw);
      const escapes = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;
      expect(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text.replaceAll(escapes, '')))).toBe(
        text.replaceAll(escapes, ''),
      );
      // Where TextDecoder puts U+FFFD, there is an escape, and nowhere else.
      const theirs = new TextDecoder('utf-8', { ignoreBOM: true }).decode(raw);
      expect(text.replaceAll(escapes, '\ufffd').replaceAll(/\ufffd+/g, '\ufffd')).toBe(theirs.replaceAll(/\ufffd+/g, '\ufffd'));
    }),
    { numRuns: 1000 },
  );
});

test('text is written as TextEncoder writes it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      expect(Buffer.from(encodeUtf8(text))).toEqual(Buffer.from(text, 'utf8'));
      expect(decodeUtf8(Buffer.from(text, 'utf8'))).toBe(text);
    }),
  );
});

describe('the forms that UTF-8 forbids', () => {
  test.each([
    ['an overlong slash', 'c0af', '\udcc0\udcaf'],
    ['an overlong three-byte form', 'e09fbf', '\udce0\udc9f\udcbf'],
    ['a surrogate', 'eda080', '\udced\udca0\udc80'],
    ['a number above U+10FFFF', 'f4908080', '\udcf4\udc90\udc80\udc80'],
    ['a sequence cut at the end', '41e282', 'A\udce2\udc82'],
    ['GBK text', 'c4e3bac3', '\udcc4\udce3\udcba\udcc3'],
  ])('%s', (_, hex, text) => {
    expect(decodeUtf8(Buffer.from(hex, 'hex'))).toBe(text);
    expect(Buffer.from(encodeUtf8(text)).toString('hex')).toBe(hex);
  });

  test('do not disturb the letters around them, in long texts too', () => {
    const raw = Buffer.concat([Buffer.from('weight_层_😀_'.repeat(5)), Buffer.from([0xff]), Buffer.from('😀é')]);
    expect(decodeUtf8(raw)).toBe(`${'weight_层_😀_'.repeat(5)}\udcff😀é`);
  });
});
