// One numpy array: the header of a `.npy` file (versions 1 to 3) and the bytes behind it. Follows numpy/lib/format.py.
import { type Bytes, computedBytes, concatBytes, memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { type DType, dtype } from '../../graph/dtype.js';
import { elementCount, type Tensor, tensorBytes } from '../../graph/tensor.js';
import { fortranToRowMajor } from './fortran-order.js';
import { type PythonValue, parsePythonLiteral } from './python-literal.js';

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** numpy itself refuses a header over 10,000 characters; structured types, which we refuse anyway, are the only long ones. */
const MAX_HEADER_BYTES = 1 << 20;

/** Type code of numpy without its byte order → dtype. numpy has no bfloat16; ml_dtypes writes it as a void of two bytes. */
const DTYPE_OF_CODE: Readonly<Record<string, string>> = {
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  c8: 'complex64',
  c16: 'complex128',
  V2: 'bfloat16',
  bfloat16: 'bfloat16',
};

const CODE_OF_DTYPE: ReadonlyMap<string, string> = new Map(
  Object.entries(DTYPE_OF_CODE)
    .filter(([code]) => !code.startsWith('V') && code !== 'bfloat16')
    .map(([code, name]) => [name, code]),
);

export interface NpyHeader {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly isFortranOrder: boolean;
  /** Bytes that must change places in each number; 1 when the order is right already. */
  readonly swapBytes: number;
  /** Where the data begins. */
  readonly dataOffset: number;
}

export function isNpy(start: Uint8Array): boolean {
  return start.length >= MAGIC.length && MAGIC.every((byte, i) => start[i] === byte);
}

/**
 * Reads the header at the start of `bytes`; the data need not be there.
 *
 * @param what  names the array in errors
 * @throws FILE_KIND, FILE_TRUNCATED, FILE_MALFORMED, DTYPE_UNSUPPORTED
 */
export function readNpyHeader(bytes: Bytes, what: string): NpyHeader {
  const start = bytes.read(0, Math.min(bytes.length, 12));
  if (!isNpy(start)) {
    throw new AscendBundleError('FILE_KIND', {
      message: `${what} is not a numpy array: it does not begin with \\x93NUMPY.`,
      fix: 'Write it with numpy.save.',
      at: 'byte 0',
    });
  }
  const version = start[6];
  if (version !== undefined && (version < 1 || version > 3)) malformed(what, `has format version ${version}; 1 to 3 exist`, 6);
  const lengthBytes = version === 1 ? 2 : 4;
  const prefix = 8 + lengthBytes;
  if (start.length < prefix) truncated(what, prefix, bytes.length);
  const view = new DataView(start.buffer, start.byteOffset);
  const headerBytes = lengthBytes === 2 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > MAX_HEADER_BYTES) malformed(what, `has a header of ${headerBytes} bytes; ${MAX_HEADER_BYTES} are the most`, 8);
  if (prefix + headerBytes > bytes.length) truncated(what, prefix + headerBytes, bytes.length);
  const text = Buffer.from(bytes.read(prefix, prefix + headerBytes)).toString(version === 3 ? 'utf8' : 'latin1');
  const header = parsePythonLiteral(text, (why, at) => malformed(what, `has a header that ${why}`, prefix + at));
  return { ...describe(header, what, prefix), dataOffset: prefix + headerBytes };
}

function describe(header: PythonValue, what: string, at: number): Omit<NpyHeader, 'dataOffset'> {
  if (!(header instanceof Map)) return malformed(what, 'has a header that is not a dict', at);
  const isFortranOrder = header.get('fortran_order');
  const shape = header.get('shape');
  if (typeof isFortranOrder !== 'boolean') return malformed(what, 'has no fortran_order of True or False', at);
  if (!Array.isArray(shape)) return malformed(what, 'has no shape', at);
  for (const dim of shape) {
    if (typeof dim !== 'number' || !Number.isSafeInteger(dim) || dim < 0) malformed(what, `has a shape with ${String(dim)}`, at);
  }
  const dims = shape as readonly number[];
  // 16 is the widest element; with this no later product can leave the exact integers.
  if (!Number.isSafeInteger(elementCount(dims.map((dim) => Math.max(dim, 1))) * 16))
    malformed(what, `has the impossible shape [${dims.join(', ')}]`, at);
  const descr = header.get('descr');
  const { type, swapBytes } = parseDescr(descr, what);
  return { dtype: type, shape: dims, isFortranOrder, swapBytes };
}

function parseDescr(descr: PythonValue | undefined, what: string): { readonly type: DType; readonly swapBytes: number } {
  const match = typeof descr === 'string' ? /^([<>|=]?)(.+)$/.exec(descr) : null;
  const code = match?.[2] ?? '';
  const name = DTYPE_OF_CODE[code];
  if (name === undefined) {
    throw new AscendBundleError('DTYPE_UNSUPPORTED', {
      message: `${what} holds ${nameDescr(descr)}, which is not a tensor of numbers.`,
      fix: 'Save numbers: array.astype(numpy.float32), say.',
    });
  }
  const type = dtype(name);
  // A complex number is two floats, each in its own byte order.
  const swapBytes = match?.[1] === '>' ? (code.startsWith('c') ? type.bits / 16 : type.bits / 8) : 1;
  return { type, swapBytes };
}

function nameDescr(descr: PythonValue | undefined): string {
  if (Array.isArray(descr)) return 'a structured array';
  if (typeof descr !== 'string') return 'no dtype (descr)';
  const families: Record<string, string> = {
    O: 'Python objects',
    U: 'strings',
    S: 'byte strings',
    M: 'dates',
    m: 'time spans',
    V: 'raw bytes',
  };
  const family = families[descr.replace(/^[<>|=]/, '').charAt(0)];
  return family === undefined ? `the dtype "${descr}"` : `${family} ("${descr}")`;
}

/**
 * A whole `.npy` as a tensor. Nothing is read but the header; other byte orders are turned round on reading, and an
 * array in Fortran order is brought into row-major order as a whole when it is first read.
 *
 * @throws as `readNpyHeader`; FILE_MALFORMED when data is left over
 */
export function readNpyArray(bytes: Bytes, what: string): Tensor {
  return npyTensor(bytes, readNpyHeader(bytes, what), what);
}

/** The tensor behind a header that was read already; reads nothing. */
export function npyTensor(bytes: Bytes, header: NpyHeader, what: string): Tensor {
  const size = tensorBytes(header.dtype, header.shape);
  const end = header.dataOffset + size;
  if (end > bytes.length) truncated(what, end, bytes.length);
  if (end < bytes.length) malformed(what, `has ${bytes.length - end} bytes after its data of ${size} bytes`, end);
  let data = bytes.slice(header.dataOffset);
  if (header.swapBytes > 1) data = swappedBytes(data, header.swapBytes);
  if (header.isFortranOrder) data = fortranToRowMajor(data, header.shape, header.dtype.bits / 8, what);
  return { dtype: header.dtype, shape: header.shape, data };
}

function swappedBytes(data: Bytes, size: number): Bytes {
  return computedBytes(data.length, (start, end) => {
    const from = start - (start % size);
    const raw = Uint8Array.from(data.read(from, Math.min(data.length, Math.ceil(end / size) * size)));
    const words = Buffer.from(raw.buffer);
    if (size === 2) words.swap16();
    else if (size === 4) words.swap32();
    else words.swap64();
    return raw.subarray(start - from, end - from);
  });
}

/**
 * The `.npy` of a tensor, version 1.0, data aligned to 64 as numpy does.
 *
 * @throws DTYPE_UNSUPPORTED for what numpy has no type for, bfloat16 among them
 */
export function writeNpyArray(tensor: Tensor): Bytes {
  const code = CODE_OF_DTYPE.get(tensor.dtype.name);
  if (code === undefined) {
    throw new AscendBundleError('DTYPE_UNSUPPORTED', {
      message: `numpy has no dtype ${tensor.dtype.name}, so that it cannot be written as npy.`,
      fix: 'Write it as safetensors or bin.',
    });
  }
  const order = tensor.dtype.bits === 8 ? '|' : '<';
  const dims = tensor.shape.length === 1 ? `${tensor.shape[0]},` : tensor.shape.join(', ');
  const dict = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${dims}), }`;
  const prefix = MAGIC.length + 4;
  const length = Math.ceil((prefix + dict.length + 1) / 64) * 64 - prefix;
  const header = Buffer.alloc(prefix + length, 0x20);
  header.set(MAGIC);
  header.writeUInt16LE(1, 6);
  header.writeUInt16LE(length, 8);
  header.write(dict, prefix, 'latin1');
  header[header.length - 1] = 0x0a;
  return concatBytes([memoryBytes(header), tensor.data]);
}

function malformed(what: string, why: string, at: number): never {
  throw new AscendBundleError('FILE_MALFORMED', { message: `${what} ${why}.`, at: `byte ${at}`, fix: 'Write it again with numpy.save.' });
}

function truncated(what: string, need: number, have: number): never {
  throw new AscendBundleError('FILE_TRUNCATED', {
    message: `${what} ends at byte ${have}; its header asks for ${need} bytes.`,
    at: `byte ${have}`,
    fix: 'Copy or write the file again.',
  });
}
