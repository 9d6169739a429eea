import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { computedBytes, utf8Bytes, zeroBytes } from '../../src/base/bytes.js';
import { type FileSystem, NODE_FILE_SYSTEM } from '../../src/base/file-system.js';
import { refuseOutput, writeFileAtomically, writeFilesAtomically } from '../../src/base/output-file.js';
import { bundleScript } from '../support/script.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const at = (name: string) => join(folder, name);
const failing = computedBytes(10, () => {
  throw new Error('the source failed');
});

test('a file is written whole, and nothing else is left in the folder', async () => {
  await writeFileAtomically(at('a'), utf8Bytes('content'));
  expect(readFileSync(at('a'), 'utf8')).toBe('content');
  expect(readdirSync(folder)).toEqual(['a']);
});

test('an existing file is refused and kept', async () => {
  writeFileSync(at('a'), 'old');
  await expect(writeFileAtomically(at('a'), utf8Bytes('new'))).rejects.toMatchObject({
    code: 'FILE_EXISTS',
    exitCode: 7,
    fix: expect.stringContaining('--force'),
  });
  expect(readFileSync(at('a'), 'utf8')).toBe('old');
});

test('an existing file is replaced with force', async () => {
  writeFileSync(at('a'), 'old');
  await writeFileAtomically(at('a'), utf8Bytes('new'), { force: true });
  expect(readFileSync(at('a'), 'utf8')).toBe('new');
  expect(readdirSync(folder)).toEqual(['a']);
});

test('an existing file is kept, with force too, when the source fails', async () => {
  writeFileSync(at('a'), 'old');
  await expect(writeFileAtomically(at('a'), failing, { force: true })).rejects.toThrow('the source failed');
  expect(readFileSync(at('a'), 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['a']);
});

test('verify sees the finished content under another name, and what it throws leaves nothing', async () => {
  const seen: string[] = [];
  const verify = (path: string) => {
    seen.push(readFileSync(path, 'utf8'));
    expect(existsSync(at('a'))).toBe(false);
    throw new Error('not good');
  };
  await expect(writeFileAtomically(at('a'), utf8Bytes('content'), { verify })).rejects.toThrow('not good');
  expect(seen).toEqual(['content']);
  expect(readdirSync(folder)).toEqual([]);
});

test('a copy of a file with ranges of other bytes, small or most of it', async () => {
  const old = Buffer.from('0123456789'.repeat(1000));
  writeFileSync(at('old'), old);
  for (const size of [1, 9000]) {
    const patches = [
      { offsetBytes: 500, bytes: zeroBytes(size) },
      { offsetBytes: 9999, bytes: utf8Bytes('x') },
    ];
    await writeFilesAtomically([{ path: at('new'), copyOf: at('old'), patches }], { force: true });
    const expected = Buffer.from(old);
    expected.fill(0, 500, 500 + size);
    expected.write('x', 9999);
    expect(readFileSync(at('new')).equals(expected)).toBe(true);
  }
  expect(readFileSync(at('old')).equals(old)).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['new', 'old']);
});

test('what the disk says while it is written counts, even where the last word is good', async () => {
  const flush = async () => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  const fileSystem = { ...NODE_FILE_SYSTEM, flush };
  await expect(writeFileAtomically(at('a'), zeroBytes(40 << 20), { fileSystem })).rejects.toMatchObject({ code: 'FILE_IO' });
  expect(readdirSync(folder)).toEqual([]);
});

test('no flush is under way when the file is closed', async () => {
  let flushing = 0;
  const fileSystem: FileSystem = {
    ...NODE_FILE_SYSTEM,
    async flush(fd) {
      flushing++;
      await NODE_FILE_SYSTEM.flush(fd);
      await new Promise((done) => setTimeout(done, 20));
      flushing--;
    },
    close(fd) {
      expect(flushing).toBe(0);
      NODE_FILE_SYSTEM.close(fd);
    },
  };
  await writeFileAtomically(at('a'), zeroBytes(40 << 20), { fileSystem });
  expect(statSync(at('a')).size).toBe(40 << 20);
  let reads = 0;
  const ending = computedBytes(80 << 20, (start, end) => {
    if (reads++ > 10) throw new Error('the source failed');
    return new Uint8Array(end - start);
  });
  await expect(writeFileAtomically(at('b'), ending, { fileSystem })).rejects.toThrow('the source failed');
});

test('the permissions are those asked for, less the umask', async () => {
  const before = process.umask(0o022);
  await writeFileAtomically(at('open'), utf8Bytes('x'));
  await writeFileAtomically(at('closed'), utf8Bytes('x'), { mode: 0o600 });
  process.umask(before);
  expect([statSync(at('open')).mode & 0o777, statSync(at('closed')).mode & 0o777]).toEqual([0o644, 0o600]);
});

test('of writers at the same time exactly one wins, and the others say that the file exists', async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => writeFileAtomically(at('a'), zeroBytes(1000 + i))));
  const failures = results.filter((result) => result.status === 'rejected');
  expect(failures.map((result) => result.reason.code)).toEqual(Array(7).fill('FILE_EXISTS'));
  expect(readdirSync(folder)).toEqual(['a']);
  const winner = results.findIndex((result) => result.status === 'fulfilled');
  expect(statSync(at('a')).size).toBe(1000 + winner);
});

test('writers at the same time do not disturb one another with force', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, i) => writeFileAtomically(at('a'), zeroBytes(1000 + i), { force: true })));
  expect(readdirSync(folder)).toEqual(['a']);
});

test('a link that leads nowhere is an existing file', async () => {
  symlinkSync('nowhere', at('a'));
  await expect(writeFileAtomically(at('a'), utf8Bytes('x'))).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  expect(readdirSync(folder)).toEqual(['a']);
  expect(lstatSync(at('a')).isSymbolicLink()).toBe(true);
});

test('a link that appears while the file is written is not taken for success', async () => {
  const source = computedBytes(3, () => {
    symlinkSync('nowhere', at('a'));
    return Uint8Array.of(1, 2, 3);
  });
  await expect(writeFileAtomically(at('a'), source)).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  expect(readdirSync(folder)).toEqual(['a']);
});

test('a name of 255 bytes can be written', async () => {
  const name = '重'.repeat(85);
  await writeFileAtomically(at(name), utf8Bytes('x'));
  expect(readdirSync(folder)).toEqual([name]);
});

describe('what is no place for a file', () => {
  test('a folder that does not exist', async () => {
    await expect(writeFileAtomically(at('no/a'), utf8Bytes('x'))).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringContaining(`The folder of ${at('no/a')} does not exist`),
    });
  });

  test('a file where a folder is expected', async () => {
    writeFileSync(at('f'), '');
    await expect(writeFileAtomically(at('f/a'), utf8Bytes('x'))).rejects.toMatchObject({
      code: 'FILE_IO',
      message: expect.stringContaining('has a file where a folder is expected'),
    });
  });

  test('a folder, with force', async () => {
    mkdirSync(at('d'));
    await expect(writeFileAtomically(at('d'), utf8Bytes('x'), { force: true })).rejects.toMatchObject({ code: 'FILE_IO' });
    expect(readdirSync(folder)).toEqual(['d']);
  });

  test('a folder', async () => {
    mkdirSync(at('d'));
    await expect(writeFileAtomically(at('d'), utf8Bytes('x'))).rejects.toMatchObject({
      code: 'FILE_IO',
      message: `${at('d')} is a folder.`,
    });
  });

  test('all of it is said before anything is written, by asking', () => {
    mkdirSync(at('d'));
    writeFileSync(at('f'), '');
    expect(() => refuseOutput(at('new'))).not.toThrow();
    expect(() => refuseOutput(at('f'), { force: true })).not.toThrow();
    expect(() => refuseOutput(at('f'))).toThrow('exists already');
    expect(() => refuseOutput(at('d'), { force: true })).toThrow('is a folder');
    expect(() => refuseOutput(at('no/a'))).toThrow('does not exist');
    expect(() => refuseOutput(at('f/a'))).toThrow('has a file where a folder is expected');
    expect(readdirSync(folder)).toEqual(['d', 'f']);
  });

  test('a pipe or a device, with force', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await expect(writeFileAtomically(at('pipe'), utf8Bytes('x'), { force: true })).rejects.toMatchObject({
      code: 'FILE_IO',
      message: expect.stringContaining('not a regular file'),
    });
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
  });
});

describe('several files', () => {
  const files = (...names: string[]) => names.map((name) => ({ path: at(name), bytes: utf8Bytes(name) }));

  test('appear together', async () => {
    await writeFilesAtomically(files('a', 'b'));
    expect(readdirSync(folder)).toEqual(['a', 'b']);
  });

  test('do not appear when one of them exists', async () => {
    writeFileSync(at('b'), 'old');
    await expect(writeFilesAtomically(files('a', 'b', 'c'))).rejects.toMatchObject({
      code: 'FILE_EXISTS',
      message: expect.stringContaining(at('b')),
    });
    expect(readdirSync(folder)).toEqual(['b']);
  });

  test('do not appear when the source of one fails', async () => {
    await expect(writeFilesAtomically([...files('a'), { path: at('b'), bytes: failing }])).rejects.toThrow('the source failed');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('do not stay when one of them comes into being meanwhile', async () => {
    const late = computedBytes(1, () => {
      writeFileSync(at('b'), 'old');
      return Uint8Array.of(1);
    });
    await expect(writeFilesAtomically([...files('a', 'b'), { path: at('c'), bytes: late }])).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    expect(readdirSync(folder)).toEqual(['b']);
    expect(readFileSync(at('b'), 'utf8')).toBe('old');
  });
});

describe('signals', () => {
  test.each([
    ['SIGINT', 'INTERRUPTED', 130],
    ['SIGTERM', 'TERMINATED', 143],
  ] as const)('%s ends a long write, with nothing left behind', async (signal, code, exitCode) => {
    let reads = 0;
    const endless = computedBytes(2 ** 40, (start, end) => {
      if (reads++ === 1) process.kill(process.pid, signal);
      return new Uint8Array(end - start);
    });
    await expect(writeFileAtomically(at('a'), endless)).rejects.toMatchObject({ code, exitCode });
    expect(reads).toBeLessThan(50);
    expect(readdirSync(folder)).toEqual([]);
    expect(process.listenerCount(signal)).toBe(0);
  });

  test('a signal while the file is verified leaves nothing either', async () => {
    const verify = () => process.kill(process.pid, 'SIGTERM');
    await expect(writeFileAtomically(at('a'), utf8Bytes('x'), { verify })).rejects.toMatchObject({ code: 'TERMINATED' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

const writeMuch = await bundleScript(`
  import { zeroBytes } from './src/base/bytes.js';
  import { writeFileAtomically } from './src/base/output-file.js';
  await writeFileAtomically(process.env.TARGET, zeroBytes(50_000_000)).catch((error) => console.log(error.code, error.exitCode, error.message));
`);

test('a file that does not fit gives a typed error, and leaves nothing', () => {
  // A limit of the shell (in blocks of 512 bytes or more) stands in for a full disk.
  expect(writeMuch(undefined, `ulimit -f 100; TARGET=${at('a')}`)).toBe(`FILE_IO 7 ${at('a')} is larger than files may be here.`);
  expect(readdirSync(folder)).toEqual([]);
});

test('a source whose pieces are made in memory that is used again arrives whole', async () => {
  // As a file is read: every piece into the memory that it is given.
  const source = computedBytes(
    (9 << 20) + 5,
    () => expect.unreachable(),
    (target, start) => {
      for (let i = 0; i < target.length; i++) target[i] = (start + i) % 251;
    },
  );
  await writeFileAtomically(at('turns'), source);
  const written = readFileSync(at('turns'));
  expect(written.length).toBe((9 << 20) + 5);
  expect(written.every((byte, i) => byte === i % 251)).toBe(true);
});
