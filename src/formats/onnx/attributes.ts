// Attributes of ONNX nodes by name. Old writers leave `type` out, so a value is found by its field, not by its type.
import { utf8Bytes } from '../../base/bytes.js';
import type { Int64 } from '../../base/protobuf/index.js';
import { ATTRIBUTE_TYPE, type OnnxAttribute, type OnnxGraph, type OnnxNode } from '../encodings/onnx-model.js';

export function findAttr(node: OnnxNode, name: string): OnnxAttribute | undefined {
  return node.attribute?.find((attribute) => attribute.name === name);
}

export function intAttr(node: OnnxNode, name: string): number | undefined {
  const value = findAttr(node, name)?.i;
  return value === undefined ? undefined : Number(value);
}

export function intsAttr(node: OnnxNode, name: string): readonly Int64[] | undefined {
  const attribute = findAttr(node, name);
  // An empty list is written as nothing but its type.
  return attribute === undefined ? undefined : (attribute.ints ?? []);
}

export function floatAttr(node: OnnxNode, name: string): number | undefined {
  return findAttr(node, name)?.f;
}

export function stringAttr(node: OnnxNode, name: string): string | undefined {
  const value = findAttr(node, name)?.s;
  return value === undefined ? undefined : Buffer.from(value.read()).toString();
}

export function withoutAttrs(node: OnnxNode, ...names: readonly string[]): OnnxNode {
  const attribute = node.attribute?.filter(({ name }) => !names.includes(name ?? ''));
  return attribute === undefined || attribute.length === node.attribute?.length ? node : { ...node, attribute };
}

/** The node with one more attribute, in place of one of the same name. */
export function withAttr(node: OnnxNode, attribute: OnnxAttribute): OnnxNode {
  return { ...node, attribute: [...(withoutAttrs(node, attribute.name ?? '').attribute ?? []), attribute] };
}

export function intAttribute(name: string, value: number): OnnxAttribute {
  return { name, type: ATTRIBUTE_TYPE.i, i: value };
}

export function intsAttribute(name: string, values: readonly number[]): OnnxAttribute {
  return { name, type: ATTRIBUTE_TYPE.ints, ints: [...values] };
}

export function floatAttribute(name: string, value: number): OnnxAttribute {
  return { name, type: ATTRIBUTE_TYPE.f, f: value };
}

export function floatsAttribute(name: string, values: readonly number[]): OnnxAttribute {
  return { name, type: ATTRIBUTE_TYPE.floats, floats: [...values] };
}

export function stringAttribute(name: string, text: string): OnnxAttribute {
  return { name, type: ATTRIBUTE_TYPE.s, s: utf8Bytes(text) };
}

export interface InnerGraph {
  /** The attribute that holds it: `then_branch`, `body`. */
  readonly attribute: string;
  readonly graph: OnnxGraph;
}

/** The sub-graphs of If, Loop, Scan and the like. */
export function innerGraphs(node: OnnxNode): readonly InnerGraph[] {
  return (node.attribute ?? []).flatMap(({ name = '', g, graphs = [] }) =>
    [...(g === undefined ? [] : [g]), ...graphs].map((graph) => ({ attribute: name, graph })),
  );
}

/** The node with each of its sub-graphs changed. */
export function mapInnerGraphs(node: OnnxNode, change: (graph: OnnxGraph) => OnnxGraph): OnnxNode {
  if (!node.attribute?.some(({ g, graphs }) => g !== undefined || graphs !== undefined)) return node;
  const attribute = node.attribute.map(
    (one): OnnxAttribute => ({
      ...one,
      ...(one.g === undefined ? {} : { g: change(one.g) }),
      ...(one.graphs === undefined ? {} : { graphs: one.graphs.map(change) }),
    }),
  );
  return { ...node, attribute };
}

/** Whether the operator is one of ONNX's own, which have two spellings of their domain. */
export function isOnnxDomain(domain: string | undefined): boolean {
  return domain === undefined || domain === '' || domain === 'ai.onnx';
}
