import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Bytes, concatBytes, memoryBytes, zeroBytes } from '../../src/base/bytes.js';
import { AscendBundleError } from '../../src/base/errors.js';
import { writeNpy } from '../../src/formats/npy.js';
import { readNpz, writeNpz } from '../../src/formats/npz.js';
import { dtype } from '../../src/graph/dtype.js';
import { fromBase64, named, plain, tensorOf, toHex } from '../support/tensors.js';

// numpy.savez(f, a=numpy.array([1, 2], numpy.float32), **{'b.c': numpy.array([[3]], numpy.int64)}), numpy 2.4
const SAVEZ =
  'UEsDBC0AAAAAAAAAIQCayqvn//////////8FABQAYS5ucHkBABAAiAAAAAAAAACIAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdmb3J0cmFuX29y' +
  'ZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAACA' +
  'PwAAAEBQSwMELQAAAAAAAAAhAHOtIef//////////wcAFABiLmMubnB5AQAQAIgAAAAAAAAAiAAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICc8aTgnLCAnZm9y' +
  'dHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwgMSksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg' +
  'ICAgCgMAAAAAAAAAUEsBAi0DLQAAAAAAAAAhAJrKq+eIAAAAiAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsBAi0DLQAAAAAAAAAhAHOtIeeIAAAAiAAAAAcA' +
  'AAAAAAAAAAAAAIABvwAAAGIuYy5ucHlQSwUGAAAAAAIAAgBoAAAAgAEAAAAA';
// numpy.savez_compressed(f, a=numpy.full(1000, 7, numpy.float32))
const SAVEZ_COMPRESSED =
  'UEsDBC0AAAAIAAAAIQC2BNy3//////////8FABQAYS5ucHkBABAAIBAAAAAAAABmAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59f' +
  'lJIKEndLzClOBYoXZyQWpAL5GoYGBgY6mjoKtQrkAi4GhgcOo3gUj+JRPIpH8SgexaN4FI/iUTyKR/EoHlgMAFBLAQItAy0AAAAIAAAAIQC2BNy3ZgAAACAQAAAF' +
  'AAAAAAAAAAAAAACAAQAAAABhLm5weVBLBQYAAAAAAQABADMAAACdAAAAAAA=';

const A = named('a', tensorOf('float32', [2], [1, 2]));
const B = named('b.c', tensorOf('int64', [1, 1], [3n]));

test('an archive of numpy.savez is read', () => {
  expect(readNpz(fromBase64(SAVEZ), 'w.npz').map(plain)).toEqual([plain(A), plain(B)]);
});

test('an archive of numpy.savez_compressed is read', () => {
  const [tensor] = readNpz(fromBase64(SAVEZ_COMPRESSED), 'w.npz');
  expect(plain(tensor!)).toEqual({ name: 'a', dtype: 'float32', shape: [1000], values: Array.from({ length: 1000 }, () => 7) });
});

describe('writing', () => {
  test('what is written comes back, names beyond ASCII too', () => {
    const tensors = [A, B, named('层/权重', tensorOf('bool', [], [true]))];
    expect(readNpz(writeNpz(tensors), 'w.npz').map(plain)).toEqual(tensors.map(plain));
  });

  test('two writes of the same tensors are equal', () => {
    expect(toHex(writeNpz([A, B]))).toBe(toHex(writeNpz([A, B])));
  });

  test('no tensors make an empty archive', () => {
    expect(readNpz(writeNpz([]), 'w.npz')).toEqual([]);
  });
});

test('stored arrays stay ranges of the file', () => {
  const file = writeNpz([A]);
  const raw = Uint8Array.from(file.read());
  const [tensor] = readNpz(memoryBytes(raw), 'w.npz');
  expect(tensor!.data.read().buffer).toBe(raw.buffer);
});

interface Entry {
  readonly name: string;
  readonly content: Bytes;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory claims, when it lies. */
  readonly sizeBytes?: number;
  readonly crc?: number;
  readonly descriptor?: boolean;
}

/** A plain archive maker that can lie; an independent reading of APPNOTE. */
function archive(entries: readonly Entry[], comment = ''): Bytes {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const raw = Buffer.from(entry.content.read());
    const packed = entry.method === 8 ? deflateRawSync(raw) : raw;
    const crc = entry.crc ?? referenceCrc(raw);
    const size = entry.sizeBytes ?? raw.length;
    const flags = (entry.flags ?? 0) | (entry.descriptor ? 8 : 0);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(entry.method ?? 0, 8);
    local.writeUInt16LE(entry.name.length, 26);
    const tail = Buffer.alloc(entry.descriptor ? 16 : 0);
    if (entry.descriptor) {
      tail.writeUInt32LE(0x08074b50);
      tail.writeUInt32LE(crc, 4);
      tail.writeUInt32LE(packed.length, 8);
      tail.writeUInt32LE(size, 12);
    } else {
      local.writeUInt32LE(crc, 14);
      local.writeUInt32LE(packed.length, 18);
      local.writeUInt32LE(size, 22);
    }
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(entry.method ?? 0, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(size, 24);
    central.writeUInt16LE(entry.name.length, 28);
    central.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(entry.name), packed, tail);
    centrals.push(central, Buffer.from(entry.name));
    offset += 30 + entry.name.length + packed.length + tail.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return memoryBytes(Buffer.concat([...locals, directory, end, Buffer.from(comment)]));
}

function referenceCrc(raw: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of raw) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('archives of other writers', () => {
  test.each([
    ['with data descriptors', archive([{ name: 'a.npy', content: writeNpy(A), descriptor: true, method: 8 }])],
    ['with a comment', archive([{ name: 'a.npy', content: writeNpy(A) }], 'PK\x05\x06 not the end')],
  ])('%s', (_, file) => {
    expect(readNpz(file, 'w.npz').map(plain)).toEqual([plain(A)]);
  });
});

describe('refused', () => {
  const good = writeNpy(A);
  const bomb = writeNpy({ dtype: dtype('uint8'), shape: [1000], data: zeroBytes(1000) });
  test.each([
    [
      'a repeated name',
      archive([
        { name: 'a.npy', content: good },
        { name: 'a.npy', content: good },
      ]),
      'FILE_MALFORMED',
      'occurs twice',
    ],
    ['an encrypted entry', archive([{ name: 'a.npy', content: good, flags: 1 }]), 'FILE_MALFORMED', 'encrypted'],
    ['another method', archive([{ name: 'a.npy', content: good, method: 12 }]), 'FILE_MALFORMED', 'compression method 12'],
    ['an entry that is no array', archive([{ name: 'readme.txt', content: good }]), 'FILE_KIND', '"readme.txt" is not a .npy'],
    [
      'a header for other data than there is',
      archive([{ name: 'a.npy', content: bomb.slice(0, 500), method: 8 }]),
      'FILE_MALFORMED',
      'has 500 bytes; its header asks for 1128',
    ],
    ['two sizes of a stored entry', archive([{ name: 'a.npy', content: good, sizeBytes: 99 }]), 'FILE_MALFORMED', 'two sizes'],
    ['a truncated archive', archive([{ name: 'a.npy', content: good }]).slice(0, 200), 'FILE_TRUNCATED', 'no end record'],
    ['an empty file', memoryBytes(new Uint8Array(0)), 'FILE_TRUNCATED', 'no end record'],
  ])('%s', (_, file, code, words) => {
    expect(() => readNpz(file, 'w.npz')).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  });

  test('a PyTorch checkpoint, with the way out', () => {
    const checkpoint = archive([{ name: 'model/data.pkl', content: good }]);
    expect(() => readNpz(checkpoint, 'model.pt')).toThrow(
      expect.objectContaining({ code: 'FILE_KIND', fix: expect.stringContaining('safetensors.torch.save_file') }),
    );
  });

  test('an entry that inflates to more than its array has is stopped', () => {
    const honest = writeNpy({ dtype: dtype('uint8'), shape: [1000], data: zeroBytes(1000) });
    const bombed = concatBytes([honest, zeroBytes(2_000_000)]);
    const [tensor] = readNpz(archive([{ name: 'a.npy', content: bombed, method: 8, sizeBytes: honest.length }]), 'w.npz');
    expect(() => tensor!.data.read()).toThrow(expect.objectContaining({ code: 'FILE_MALFORMED' }));
  });

  test('a wrong checksum of a compressed entry is noticed', () => {
    const [tensor] = readNpz(archive([{ name: 'a.npy', content: good, method: 8, crc: 1 }]), 'w.npz');
    expect(() => tensor!.data.read()).toThrow(expect.objectContaining({ code: 'FILE_MALFORMED' }));
  });
});

test('no damage to an archive gives anything but an error of ours', () => {
  for (const method of [0, 8]) {
    const whole = Buffer.from(archive([{ name: 'a.npy', content: writeNpy(A), method }]).read());
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0, 0x7f, 0xff]) {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;
        try {
          for (const tensor of readNpz(memoryBytes(damaged), 'w.npz')) tensor.data.read();
        } catch (error) {
          expect(error).toBeInstanceOf(AscendBundleError);
        }
      }
      expect(() => readNpz(memoryBytes(whole.subarray(0, at)), 'w.npz')).toThrow(AscendBundleError);
    }
  }
});
