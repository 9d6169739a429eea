// The data sets of an execution: a data buffer per input and output, a tensor desc where the model does not know the shape.
// Source: cann-api §3.5, "Building data sets".
import { AscendBundleError } from '../../../base/errors.js';
import type { Address } from '../native/memory.js';
import type { Releases } from '../native/releases.js';
import type { Device } from './device.js';
import type { SentTensor } from './messages.js';
import { structBytes } from './model-description.js';

const FORMAT_ND = 2;
const NULL = 0n;

export interface Dataset {
  readonly address: Address;
  /** A buffer of device memory, or none: then the execution allocates it. */
  add(data: Address, bytes: number): Address;
  /** The shape of the buffer at `index`. AscendCL keeps a copy. */
  describe(index: number, dtype: number, shape: readonly number[]): void;
}

export function createDataset({ native }: Device, releases: Releases): Dataset {
  const address = native.call('aclmdlCreateDataset');
  releases.add(() => native.call('aclmdlDestroyDataset', address));
  return {
    address,
    add(data, bytes) {
      const buffer = native.call('aclCreateDataBuffer', data, bytes);
      releases.add(() => native.call('aclDestroyDataBuffer', buffer));
      native.call('aclmdlAddDatasetBuffer', address, buffer);
      return buffer;
    },
    describe(index, dtype, shape) {
      const dims = structBytes(Math.max(shape.length, 1) * 8);
      for (const [i, dim] of shape.entries()) dims.writeBigInt64LE(BigInt(dim), 8 * i);
      const desc = native.call('aclCreateTensorDesc', dtype, shape.length, dims, FORMAT_ND);
      try {
        native.call('aclmdlSetDatasetTensorDesc', address, desc, index);
      } finally {
        native.call('aclDestroyTensorDesc', desc);
      }
    },
  };
}

/**
 * Copies a tensor into device memory of at least `room` bytes.
 *
 * @throws FILE_MALFORMED when the file is not as long as the tensor
 */
export function uploadTensor(device: Device, { file, bytes }: SentTensor, room: number, releases: Releases): Address {
  if (Math.max(room, bytes) === 0) return NULL;
  const size = Math.max(room, bytes);
  const to = device.allocate(size, releases);
  if (file === null) return to;
  const mapped = device.native.memory.mapFile(file, 'read');
  try {
    if (mapped.length !== bytes) {
      throw new AscendBundleError('FILE_MALFORMED', {
        message: `${file} has ${mapped.length} bytes where the tensor has ${bytes}: something has changed it on its way to the device.`,
        fix: 'Keep other programs out of the folder for temporary files.',
      });
    }
    device.copyIn(to, size, mapped.address, bytes);
  } finally {
    mapped.unmap();
  }
  return to;
}
