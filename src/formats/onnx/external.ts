// Tensors whose bytes are in another file. It must be in the model's folder or below: a model is not to read its user's other files.
import { dirname } from 'node:path';
import { type Bytes, computedBytes } from '../../base/bytes.js';
import { AscendBundleError, EXIT_CODES } from '../../base/errors.js';
import { openInside } from '../../base/inside-folder.js';
import { openFile } from '../../base/open-file.js';
import type { StringEntry } from '../encodings/onnx-model.js';

export interface ExternalData {
  /**
   * The bytes of one tensor.
   *
   * @param tensor  its name, for errors
   * @param sizeBytes  what its dtype and shape ask for
   * @throws PATH_ESCAPES, FILE_NOT_FOUND, FILE_TRUNCATED, FILE_MALFORMED
   */
  bytes(tensor: string, entries: readonly StringEntry[], sizeBytes: number): Bytes;
}

export function externalData(modelPath: string): ExternalData {
  const folder = dirname(modelPath);
  const opened = new Map<string, Bytes>();
  return {
    bytes(tensor, entries, sizeBytes) {
      const location = entries.find(({ key }) => key === 'location')?.value ?? '';
      const file = opened.get(location) ?? openBeside(folder, location, tensor);
      opened.set(location, file);
      const offset = numberEntry(tensor, entries, 'offset') ?? 0;
      const length = numberEntry(tensor, entries, 'length') ?? file.length - offset;
      if (offset > file.length || length > file.length - offset) {
        throw new AscendBundleError('FILE_TRUNCATED', {
          message: `Tensor "${tensor}" is said to be ${Math.max(length, 0)} bytes at byte ${offset} of ${location}, which has ${file.length} bytes.`,
          at: `byte ${file.length}`,
          fix: 'Copy the file again, whole, beside the model it was exported with.',
        });
      }
      if (length !== sizeBytes) {
        throw new AscendBundleError('FILE_MALFORMED', {
          message: `Tensor "${tensor}" needs ${sizeBytes} bytes for its dtype and shape; the model gives it ${length} bytes of ${location}.`,
          fix: 'Export the model again.',
        });
      }
      return file.slice(offset, offset + length);
    },
  };
}

function openBeside(folder: string, location: string, tensor: string): Bytes {
  if (location === '') {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `Tensor "${tensor}" is external, but the model does not name its file.`,
      fix: 'Export the model again.',
    });
  }
  const owner = `Tensor "${tensor}" of the model`;
  try {
    using file = openInside(folder, location, owner);
    return fileOnDemand(file.path, file.length);
  } catch (cause) {
    throw cause instanceof AscendBundleError && cause.exitCode === EXIT_CODES.io ? unreadable(cause, tensor) : cause;
  }
}

/** Opened for each read: a model may keep thousands of tensors in a file each, more than a process may hold open. */
function fileOnDemand(path: string, sizeBytes: number): Bytes {
  return computedBytes(sizeBytes, (start, end) => {
    using file = openFile(path);
    if (end > file.length) {
      throw new AscendBundleError('FILE_TRUNCATED', {
        message: `${path} has shrunk to ${file.length} bytes since the model was opened.`,
        fix: 'Run again when nothing writes to the file.',
      });
    }
    return file.read(start, end);
  });
}

function numberEntry(tensor: string, entries: readonly StringEntry[], key: string): number | undefined {
  const text = entries.find((entry) => entry.key === key)?.value;
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AscendBundleError('FILE_MALFORMED', {
    message: `The ${key} of external tensor "${tensor}" is ${JSON.stringify(text)}, not a number of bytes.`,
    fix: 'Export the model again.',
  });
}

function unreadable({ code, message, fix }: AscendBundleError, tensor: string): AscendBundleError {
  return new AscendBundleError(code, {
    message: `Tensor "${tensor}" is external: ${message}`,
    fix: code === 'FILE_NOT_FOUND' ? 'Put the file beside the model; both were made by the same export.' : fix,
  });
}
