// Inputs whose values the shapes of outputs depend on, so that shape inference needs them as constants.
import { slotName } from '../const-users.js';
import { type Graph, type Node, splitRef } from '../graph.js';

/** Slots (joined by +) → GE operators. Facts: op-prototypes and GE's shape inference; random, sparse and string operators included. */
const GE_SLOTS: Readonly<Record<string, string>> = {
  shape: `AddManySparseToTensorsMap AddSparseToTensorsMap BroadcastTo ConfusionTranspose DropOutGenMask DropOutGenMaskV3 DropOutGenMaskV4
    Empty Expand NonDeterministicInts ParameterizedTruncatedNormal RaggedTensorToTensor RandomGamma RandomPoisson RandomStandardNormal
    RandomUniform RandomUniformInt Reshape ScatterNd SparseReorder SparseReshape StatefulRandomBinomial StatefulStandardNormalV2
    StatefulTruncatedNormal StatefulUniform StatefulUniformFullInt StatefulUniformInt StatelessBernoulli StatelessDropOutGenMask
    StatelessParameterizedTruncatedNormal StatelessRandomBinomial StatelessRandomGammaV2 StatelessRandomNormalV2 StatelessRandomPoisson
    StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2 StatelessRandomUniformInt StatelessRandomUniformIntV2
    StatelessRandomUniformV2 StatelessTruncatedNormalV2 TruncatedNormal`,
  axes: `EuclideanNorm ReduceAll ReduceAny ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMeanWithCast ReduceMin ReduceNansum
    ReduceProd ReduceSum RollV2 SqueezeV3 UnsqueezeV3`,
  axis: 'Cumprod Cumsum CumulativeLogsumexp ExpandDims GatherV2 ReverseV2',
  reduction_indices: 'ReduceJoin',
  dimension: 'ArgMaxV2 ArgMin',
  dim: 'GatherD',
  dims: 'Fill FillV2 UnravelIndex',
  perm: 'ConjugateTranspose Transpose',
  multiples: 'Tile',
  paddings: 'MirrorPad MirrorPadGrad Pad PadV2 PadV3 PadV3Grad SpaceToBatch',
  'block_shape+crops': 'BatchToSpaceND',
  'block_shape+paddings': 'SpaceToBatchND',
  crops: 'BatchToSpace',
  concat_dim: 'Concat ConcatOffset ConcatV2',
  split_dim: 'Split',
  'size_splits+split_dim': 'SplitV',
  size: 'Bincount DenseBincount QuantizedResizeBilinear ResizeArea ResizeBicubic ResizeBilinearV2 ResizeNearestNeighborV2 ScaleAndTranslate',
  'sizes+scales': 'Resize',
  'scales+original_size': 'ResizeGrad',
  output_size: 'AdaptiveAvgPool AffineGrid Col2ImV2 Col2im',
  output_shape: 'ImageProjectiveTransform ImageProjectiveTransformV2 SparseToDense',
  orig_input_shape: 'AvgPool3DGrad AvgPoolGrad AvgPoolV2Grad',
  input_size: 'Conv2DBackpropInput Conv2DTranspose Conv3DBackpropInput Conv3DTranspose DepthwiseConv2DBackpropInput',
  filter_size: 'Conv2DBackpropFilter Conv3DBackpropFilter DepthwiseConv2DBackpropFilter',
  'offsets+size': 'Slice SliceWithAxes',
  offsets: 'SliceDV2',
  'size+stride+storage_offset': 'AsStrided',
  'begin+end+strides': 'StridedSlice StridedSliceAssign',
  'begin+end+axes+strides': 'StridedSliceAssignV2 StridedSliceV2 StridedSliceV3',
  'shape+begin+end+strides': 'StridedSliceGrad',
  depth: 'OneHot',
  k: 'MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 TopK TopKV2 TopKV2D',
  n: 'NthElement StatelessRandperm',
  'start+limit+delta': 'Range',
  'start+stop+num': 'LinSpace',
  num_segments: 'UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum',
  max_output_size: `NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NonMaxSuppressionV6
    NonMaxSuppressionV7`,
  'ksize+strides': 'MaxPoolV2',
};

/** Places in the list of inputs → ONNX operators. */
const ONNX_SLOTS: Readonly<Record<string, string>> = {
  '0': 'BlackmanWindow ConstantOfShape HammingWindow HannWindow Loop',
  '0 1 2': 'Range',
  '0 1 2 3 4': 'MelWeightMatrix',
  '1': `AffineGrid CenterCropPad CumSum Expand OneHot ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum ReduceSumSquare Reshape Split SplitToSequence Squeeze TopK Unsqueeze Upsample`,
  '1 2': 'Col2Im DFT Tile',
  '1 2 3 4': 'Slice',
  '1 3': 'Pad STFT',
  '2': 'MaxUnpool NonMaxSuppression',
  '2 3': 'Resize',
};

function invert<T>(table: Readonly<Record<string, string>>, read: (slots: string) => readonly T[]): ReadonlyMap<string, readonly T[]> {
  return new Map(Object.entries(table).flatMap(([slots, types]) => types.split(/\s+/).map((type) => [type, read(slots)] as const)));
}

/** GE operator → the input slots that drive shapes. */
export const geShapeSlots = invert(GE_SLOTS, (slots) => slots.split('+'));
const onnxSlots = invert(ONNX_SLOTS, (slots) => slots.split(' ').map(Number));

/** Operators that carry such a value on: what goes into them ends up in the shape. */
const CARRIERS: ReadonlySet<string> = new Set(
  `Add Cast Concat ConcatD ConcatV2 ConcatV2D Div ExpandDims FloorDiv Gather GatherV2 Identity Mul Pack Reshape Slice SliceD Squeeze
  StridedSlice Sub Unsqueeze`.split(/\s+/),
);

export interface ShapeUse {
  /** The operator whose output has its shape from the value. */
  readonly node: Node;
  readonly slot: string;
}

/** Of one (sub-)graph: nodes whose value drives a shape, with the first place where it does. */
export function shapeDrivers(graph: Graph): ReadonlyMap<string, ShapeUse> {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const drivers = new Map<string, ShapeUse>();
  const waiting: (readonly [name: string, use: ShapeUse])[] = graph.nodes.flatMap((node) =>
    node.inputs.flatMap((ref, i) =>
      ref !== null && isShapeSlot(node, i, graph) ? [[splitRef(ref).node, { node, slot: slotName(node, i, graph.dialect) }] as const] : [],
    ),
  );
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [name, use] = next;
    const producer = byName.get(name);
    if (producer === undefined || drivers.has(name)) continue;
    drivers.set(name, use);
    if (!CARRIERS.has(producer.type)) continue;
    for (const ref of producer.inputs) if (ref !== null) waiting.push([splitRef(ref).node, use]);
  }
  return drivers;
}

function isShapeSlot(node: Node, index: number, { dialect }: Graph): boolean {
  if (dialect === 'onnx') return onnxSlots.get(node.type)?.includes(index) ?? false;
  return geShapeSlots.get(node.type)?.includes(slotName(node, index, dialect)) ?? false;
}
