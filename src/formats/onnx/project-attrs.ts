// Attributes of an ONNX node as attributes of a `Graph`. Sub-graphs are not among them; what has no counterpart is kept as its bytes.
import { encode } from '../../base/protobuf/index.js';
import type { AttrValue } from '../../graph/graph.js';
import { OnnxAttribute, type OnnxNode } from '../encodings/onnx-model.js';
import { ONNX_STRING, type TensorSource, toTensor } from './tensor.js';

export function projectAttrs(node: OnnxNode, source: TensorSource): ReadonlyMap<string, AttrValue> {
  const attrs = new Map<string, AttrValue>();
  for (const attribute of node.attribute ?? []) {
    if (attribute.g !== undefined || attribute.graphs !== undefined) continue;
    attrs.set(attribute.name ?? '', projectAttr(attribute, source));
  }
  return attrs;
}

function projectAttr(attribute: OnnxAttribute, source: TensorSource): AttrValue {
  const { i, f, s, t, ints, floats, strings } = attribute;
  if (i !== undefined) return { kind: 'int', value: i };
  if (f !== undefined) return { kind: 'float', value: f };
  if (s !== undefined) {
    const text = textOf(s.read());
    return text === undefined ? { kind: 'bytes', value: s } : { kind: 'string', value: text };
  }
  if (t !== undefined && t.dataType !== ONNX_STRING)
    return { kind: 'tensor', value: toTensor({ ...t, name: attribute.name ?? '' }, source) };
  if (ints !== undefined) return { kind: 'ints', value: ints };
  if (floats !== undefined) return { kind: 'floats', value: floats };
  const texts = strings?.map((bytes) => textOf(bytes.read()));
  if (texts?.every((text) => text !== undefined)) return { kind: 'strings', value: texts };
  return { kind: 'bytes', value: encode(OnnxAttribute, attribute) };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not text: the caller keeps the bytes.
    return undefined;
  }
}
