// For which dtypes ONNX Runtime has a kernel on a CPU, and what to compute with where it has none.
// Measured with onnxruntime-node 1.30 at opset 21 by opening a session for every operator and dtype; test/backends/kernels.slow.test.ts
// holds it. An operator that is not here has a kernel for every dtype.

/** operator | dtypes with a kernel | inputs of that dtype (all) | outputs of that dtype (0) | `moves` when it only moves values. */
const ROWS = `
Add         | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64
Sub         | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64
Mul         | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64
Div         | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64
Mod         | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64
Abs         | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64
Sign        | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64
Neg         | float32 float16 float64 int8 int16 int32 int64
Less | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 |  | -
LessOrEqual | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 |  | -
Greater | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 |  | -
GreaterOrEqual | float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 |  | -
And | bool
Or | bool
Xor | bool
Not | bool
BitwiseAnd | int8 int16 int32 int64 uint8 uint16 uint32 uint64
BitwiseOr | int8 int16 int32 int64 uint8 uint16 uint32 uint64
BitwiseXor | int8 int16 int32 int64 uint8 uint16 uint32 uint64
BitwiseNot | int8 int16 int32 int64 uint8 uint16 uint32 uint64
IsNaN | float32 float16 float64 |  | -
IsInf | float32 float16 float64 |  | -
Pow         | float32 float16 float64 int32 int64
PRelu       | float32 float16
MatMul      | float32 float16 float64 int32 int64 uint32 uint64
Gemm        | float32 float16 float64
Einsum      | float32 float16 float64 int32 int64
Max         | float32 float16 float64 int8 int32 int64 uint8 uint32 uint64
Min         | float32 float16 float64 int8 int32 int64 uint8 uint32 uint64
Clip        | float32 float16 float64 int8 int32 int64 uint8 uint32 uint64
Sum         | float32 float16 float64
BitShift    | uint8 uint32 uint64
Sqrt        | float32 float16 float64
Exp         | float32 float16 float64
Log         | float32 float16 float64
Sin         | float32 float16 float64
Cos         | float32 float16 float64
Tan         | float32 float16
Asin        | float32 float16
Acos        | float32 float16
Atan        | float32 float16
Sinh        | float32 float16
Cosh        | float32 float16
Asinh       | float32 float16
Acosh       | float32 float16
Atanh       | float32 float16
Erf         | float32 float16
Reciprocal  | float32 float16 float64
Floor       | float32 float16 float64
Ceil        | float32 float16 float64
Round       | float32 float16 float64
Relu        | float32 float16 float64 int8 int32
LeakyRelu   | float32 float16
Elu         | float32 float16
Selu        | float32 float16
Celu        | float32
Gelu        | float32 float16
Sigmoid     | float32 float16 float64
HardSigmoid | float32 float16
HardSwish   | float32 float16
Mish        | float32 float16
Softplus    | float32 float16
Softsign    | float32 float16
Tanh        | float32 float16 float64
ThresholdedRelu | float32 float16
Softmax     | float32 float16 float64
LogSoftmax  | float32 float16 float64
Hardmax     | float32 float16
CumSum      | float32 float16 float64 int32 int64             | 0
ReduceSum   | float32 float16 float64 int32 int64             | 0
ReduceMean  | float32 float16 float64 int32 int64             | 0
ReduceProd  | float32 float16 float64 int32 int64             | 0
ReduceL1    | float32 float16 float64 int32 int64             | 0
ReduceL2    | float32 float16 float64 int32 int64             | 0
ReduceMax   | float32 float16 float64 int8 int32 int64 uint8 bool | 0
ReduceMin   | float32 float16 float64 int8 int32 int64 uint8 bool | 0
ReduceLogSum    | float32 float16 float64 int32 int64         | 0
ReduceLogSumExp | float32 float16 float64 int32 int64         | 0
ReduceSumSquare | float32 float16 float64 int32 int64         | 0
ArgMax      | float32 float16 float64 int8 int32 int64 uint8  | 0 | -
ArgMin      | float32 float16 float64 int8 int32 int64 uint8  | 0 | -
TopK        | float32 float16 float64 int8 int16 int32 int64 uint8 | 0
NonZero     | float32 float16 int32 int64 uint8 bool          | 0 | -
Where       | float32 float16 float64 int32 int64 uint8       | 1 2 | 0 | moves
Pad         | float32 float16 float64 int8 int32 int64 uint8 uint32 uint64 bool | 0 2 | 0 | moves
OneHot      | float32 float16 int64                           | 2 | 0 | moves
Trilu       | float32 float16 float64 int32 int64 bool        | 0 | 0 | moves
DepthToSpace | float32 float16 float64 int8 uint8             | 0 | 0 | moves
SpaceToDepth | float32 float16 float64 int8 uint8             | 0 | 0 | moves
Resize      | float32 float16 int8 int32 uint8                | 0
Unique      | float32 float16 float64 int8 int64              | 0
Range       | float32 float64 int16 int32 int64
Conv            | float32 float16
ConvTranspose   | float32 float16
MaxPool         | float32 float16 float64 int8 uint8              | 0 | 0 | moves
AveragePool     | float32 float16
LpPool          | float32 float16
GlobalAveragePool | float32 float16
GlobalMaxPool   | float32 float16
LRN             | float32 float16
InstanceNormalization | float32 float16
MeanVarianceNormalization | float32 float16
Det             | float32 float16
`;

export interface Kernel {
  readonly dtypes: ReadonlySet<string>;
  /** Whether input (or output) i has the dtype that the kernels are listed by. */
  hasInput(index: number): boolean;
  hasOutput(index: number): boolean;
  readonly moves: boolean;
}

/**
 * Dtypes whose values, sums and products hold those of the key exactly; a result is cast back, which wraps as the narrow type does.
 * float64 and the 64-bit integers have none.
 */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  bool: ['uint8', 'int32'],
  int8: ['int16', 'int32', 'int64'],
  uint8: ['int32', 'int64', 'uint32'],
  int16: ['int32', 'int64'],
  uint16: ['int32', 'int64', 'uint32'],
  int32: ['int64'],
  uint32: ['int64'],
  float16: ['float32'],
};

/** What an operator that only moves values may use besides: it need hold the values, not their sums. */
const HOLDERS: Readonly<Record<string, readonly string[]>> = {
  bool: ['float32'],
  int8: ['float32'],
  uint8: ['float32'],
  int16: ['float32'],
  uint16: ['float32'],
  int32: ['float64'],
  uint32: ['float64'],
  // Casting wraps to the signed value and back.
  uint64: ['int64'],
};

export const KERNELS: ReadonlyMap<string, Kernel> = new Map(ROWS.trim().split('\n').map(parseRow));

function parseRow(line: string): [string, Kernel] {
  const [name = '', dtypes = '', inputs = '', outputs = '', moves = ''] = line.split('|').map((cell) => cell.trim());
  const inputSet = new Set(inputs.split(' ').map(Number));
  const outputSet = new Set((outputs === '' ? '0' : outputs).split(' ').map(Number));
  return [
    name,
    {
      dtypes: new Set(dtypes.split(/\s+/)),
      hasInput: (index) => inputs === '' || inputSet.has(index),
      hasOutput: (index) => outputSet.has(index),
      moves: moves === 'moves',
    },
  ];
}

/**
 * The dtype to run `opType` in for values of dtype `name`: itself where there is a kernel (or nothing is known), the narrowest
 * that is exact where there is none, undefined where no dtype is exact.
 */
export function computeDType(opType: string, name: string): string | undefined {
  const kernel = KERNELS.get(opType);
  if (kernel === undefined || kernel.dtypes.has(name)) return name;
  const candidates = [...(WIDER[name] ?? []), ...(kernel.moves ? (HOLDERS[name] ?? []) : [])];
  return candidates.find((candidate) => kernel.dtypes.has(candidate));
}
