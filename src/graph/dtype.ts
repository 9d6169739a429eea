// Data types: one row each, with its number in every world it crosses. The numpy name is the name used everywhere in text and JSON.
import { AscendBundleError } from '../base/errors.js';

export interface DType {
  /** numpy (or ml_dtypes) name; types numpy cannot name have GE's name in lower case. */
  readonly name: string;
  /** Bits per element in memory; elements below 8 bits are packed densely. */
  readonly bits: number;
  /** ge::DataType, the same number in aclDataType and in AttrDef.dt. */
  readonly ge: number;
  /** GE's text name without its DT_ prefix. */
  readonly geName: string;
  /** TensorDescriptor.dtype of ge.proto. 0 where the enum has no number. */
  readonly proto: number;
  /** TensorProto.DataType of ONNX. */
  readonly onnx: number | undefined;
  readonly safetensors: string | undefined;
}

/** ge | GE name | proto | bits | numpy | ONNX | safetensors; `-` where there is none. om-format §7.1. */
const ROWS = `
 0 FLOAT          1  32 float32        1 F32
 1 FLOAT16        2  16 float16       10 F16
 2 INT8           3   8 int8           3 I8
 3 INT32          7  32 int32          6 I32
 4 UINT8          4   8 uint8          2 U8
 6 INT16          5  16 int16          5 I16
 7 UINT16         6  16 uint16         4 U16
 8 UINT32         9  32 uint32        12 U32
 9 INT64          8  64 int64          7 I64
10 UINT64        10  64 uint64        13 U64
11 DOUBLE        12  64 float64       11 F64
12 BOOL          11   8 bool           9 BOOL
13 STRING        13 128 string         8 -
14 DUAL_SUB_INT8 14   8 dual_sub_int8  - -
15 DUAL_SUB_UINT8 15  8 dual_sub_uint8 - -
16 COMPLEX64     16  64 complex64     14 C64
17 COMPLEX128    17 128 complex128    15 -
18 QINT8         18   8 qint8          - -
19 QINT16        19  16 qint16         - -
20 QINT32        20  32 qint32         - -
21 QUINT8        21   8 quint8         - -
22 QUINT16       22  16 quint16        - -
23 RESOURCE      23  64 resource       - -
24 STRING_REF    24 128 string_ref     - -
25 DUAL          25  40 dual           - -
26 VARIANT       26  64 variant        - -
27 BF16          27  16 bfloat16      16 BF16
28 UNDEFINED      0   0 undefined      0 -
29 INT4          28   4 int4          22 -
30 UINT1         29   1 uint1          - -
31 INT2          30   2 int2          26 -
32 UINT2         31   2 uint2         25 -
33 COMPLEX32     32  32 complex32      - -
34 HIFLOAT8      33   8 hifloat8       - -
35 FLOAT8_E5M2   34   8 float8_e5m2   19 F8_E5M2
36 FLOAT8_E4M3FN 35   8 float8_e4m3fn 17 F8_E4M3
37 FLOAT8_E8M0   36   8 float8_e8m0fnu 24 F8_E8M0
38 FLOAT6_E3M2   37   6 float6_e3m2fn  - F6_E3M2
39 FLOAT6_E2M3   38   6 float6_e2m3fn  - F6_E2M3
40 FLOAT4_E2M1   39   4 float4_e2m1fn 23 F4
41 FLOAT4_E1M2   40   4 float4_e1m2    - -
42 HIFLOAT4      41   4 hifloat4       - -
`;

function parseRow(line: string): DType {
  const [ge, geName, proto, bits, name, onnx, safetensors] = line.trim().split(/\s+/) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    name,
    bits: Number(bits),
    ge: Number(ge),
    geName,
    proto: Number(proto),
    onnx: onnx === '-' ? undefined : Number(onnx),
    safetensors: safetensors === '-' ? undefined : safetensors,
  };
}

export const DTYPES: readonly DType[] = ROWS.trim().split('\n').map(parseRow);

export const UNDEFINED_DTYPE: DType = DTYPES.find((row) => row.name === 'undefined') as DType;

function indexBy<K>(key: (row: DType) => K | undefined): ReadonlyMap<K, DType> {
  return new Map(DTYPES.flatMap((row) => (key(row) === undefined ? [] : [[key(row) as K, row]])));
}

const byName = indexBy((row) => row.name);
const byGe = indexBy((row) => row.ge);
const byProto = indexBy((row) => row.proto);
const byOnnx = indexBy((row) => row.onnx);
const bySafetensors = indexBy((row) => row.safetensors);

export const findDType = (name: string): DType | undefined => byName.get(name);
export const dtypeOfGe = (number: number): DType | undefined => byGe.get(number);
export const dtypeOfProto = (number: number): DType | undefined => byProto.get(number);
export const dtypeOfOnnx = (number: number): DType | undefined => byOnnx.get(number);
export const dtypeOfSafetensors = (name: string): DType | undefined => bySafetensors.get(name);
/**
 * The row of a dtype that the program itself names.
 *
 * @throws DTYPE_UNSUPPORTED for a name that is in no row
 */
export function dtype(name: string): DType {
  const row = byName.get(name);
  if (row !== undefined) return row;
  throw new AscendBundleError('DTYPE_UNSUPPORTED', {
    message: `"${name}" is not a dtype.`,
    fix: 'Use a numpy name: float32, float16, bfloat16, float64, int8 … int64, uint8 … uint64, bool.',
  });
}
