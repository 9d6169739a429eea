// Tensors on their way to the native process and back: files in its working folder, gone from there as soon as they are read. What is
// still open stays readable, so a tensor of gigabytes is in nobody's heap.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Bytes, chunks, EMPTY_BYTES } from '../../../base/bytes.js';
import { openFile } from '../../../base/open-file.js';
import { scratchFileError } from '../../../base/temporary-folder.js';
import { dtypeOfGe } from '../../../graph/dtype.js';
import type { Tensor } from '../../../graph/tensor.js';
import { disagree } from './disagree.js';
import type { SentTensor } from './messages.js';

export class TensorFiles {
  readonly #folder: string;
  #next = 0;

  /** @param folder  that both processes see */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A path that nothing has yet. */
  newPath(): string {
    return join(this.#folder, `tensor-${this.#next++}`);
  }

  /** @throws FILE_IO, FILE_NOT_FOUND, and what reading the tensor throws */
  send({ dtype, shape, data }: Tensor): SentTensor {
    const sent = { dtype: dtype.ge, shape: [...shape], bytes: data.length };
    if (data.length === 0) return { ...sent, file: null };
    const file = this.newPath();
    writeBytes(file, data);
    return { ...sent, file };
  }

  /** The bytes of a file of ours; they stay readable when it is removed. */
  open({ file }: SentTensor): Bytes {
    return file === null ? EMPTY_BYTES : openFile(file);
  }

  /** Takes the file away; the tensor reads on. */
  take(sent: SentTensor): Tensor {
    const dtype = dtypeOfGe(sent.dtype);
    if (dtype === undefined) throw disagree(`a tensor came back as type ${sent.dtype}, which is none`);
    const data = this.open(sent);
    this.remove(sent);
    return { dtype, shape: sent.shape, data };
  }

  remove({ file }: SentTensor): void {
    if (file !== null) rmSync(file, { force: true });
  }
}

function writeBytes(path: string, data: Tensor['data']): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'wx', 0o600);
    for (const piece of chunks(data)) {
      for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
    }
  } catch (cause) {
    rmSync(path, { force: true });
    throw (cause as Error).name === 'AscendBundleError' ? cause : scratchFileError(path, cause);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
