// The table of kernels against ONNX Runtime itself: a session is opened for every operator of the table and every dtype.
import { InferenceSession } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { HOST_IR_VERSION, HOST_OPSET } from '../../src/backends/host/lower/context.js';
import { KERNELS } from '../../src/backends/host/lower/kernels.js';
import { utf8Bytes } from '../../src/base/bytes.js';
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel, type ValueInfo } from '../../src/formats/encodings/onnx-model.js';
import { dtype } from '../../src/graph/dtype.js';

const DTYPES = 'float32 float16 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool'.split(' ');
const T = 'T';

/** operator → dtype and rank of each input (T is the dtype under test), outputs, attributes. Two matrices of T when not here. */
const FORMS: Readonly<
  Record<string, { in: [string, number][]; out?: string[]; ints?: Record<string, number[]>; int?: Record<string, number> }>
> = {
  ...forms(
    'Sqrt Exp Log Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf Reciprocal Floor Ceil Round Relu LeakyRelu Elu Selu Celu',
    [[T, 2]],
  ),
  ...forms('Gelu Sigmoid HardSigmoid HardSwish Mish Softplus Softsign Tanh ThresholdedRelu Softmax LogSoftmax Hardmax Trilu Det', [[T, 2]]),
  ...forms('Abs Sign Neg Not BitwiseNot', [[T, 2]]),
  ...forms('IsNaN IsInf', [[T, 2]], ['bool']),
  ...forms(
    'Less LessOrEqual Greater GreaterOrEqual',
    [
      [T, 2],
      [T, 2],
    ],
    ['bool'],
  ),
  ...forms('GlobalAveragePool GlobalMaxPool MeanVarianceNormalization', [[T, 4]]),
  ...forms('ReduceSum ReduceMean ReduceProd ReduceL1 ReduceL2 ReduceMax ReduceMin ReduceLogSum ReduceLogSumExp ReduceSumSquare', [
    [T, 2],
    ['int64', 1],
  ]),
  ...forms('ArgMax ArgMin NonZero', [[T, 2]], ['int64']),
  ...forms('Conv ConvTranspose', [
    [T, 4],
    [T, 4],
  ]),
  MaxPool: { in: [[T, 4]], ints: { kernel_shape: [2, 2] } },
  AveragePool: { in: [[T, 4]], ints: { kernel_shape: [2, 2] } },
  LpPool: { in: [[T, 4]], ints: { kernel_shape: [2, 2] } },
  LRN: { in: [[T, 4]], int: { size: 3 } },
  InstanceNormalization: {
    in: [
      [T, 4],
      [T, 1],
      [T, 1],
    ],
  },
  DepthToSpace: { in: [[T, 4]], int: { blocksize: 2 } },
  SpaceToDepth: { in: [[T, 4]], int: { blocksize: 2 } },
  Clip: {
    in: [
      [T, 2],
      [T, 0],
      [T, 0],
    ],
  },
  CumSum: {
    in: [
      [T, 2],
      ['int64', 0],
    ],
  },
  TopK: {
    in: [
      [T, 2],
      ['int64', 1],
    ],
    out: [T, 'int64'],
  },
  Where: {
    in: [
      ['bool', 2],
      [T, 2],
      [T, 2],
    ],
  },
  Pad: {
    in: [
      [T, 2],
      ['int64', 1],
      [T, 0],
    ],
  },
  OneHot: {
    in: [
      ['int64', 1],
      ['int64', 0],
      [T, 1],
    ],
  },
  Range: {
    in: [
      [T, 0],
      [T, 0],
      [T, 0],
    ],
  },
  Gemm: {
    in: [
      [T, 2],
      [T, 2],
      [T, 1],
    ],
  },
  Unique: { in: [[T, 1]] },
  Resize: {
    in: [
      [T, 4],
      ['float32', 1],
      ['float32', 1],
    ],
  },
};

function forms(types: string, inputs: [string, number][], out = [T]): Record<string, { in: [string, number][]; out: string[] }> {
  return Object.fromEntries(types.split(' ').map((type) => [type, { in: inputs, out }]));
}

test.each([...KERNELS.keys()])('%s', async (opType) => {
  const found: string[] = [];
  for (const name of DTYPES) if (await hasKernel(opType, name)) found.push(name);
  expect(found).toEqual(DTYPES.filter((name) => KERNELS.get(opType)?.dtypes.has(name)));
});

/** A dtype that ONNX does not allow counts as one without a kernel. */
async function hasKernel(opType: string, name: string): Promise<boolean> {
  const form = FORMS[opType] ?? {
    in: [
      [T, 2],
      [T, 2],
    ],
  };
  const info = (value: string, type: string, rank?: number): ValueInfo => ({
    name: value,
    type: {
      tensorType: {
        elemType: dtype(type === T ? name : type).onnx as number,
        ...(rank === undefined ? {} : { shape: { dim: Array.from({ length: rank }, () => ({})) } }),
      },
    },
  });
  const outputs = form.out ?? [T];
  const attribute = [
    ...Object.entries(form.ints ?? {}).map(([key, ints]) => ({ name: key, ints, type: 7 })),
    ...Object.entries(form.int ?? {}).map(([key, i]) => ({ name: key, i, type: 2 })),
    ...(opType === 'BitShift' ? [{ name: 'direction', s: utf8Bytes('LEFT'), type: 3 }] : []),
    ...(opType === 'Einsum' ? [{ name: 'equation', s: utf8Bytes('ij,jk->ik'), type: 3 }] : []),
  ];
  const graph = {
    name: 'g',
    node: [{ name: 'n', opType, input: form.in.map((_, i) => `i${i}`), output: outputs.map((_, i) => `o${i}`), attribute }],
    input: form.in.map(([type, rank], i) => info(`i${i}`, type, rank)),
    output: outputs.map((type, i) => info(`o${i}`, type)),
  };
  const model = { irVersion: HOST_IR_VERSION, opsetImport: [{ domain: '', version: HOST_OPSET }], graph };
  try {
    const session = await InferenceSession.create(encode(OnnxModel, model, {}).read(), { logSeverityLevel: 4 });
    await session.release();
    return true;
  } catch (error) {
    const isKernelOrType = /Could not find an implementation|NOT_IMPLEMENTED|invalid|Type Error/i.test(String(error));
    if (!isKernelOrType) throw error;
    return false;
  }
}
