// ONNX's messages (onnx.proto, IR version 13) as tables: the structure of `.onnx` files and of the host backend's executable.
import type { Bytes } from '../../base/bytes.js';
import {
  type Int64,
  type MessageType,
  many,
  manyMessages,
  manyUnpacked,
  message,
  one,
  oneMessage,
  rawFixed,
  rawVarints,
  type Unknown,
} from '../../base/protobuf/index.js';

export interface StringEntry extends Unknown {
  key?: string;
  value?: string;
}
export interface OperatorSetId extends Unknown {
  domain?: string;
  version?: Int64;
}
export interface Dimension extends Unknown {
  dimValue?: Int64;
  dimParam?: string;
  denotation?: string;
}
export interface TensorShape extends Unknown {
  dim?: Dimension[];
}
export interface TensorType extends Unknown {
  elemType?: number;
  shape?: TensorShape;
}
/** A sequence or an optional. */
export interface ContainerType extends Unknown {
  elemType?: OnnxType;
}
export interface MapType extends Unknown {
  keyType?: number;
  valueType?: OnnxType;
}
export interface OnnxType extends Unknown {
  tensorType?: TensorType;
  sequenceType?: ContainerType;
  mapType?: MapType;
  denotation?: string;
  sparseTensorType?: TensorType;
  optionalType?: ContainerType;
}
export interface ValueInfo extends Unknown {
  name?: string;
  type?: OnnxType;
  docString?: string;
  metadataProps?: StringEntry[];
}
export interface OnnxTensor extends Unknown {
  dims?: Int64[];
  dataType?: number;
  segment?: Bytes;
  floatData?: Bytes;
  /** Packed varints as they are in the file; `varints` reads them. Write `rawData` instead. */
  int32Data?: Bytes;
  stringData?: Bytes[];
  int64Data?: Bytes;
  name?: string;
  rawData?: Bytes;
  doubleData?: Bytes;
  uint64Data?: Bytes;
  docString?: string;
  externalData?: StringEntry[];
  /** 0 DEFAULT, 1 EXTERNAL. */
  dataLocation?: number;
  metadataProps?: StringEntry[];
}
export interface SparseTensor extends Unknown {
  values?: OnnxTensor;
  indices?: OnnxTensor;
  dims?: Int64[];
}
export interface OnnxAttribute extends Unknown {
  name?: string;
  f?: number;
  i?: Int64;
  s?: Bytes;
  t?: OnnxTensor;
  g?: OnnxGraph;
  floats?: number[];
  ints?: Int64[];
  strings?: Bytes[];
  tensors?: OnnxTensor[];
  graphs?: OnnxGraph[];
  docString?: string;
  tp?: OnnxType;
  typeProtos?: OnnxType[];
  type?: number;
  refAttrName?: string;
  sparseTensor?: SparseTensor;
  sparseTensors?: SparseTensor[];
}
export interface OnnxNode extends Unknown {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  attribute?: OnnxAttribute[];
  docString?: string;
  domain?: string;
  overload?: string;
  metadataProps?: StringEntry[];
}
export interface OnnxGraph extends Unknown {
  node?: OnnxNode[];
  name?: string;
  initializer?: OnnxTensor[];
  docString?: string;
  input?: ValueInfo[];
  output?: ValueInfo[];
  valueInfo?: ValueInfo[];
  sparseInitializer?: SparseTensor[];
  metadataProps?: StringEntry[];
}
export interface OnnxFunction extends Unknown {
  name?: string;
  input?: string[];
  output?: string[];
  attribute?: string[];
  node?: OnnxNode[];
  docString?: string;
  opsetImport?: OperatorSetId[];
  domain?: string;
  attributeProto?: OnnxAttribute[];
  valueInfo?: ValueInfo[];
  overload?: string;
  metadataProps?: StringEntry[];
}
export interface OnnxModel extends Unknown {
  irVersion?: Int64;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: Int64;
  docString?: string;
  graph?: OnnxGraph;
  opsetImport?: OperatorSetId[];
  metadataProps?: StringEntry[];
  trainingInfo?: object[];
  functions?: OnnxFunction[];
}

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = {
  f: 1,
  i: 2,
  s: 3,
  t: 4,
  g: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  tp: 13,
  typeProtos: 14,
} as const;

const StringEntry: MessageType<StringEntry> = message<StringEntry>('StringStringEntryProto', {
  key: one(1, 'string'),
  value: one(2, 'string'),
});
const OperatorSetId: MessageType<OperatorSetId> = message<OperatorSetId>('OperatorSetIdProto', {
  domain: one(1, 'string'),
  version: one(2, 'int64'),
});
const Dimension: MessageType<Dimension> = message<Dimension>('Dimension', {
  dimValue: one(1, 'int64'),
  dimParam: one(2, 'string'),
  denotation: one(3, 'string'),
});
const TensorShape: MessageType<TensorShape> = message<TensorShape>('TensorShapeProto', { dim: manyMessages(1, () => Dimension) });
const TensorType: MessageType<TensorType> = message<TensorType>('TypeProto.Tensor', {
  elemType: one(1, 'int32'),
  shape: oneMessage(2, () => TensorShape),
});
const ContainerType: MessageType<ContainerType> = message<ContainerType>('TypeProto.Sequence', { elemType: oneMessage(1, () => OnnxType) });
const MapType: MessageType<MapType> = message<MapType>('TypeProto.Map', {
  keyType: one(1, 'int32'),
  valueType: oneMessage(2, () => OnnxType),
});
export const OnnxType: MessageType<OnnxType> = message<OnnxType>('TypeProto', {
  tensorType: oneMessage(1, () => TensorType),
  sequenceType: oneMessage(4, () => ContainerType),
  mapType: oneMessage(5, () => MapType),
  denotation: one(6, 'string'),
  sparseTensorType: oneMessage(8, () => TensorType),
  optionalType: oneMessage(9, () => ContainerType),
});
export const ValueInfo: MessageType<ValueInfo> = message<ValueInfo>('ValueInfoProto', {
  name: one(1, 'string'),
  type: oneMessage(2, () => OnnxType),
  docString: one(3, 'string'),
  metadataProps: manyMessages(4, () => StringEntry),
});
export const OnnxTensor: MessageType<OnnxTensor> = message<OnnxTensor>('TensorProto', {
  dims: manyUnpacked(1, 'int64'),
  dataType: one(2, 'int32'),
  segment: one(3, 'bytes'),
  floatData: rawFixed(4, 4),
  int32Data: rawVarints(5),
  stringData: many(6, 'bytes'),
  int64Data: rawVarints(7),
  name: one(8, 'string'),
  rawData: one(9, 'bytes'),
  doubleData: rawFixed(10, 8),
  uint64Data: rawVarints(11),
  docString: one(12, 'string'),
  externalData: manyMessages(13, () => StringEntry),
  dataLocation: one(14, 'enum'),
  metadataProps: manyMessages(16, () => StringEntry),
});
const SparseTensor: MessageType<SparseTensor> = message<SparseTensor>('SparseTensorProto', {
  values: oneMessage(1, () => OnnxTensor),
  indices: oneMessage(2, () => OnnxTensor),
  dims: manyUnpacked(3, 'int64'),
});
export const OnnxAttribute: MessageType<OnnxAttribute> = message<OnnxAttribute>('AttributeProto', {
  name: one(1, 'string'),
  f: one(2, 'float'),
  i: one(3, 'int64'),
  s: one(4, 'bytes'),
  t: oneMessage(5, () => OnnxTensor),
  g: oneMessage(6, () => OnnxGraph),
  floats: manyUnpacked(7, 'float'),
  ints: manyUnpacked(8, 'int64'),
  strings: many(9, 'bytes'),
  tensors: manyMessages(10, () => OnnxTensor),
  graphs: manyMessages(11, () => OnnxGraph),
  docString: one(13, 'string'),
  tp: oneMessage(14, () => OnnxType),
  typeProtos: manyMessages(15, () => OnnxType),
  type: one(20, 'enum'),
  refAttrName: one(21, 'string'),
  sparseTensor: oneMessage(22, () => SparseTensor),
  sparseTensors: manyMessages(23, () => SparseTensor),
});
const OnnxNode: MessageType<OnnxNode> = message<OnnxNode>('NodeProto', {
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: one(3, 'string'),
  opType: one(4, 'string'),
  attribute: manyMessages(5, () => OnnxAttribute),
  docString: one(6, 'string'),
  domain: one(7, 'string'),
  overload: one(8, 'string'),
  metadataProps: manyMessages(9, () => StringEntry),
});
const OnnxGraph: MessageType<OnnxGraph> = message<OnnxGraph>('GraphProto', {
  node: manyMessages(1, () => OnnxNode),
  name: one(2, 'string'),
  initializer: manyMessages(5, () => OnnxTensor),
  docString: one(10, 'string'),
  input: manyMessages(11, () => ValueInfo),
  output: manyMessages(12, () => ValueInfo),
  valueInfo: manyMessages(13, () => ValueInfo),
  sparseInitializer: manyMessages(15, () => SparseTensor),
  metadataProps: manyMessages(16, () => StringEntry),
});
const OnnxFunction: MessageType<OnnxFunction> = message<OnnxFunction>('FunctionProto', {
  name: one(1, 'string'),
  input: many(4, 'string'),
  output: many(5, 'string'),
  attribute: many(6, 'string'),
  node: manyMessages(7, () => OnnxNode),
  docString: one(8, 'string'),
  opsetImport: manyMessages(9, () => OperatorSetId),
  domain: one(10, 'string'),
  attributeProto: manyMessages(11, () => OnnxAttribute),
  valueInfo: manyMessages(12, () => ValueInfo),
  overload: one(13, 'string'),
  metadataProps: manyMessages(14, () => StringEntry),
});
const Opaque: MessageType<object> = message<object>('(not read)', {} as never);
export const OnnxModel: MessageType<OnnxModel> = message<OnnxModel>('ModelProto', {
  irVersion: one(1, 'int64'),
  producerName: one(2, 'string'),
  producerVersion: one(3, 'string'),
  domain: one(4, 'string'),
  modelVersion: one(5, 'int64'),
  docString: one(6, 'string'),
  graph: oneMessage(7, () => OnnxGraph),
  opsetImport: manyMessages(8, () => OperatorSetId),
  metadataProps: manyMessages(14, () => StringEntry),
  trainingInfo: manyMessages(20, () => Opaque),
  functions: manyMessages(25, () => OnnxFunction),
});
