// Between ge.proto's TensorDescriptor and TensorSpec: dtype, shape and format. Source: om-format §3.7, §3.9, §7.
import type { Int64 } from '../../base/protobuf/index.js';
import { type DType, dtypeOfGe, dtypeOfProto, UNDEFINED_DTYPE } from '../../graph/dtype.js';
import { formatName, formatNumber } from '../../graph/format.js';
import type { Shape, TensorSpec } from '../../graph/tensor.js';
import type { AttrDef, TensorDescriptor } from './ge-model.js';

/** GE stores the types below here, and leaves the field `dtype` alone. */
export const DTYPE_ATTR = '__tensor_desc_data_type__';
const DUAL_GE = 25;
const DUAL_STORED = 13;
/** ge::DataType numbers that are stored in `DTYPE_ATTR`. Its numbers are GE's own, except that DUAL is 13. */
const STORED_IN_ATTR: ReadonlySet<number> = new Set([14, 15, 16, 17, 18, 19, 20, 21, 22, DUAL_GE, 33]);

/** The dtype of a descriptor. `undefined` (the row) also stands for a number that no row has. */
function descriptorDType(desc: TensorDescriptor): DType {
  const stored = desc.attr?.get(DTYPE_ATTR)?.i;
  if (stored !== undefined) return dtypeOfGe(Number(stored) === DUAL_STORED ? DUAL_GE : Number(stored)) ?? UNDEFINED_DTYPE;
  return dtypeOfProto(desc.dtype ?? 0) ?? UNDEFINED_DTYPE;
}

/** The field and the attribute that say `dtype`. */
export function storedDType(dtype: DType): { readonly dtype?: number; readonly attr?: AttrDef } {
  if (STORED_IN_ATTR.has(dtype.ge)) return { attr: { i: dtype.ge === DUAL_GE ? DUAL_STORED : dtype.ge } };
  return dtype.proto === 0 ? {} : { dtype: dtype.proto };
}

/** The format's text; `format_for_int` wins over `layout`. Undefined where nothing was said. */
function descriptorFormat(desc: TensorDescriptor): string | undefined {
  const number = desc.attr?.get('format_for_int')?.i;
  const name = number === undefined ? undefined : formatName(Number(number));
  return name ?? (desc.layout === undefined || desc.layout === '' ? undefined : normalFormat(desc.layout));
}

/** One spelling per format: without `FORMAT_`, where the rest is a name of the table. */
function normalFormat(layout: string): string {
  const number = formatNumber(layout);
  return (number === undefined ? undefined : formatName(number)) ?? layout;
}

/**
 * @param fail  ends the reading with a reason
 */
function descriptorShape(desc: TensorDescriptor, fail: (why: string) => never): Shape {
  return (desc.shape?.dim ?? []).map((dim) => {
    if (typeof dim === 'bigint' || dim < -2) fail(`a dimension is ${dim}`);
    return dim as number;
  });
}

export function descriptorSpec(desc: TensorDescriptor, fail: (why: string) => never): TensorSpec {
  const format = descriptorFormat(desc);
  return { dtype: descriptorDType(desc), shape: descriptorShape(desc, fail), ...(format === undefined ? {} : { format }) };
}

/** Fields that older files keep as attributes of the descriptor; there the attribute wins. */
const LEGACY_FIELDS = {
  size: 'size',
  weightSize: 'weight_size',
  dataOffset: 'data_offset',
  realDimCnt: 'real_dim_cnt',
  cmpsSize: 'cmps_size',
  cmpsTabOffset: 'cmps_tab_offset',
} as const;

/** An integer of a descriptor, from the field or, in older files, the attribute of that name. */
export function descriptorInt(desc: TensorDescriptor, field: keyof typeof LEGACY_FIELDS): Int64 | undefined {
  return desc.attr?.get(LEGACY_FIELDS[field])?.i ?? desc[field];
}

/** Attributes that say again what a field says, or where bytes are in a compiled model: not part of a graph's meaning. */
export const BOOKKEEPING_ATTRS: ReadonlySet<string> = new Set([
  ...Object.values(LEGACY_FIELDS),
  DTYPE_ATTR,
  'reuse_input',
  'reuse_input_index',
  'input_tensor',
  'output_tensor',
  'device_type',
  'cmps_tab',
  'merged_offset',
]);
