// Names of tensors as names of files: injective, so that two tensors never meet in one file.
import { createHash } from 'node:crypto';
import { encodeUtf8 } from '../base/protobuf/utf8.js';

/** File systems take 255 bytes; the rest is for the extension and for temporary names. */
const MAX_BYTES = 200;
const HEAD_BYTES = 120;

/**
 * Percent-encodes all but `[A-Za-z0-9._-]`. A name that would be too long keeps its beginning, and `%-` and a hash
 * stand for the whole; the empty name is `%`. Neither can be the encoding of another name, because there `%` is followed by two digits.
 */
export function fileNameOf(name: string): string {
  let out = '';
  for (const byte of encodeUtf8(name)) {
    const character = String.fromCharCode(byte);
    out += /[A-Za-z0-9._-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (out === '') return '%';
  if (out.length <= MAX_BYTES) return out;
  const hash = createHash('sha256').update(encodeUtf8(name)).digest('hex').slice(0, 32);
  return `${out.slice(0, HEAD_BYTES)}%-${hash}`;
}
