// How people write dtypes on a command line: numpy's names, and the short ones of IREE, PyTorch and safetensors.
import { type DType, findDType } from './dtype.js';
import { hasElements } from './elements.js';

const SHORT: Readonly<Record<string, string>> = {
  f64: 'float64',
  f32: 'float32',
  f16: 'float16',
  bf16: 'bfloat16',
  i8: 'int8',
  i16: 'int16',
  i32: 'int32',
  i64: 'int64',
  u8: 'uint8',
  u16: 'uint16',
  u32: 'uint32',
  u64: 'uint64',
};

/** undefined for what is no dtype, and for one whose values cannot be given on a command line. */
export function dtypeOfSpelling(text: string): DType | undefined {
  const lower = text.toLowerCase();
  const dtype = findDType(SHORT[lower] ?? lower);
  return dtype !== undefined && hasElements(dtype) ? dtype : undefined;
}

export const DTYPE_SPELLINGS = `${Object.keys(SHORT).join(', ')}, bool, or numpy's names`;

/** The shortest spelling, for examples in messages. */
export function shortSpelling(dtype: DType): string {
  return Object.entries(SHORT).find(([, name]) => name === dtype.name)?.[0] ?? dtype.name;
}
