// The codec against @bufbuild/protobuf, on random messages, both ways.

import { toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryBytes } from '../../src/base/bytes.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { decode, encode, message } from '../../src/base/protobuf/index.js';
import {
  ALL_FIELDS,
  All,
  AllDesc,
  AllUnpacked,
  allValues,
  comparable,
  readByThem,
  theirBytes,
  toTheirs,
  type Value,
} from '../support/protobuf-oracle.js';

const runs = { numRuns: 120 };

test('what they write, we read', () => {
  fc.assert(
    fc.property(allValues, (value) => {
      expect(comparable(decode(All, memoryBytes(theirBytes(value))))).toEqual(comparable(value));
    }),
    runs,
  );
});

test('what we write, they read', () => {
  fc.assert(
    fc.property(allValues, fc.constantFrom(All, AllUnpacked), (value, type) => {
      expect(toBinary(AllDesc, readByThem(encode(type, value).read()))).toEqual(toBinary(AllDesc, toTheirs(value)));
    }),
    runs,
  );
});

test('packed where it was not expected, and the other way round, is read alike', () => {
  fc.assert(
    fc.property(allValues, (value) => {
      const unpacked = encode(AllUnpacked, value);
      expect(comparable(decode(All, unpacked))).toEqual(comparable(value));
      expect(comparable(decode(AllUnpacked, encode(All, value)))).toEqual(comparable(value));
    }),
    runs,
  );
});

test('fields that a table does not know survive reading and writing', () => {
  const names = Object.keys(ALL_FIELDS);
  fc.assert(
    fc.property(allValues, fc.subarray(names), (value, known) => {
      const Part = message<Value>(
        'Part',
        Object.fromEntries(known.map((name) => [name, (ALL_FIELDS as Record<string, unknown>)[name]])) as never,
      );
      const again = encode(Part, decode(Part, memoryBytes(theirBytes(value))));
      expect(comparable(decode(All, again))).toEqual(comparable(value));
    }),
    runs,
  );
});

test('a message whose parts come in several pieces is merged as they merge it', () => {
  fc.assert(
    fc.property(fc.array(allValues, { minLength: 2, maxLength: 4 }), (parts) => {
      const raw = Buffer.concat(parts.map((inner) => encode(All, { inner }).read()));
      const theirs = toBinary(AllDesc, readByThem(raw));
      expect(comparable(decode(All, memoryBytes(raw)))).toEqual(comparable(decode(All, memoryBytes(theirs))));
    }),
    runs,
  );
});

test('maps can be written in the order of their keys, as bytes', () => {
  const map = new Map(['b', 'é', '\u{10000}', '\uffff', 'a', ''].map((key, i) => [key, i]));
  const sorted = decode(All, encode(All, { map_int32: map }, { sortMaps: true }))['map_int32'] as Map<string, number>;
  expect([...sorted.keys()]).toEqual([...map.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  expect([...(decode(All, encode(All, { map_int32: map }))['map_int32'] as Map<string, number>).keys()]).toEqual([...map.keys()]);
});

describe('damage', () => {
  function survives(raw: Uint8Array): void {
    try {
      JSON.stringify(comparable(decode(All, memoryBytes(raw), 'x')), (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
    } catch (error) {
      expect(error).toBeInstanceOf(AscendBundleError);
      expect(error).toMatchObject({ code: 'FILE_MALFORMED', at: expect.stringMatching(/^byte \d+$/) });
    }
  }

  test('cutting a message anywhere gives a message or a typed error', () => {
    fc.assert(
      fc.property(allValues, (value) => {
        const raw = encode(All, value).read();
        for (let end = 0; end < Math.min(raw.length, 200); end++) survives(raw.subarray(0, end));
      }),
      { numRuns: 50 },
    );
  });

  test('changing bytes of a message gives a message or a typed error', () => {
    fc.assert(
      fc.property(
        allValues,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        (value, changes) => {
          const raw = Uint8Array.from(encode(All, value).read());
          for (const [at, byte] of changes) if (raw.length > 0) raw[at % raw.length] = byte;
          survives(raw);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('bytes that are no message give a message or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (raw) => survives(raw)),
      { numRuns: 500 },
    );
  });
});
