// `.npz` files: a ZIP archive of `.npy` entries, one per named array.
import { type Bytes, memoryBytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { type NamedTensor, tensorBytes } from '../graph/tensor.js';
import { npyTensor, readNpyHeader, writeNpyArray } from './encodings/npy-array.js';
import { isZip, readZip, type ZipEntry, zipEntryBytes, zipEntryStart } from './encodings/zip.js';
import { writeZip } from './encodings/zip-write.js';

/** A header that numpy writes for a tensor of numbers is far shorter. */
const HEADER_BYTES = 1 << 16;

/** Any ZIP archive: a `.npz` has no mark of its own. */
export function isNpz(bytes: Bytes): boolean {
  return isZip(bytes.read(0, Math.min(bytes.length, 4)));
}

/**
 * Reads the directory and the headers. Stored arrays stay ranges of the file, compressed ones are inflated when they are read.
 *
 * @throws FILE_KIND, FILE_TRUNCATED, FILE_MALFORMED, DTYPE_UNSUPPORTED
 */
export function readNpz(bytes: Bytes, what: string): NamedTensor[] {
  return readZip(bytes, what).map((entry) => readEntry(entry, what));
}

function readEntry(entry: ZipEntry, archive: string): NamedTensor {
  const what = `${archive}, array "${entry.name}"`;
  if (!entry.name.endsWith('.npy')) {
    throw new AscendBundleError('FILE_KIND', {
      message: `${archive} is not an npz file: its entry "${entry.name}" is not a .npy.`,
      // A checkpoint of PyTorch is a ZIP archive with a pickle, which is a program and is never run here.
      fix: entry.name.endsWith('/data.pkl')
        ? 'This is a PyTorch checkpoint: save its tensors with safetensors.torch.save_file.'
        : 'Write it with numpy.savez.',
    });
  }
  // What is inflated later is bounded by what the array's own header says, not only by what the directory claims.
  const header = readNpyHeader(memoryBytes(zipEntryStart(entry, HEADER_BYTES, archive)), what);
  const size = header.dataOffset + tensorBytes(header.dtype, header.shape);
  if (size !== entry.sizeBytes) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${what} has ${entry.sizeBytes} bytes; its header asks for ${size}.`,
      fix: 'Copy or write the file again.',
    });
  }
  return { name: entry.name.slice(0, -'.npy'.length), ...npyTensor(zipEntryBytes(entry, archive), header, what) };
}

/** @throws DTYPE_UNSUPPORTED for dtypes that numpy has not (bfloat16, float8) */
export function writeNpz(tensors: readonly NamedTensor[]): Bytes {
  return writeZip(tensors.map((tensor) => ({ name: `${tensor.name}.npy`, bytes: writeNpyArray(tensor) })));
}
