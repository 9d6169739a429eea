// GE's messages (ge.proto) as tables: a `.air` file is one ModelDef, and so is the MODEL_DEF partition of an `.om`.
// Field numbers: om-format §3.1. Bytes of the `AttrGroups` messages (symbolic shapes) are kept and not looked into.
import type { Bytes } from '../../base/bytes.js';
import {
  type Int64,
  type MessageType,
  many,
  manyMessages,
  mapOf,
  message,
  one,
  oneMessage,
  type Unknown,
} from '../../base/protobuf/index.js';

export interface ShapeDef extends Unknown {
  dim?: Int64[];
}
export interface TensorDescriptor extends Unknown {
  name?: string;
  /** The numbering of ge.proto (`DType.proto`), not the one of `AttrDef.dt`. */
  dtype?: number;
  shape?: ShapeDef;
  /** A format's text name; the attribute `format_for_int` wins over it. */
  layout?: string;
  attr?: Map<string, AttrDef>;
  attrGroups?: Bytes;
  hasOutAttr?: boolean;
  size?: Int64;
  weightSize?: Int64;
  reuseInput?: boolean;
  outputTensor?: boolean;
  deviceType?: string;
  inputTensor?: boolean;
  realDimCnt?: Int64;
  reuseInputIndex?: Int64;
  /** Into the WEIGHTS_DATA partition. */
  dataOffset?: Int64;
  cmpsSize?: Int64;
  cmpsTab?: string;
  cmpsTabOffset?: Int64;
}
export interface TensorDef extends Unknown {
  desc?: TensorDescriptor;
  data?: Bytes;
}
export interface NamedAttrs extends Unknown {
  name?: string;
  attr?: Map<string, AttrDef>;
}
export interface ListValue extends Unknown {
  s?: string[];
  i?: Int64[];
  f?: number[];
  b?: boolean[];
  bt?: Bytes[];
  td?: TensorDescriptor[];
  t?: TensorDef[];
  g?: GraphDef[];
  na?: NamedAttrs[];
  /** ge::DataType numbers. */
  dt?: Int64[];
  /** A number of `LIST_TYPE`. GE drops a list without it, except the meta attributes of §3.3. */
  valType?: number;
}
export interface IntRow extends Unknown {
  listI?: Int64[];
}
export interface ListListInt extends Unknown {
  listListI?: IntRow[];
}
export interface FloatRow extends Unknown {
  listF?: number[];
}
export interface ListListFloat extends Unknown {
  listListF?: FloatRow[];
}
/** One member is set (a oneof); GE's reader drops an AttrDef with none. */
export interface AttrDef extends Unknown {
  list?: ListValue;
  /** `bytes` in ge.proto; kept as text because bytes that are not UTF-8 survive as lone surrogates. */
  s?: string;
  i?: Int64;
  f?: number;
  b?: boolean;
  bt?: Bytes;
  func?: NamedAttrs;
  td?: TensorDescriptor;
  t?: TensorDef;
  g?: GraphDef;
  listListInt?: ListListInt;
  /** A ge::DataType number. */
  dt?: Int64;
  listListFloat?: ListListFloat;
  expression?: Bytes;
}
export interface OpDef extends Unknown {
  name?: string;
  type?: string;
  /** `producer:index` per data slot, "" for an unconnected slot, then `producer:-1` per control edge. */
  input?: string[];
  attr?: Map<string, AttrDef>;
  attrGroups?: Bytes;
  hasOutAttr?: boolean;
  id?: Int64;
  streamId?: Int64;
  inputName?: string[];
  srcName?: string[];
  srcIndex?: Int64[];
  dstName?: string[];
  dstIndex?: Int64[];
  inputI?: Int64[];
  outputI?: Int64[];
  workspace?: Int64[];
  workspaceBytes?: Int64[];
  isInputConst?: boolean[];
  inputDesc?: TensorDescriptor[];
  outputDesc?: TensorDescriptor[];
  subgraphName?: string[];
}
export interface GraphDef extends Unknown {
  name?: string;
  input?: string[];
  output?: string[];
  op?: OpDef[];
  attr?: Map<string, AttrDef>;
  attrGroups?: Bytes;
}
export interface ModelDef extends Unknown {
  name?: string;
  version?: number;
  customVersion?: string;
  /** The root graph, then all sub-graphs of all levels, flat. */
  graph?: GraphDef[];
  attr?: Map<string, AttrDef>;
  attrGroups?: Bytes;
}

/** AttrDef.ListValue.ListValueType. */
export const LIST_TYPE = {
  none: 0,
  string: 1,
  int: 2,
  float: 3,
  bool: 4,
  bytes: 5,
  tensorDesc: 6,
  tensor: 7,
  graph: 8,
  namedAttrs: 9,
  dataType: 10,
} as const;

const ShapeDef: MessageType<ShapeDef> = message<ShapeDef>('ShapeDef', { dim: many(1, 'int64') });

export const TensorDescriptor: MessageType<TensorDescriptor> = message<TensorDescriptor>('TensorDescriptor', {
  name: one(1, 'string'),
  dtype: one(2, 'enum'),
  shape: oneMessage(3, () => ShapeDef),
  layout: one(4, 'string'),
  attr: mapOf(5, () => AttrDef),
  attrGroups: one(6, 'bytes'),
  hasOutAttr: one(9, 'bool'),
  size: one(10, 'int64'),
  weightSize: one(11, 'int64'),
  reuseInput: one(12, 'bool'),
  outputTensor: one(13, 'bool'),
  deviceType: one(14, 'string'),
  inputTensor: one(15, 'bool'),
  realDimCnt: one(16, 'int64'),
  reuseInputIndex: one(17, 'int64'),
  dataOffset: one(18, 'int64'),
  cmpsSize: one(19, 'int64'),
  cmpsTab: one(20, 'string'),
  cmpsTabOffset: one(21, 'int64'),
});

const TensorDef: MessageType<TensorDef> = message<TensorDef>('TensorDef', {
  desc: oneMessage(1, () => TensorDescriptor),
  data: one(2, 'bytes'),
});

const NamedAttrs: MessageType<NamedAttrs> = message<NamedAttrs>('NamedAttrs', {
  name: one(1, 'string'),
  attr: mapOf(2, () => AttrDef),
});

const ListValue: MessageType<ListValue> = message<ListValue>('AttrDef.ListValue', {
  s: many(2, 'string'),
  i: many(3, 'int64'),
  f: many(4, 'float'),
  b: many(5, 'bool'),
  bt: many(7, 'bytes'),
  td: manyMessages(8, () => TensorDescriptor),
  t: manyMessages(9, () => TensorDef),
  g: manyMessages(10, () => GraphDef),
  na: manyMessages(11, () => NamedAttrs),
  dt: many(12, 'int64'),
  valType: one(20, 'enum'),
});

const IntRow: MessageType<IntRow> = message<IntRow>('AttrDef.ListListInt.ListInt', { listI: many(1, 'int64') });
const ListListInt: MessageType<ListListInt> = message<ListListInt>('AttrDef.ListListInt', { listListI: manyMessages(1, () => IntRow) });
const FloatRow: MessageType<FloatRow> = message<FloatRow>('AttrDef.ListListFloat.ListFloat', { listF: many(1, 'float') });
const ListListFloat: MessageType<ListListFloat> = message<ListListFloat>('AttrDef.ListListFloat', {
  listListF: manyMessages(1, () => FloatRow),
});

export const AttrDef: MessageType<AttrDef> = message<AttrDef>('AttrDef', {
  list: oneMessage(1, () => ListValue),
  s: one(2, 'string'),
  i: one(3, 'int64'),
  f: one(4, 'float'),
  b: one(5, 'bool'),
  bt: one(7, 'bytes'),
  func: oneMessage(10, () => NamedAttrs),
  td: oneMessage(11, () => TensorDescriptor),
  t: oneMessage(12, () => TensorDef),
  g: oneMessage(13, () => GraphDef),
  listListInt: oneMessage(14, () => ListListInt),
  dt: one(15, 'int64'),
  listListFloat: oneMessage(16, () => ListListFloat),
  expression: one(17, 'bytes'),
});

const OpDef: MessageType<OpDef> = message<OpDef>('OpDef', {
  name: one(1, 'string'),
  type: one(2, 'string'),
  input: many(5, 'string'),
  attr: mapOf(10, () => AttrDef),
  attrGroups: one(11, 'bytes'),
  hasOutAttr: one(20, 'bool'),
  id: one(21, 'int64'),
  streamId: one(22, 'int64'),
  inputName: many(23, 'string'),
  srcName: many(24, 'string'),
  srcIndex: many(25, 'int64'),
  dstName: many(26, 'string'),
  dstIndex: many(27, 'int64'),
  inputI: many(28, 'int64'),
  outputI: many(29, 'int64'),
  workspace: many(30, 'int64'),
  workspaceBytes: many(31, 'int64'),
  isInputConst: many(32, 'bool'),
  inputDesc: manyMessages(33, () => TensorDescriptor),
  outputDesc: manyMessages(34, () => TensorDescriptor),
  subgraphName: many(35, 'string'),
});

export const GraphDef: MessageType<GraphDef> = message<GraphDef>('GraphDef', {
  name: one(1, 'string'),
  input: many(4, 'string'),
  output: many(5, 'string'),
  op: manyMessages(6, () => OpDef),
  attr: mapOf(11, () => AttrDef),
  attrGroups: one(12, 'bytes'),
});

export const ModelDef: MessageType<ModelDef> = message<ModelDef>('ModelDef', {
  name: one(1, 'string'),
  version: one(2, 'uint32'),
  customVersion: one(3, 'string'),
  graph: manyMessages(7, () => GraphDef),
  attr: mapOf(11, () => AttrDef),
  attrGroups: one(12, 'bytes'),
});
