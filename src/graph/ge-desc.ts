// The attributes that GE's serializer puts on every descriptor (om-format §3.9), so that graphs of any source look like GE's own.
import { formatNumber, RESERVED_FORMAT } from './format.js';
import type { AttrValue, Node, TensorDesc } from './graph.js';
import type { Shape } from './tensor.js';

/**
 * `desc` with `format_for_int`, `origin_format`, `origin_format_for_int` and `origin_shape_initialized` filled in where
 * they are absent. The origin format is ND until something sets it, whatever the format is: GE's own default.
 */
export function completeDesc(desc: TensorDesc): TensorDesc {
  const format = desc.format ?? 'ND';
  const given = desc.attrs?.get('origin_format');
  const originFormat = given?.kind === 'string' ? given.value : 'ND';
  const defaults: [string, AttrValue][] = [
    ['format_for_int', { kind: 'int', value: numberOf(format) }],
    ['origin_format', { kind: 'string', value: originFormat }],
    ['origin_format_for_int', { kind: 'int', value: numberOf(originFormat) }],
    ['origin_shape_initialized', { kind: 'bool', value: false }],
  ];
  return { ...desc, format, attrs: new Map([...defaults, ...(desc.attrs ?? [])]) };
}

/** A format that GE would not know is to it the reserved one. */
function numberOf(format: string): number {
  return formatNumber(format) ?? (formatNumber(RESERVED_FORMAT) as number);
}

/** The same for all descriptors of a node, and for that of a Const's value. */
export function completeNode(node: Node): Node {
  return {
    ...node,
    inputDescs: node.inputDescs.map(completeDesc),
    outputDescs: node.outputDescs.map(completeDesc),
    attrs: completeValue(node),
  };
}

function completeValue({ attrs }: Node): Node['attrs'] {
  const value = attrs.get('value');
  if (value?.kind !== 'tensor') return attrs;
  return new Map(attrs).set('value', { ...value, desc: completeDesc(value.desc ?? specOf(value.value)) });
}

/** A descriptor without more than dtype, shape and format. */
export function specOf({ dtype, shape, format }: TensorDesc): TensorDesc {
  return { dtype, shape, ...(format === undefined ? {} : { format }) };
}

/** `desc` with another shape, which becomes its original shape too. */
export function withOriginShape(desc: TensorDesc, shape: Shape): TensorDesc {
  const attrs = new Map(desc.attrs);
  attrs.set('origin_shape', { kind: 'ints', value: shape });
  attrs.set('origin_shape_initialized', { kind: 'bool', value: true });
  return { ...desc, shape, attrs };
}
