// Between ge.proto's AttrDef and AttrValue, and the tensors and descriptors that attributes hold. Source: om-format §3.1, §3.7, §3.9.
import { type Bytes, EMPTY_BYTES } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { dtypeOfGe } from '../../graph/dtype.js';
import { formatName, formatNumber, RESERVED_FORMAT } from '../../graph/format.js';
import type { Attrs, AttrValue, TensorDesc } from '../../graph/graph.js';
import { describeSpec, isStatic, type Tensor, tensorBytes } from '../../graph/tensor.js';
import { BOOKKEEPING_ATTRS, DTYPE_ATTR, descriptorSpec, storedDType } from './ge-desc.js';
import { type AttrDef, LIST_TYPE, type ListValue, type TensorDef, type TensorDescriptor } from './ge-model.js';

/** Where attributes are being read, and where tensors without inline bytes find theirs. */
export interface AttrSource {
  /** Ends the reading with an error that names the node. */
  readonly fail: (why: string) => never;
  /** The bytes of a tensor whose `data` is empty; undefined when there are none. */
  readonly resolve: (desc: TensorDescriptor) => Bytes | undefined;
}

/** An attribute of a kind that only GE knows, kept for writing. */
class GeAttr {
  constructor(readonly def: AttrDef) {}
}

export function attrsFromDefs(defs: ReadonlyMap<string, AttrDef> | undefined, source: AttrSource): Attrs {
  const attrs = new Map<string, AttrValue>();
  for (const [name, def] of defs ?? []) attrs.set(name, attrFromDef(def, source));
  return attrs;
}

function attrFromDef(def: AttrDef, source: AttrSource): AttrValue {
  if (def.i !== undefined) return { kind: 'int', value: def.i };
  if (def.f !== undefined) return { kind: 'float', value: def.f };
  if (def.b !== undefined) return { kind: 'bool', value: def.b };
  if (def.s !== undefined) return { kind: 'string', value: def.s };
  if (def.bt !== undefined) return { kind: 'bytes', value: def.bt };
  if (def.dt !== undefined) {
    const dtype = dtypeOfGe(Number(def.dt));
    return dtype === undefined ? opaque(def) : { kind: 'dtype', value: dtype };
  }
  if (def.t !== undefined) return tensorFromDef(def, def.t, source);
  if (def.list !== undefined) return listFromDef(def, def.list);
  if (def.listListInt !== undefined) return { kind: 'intLists', value: (def.listListInt.listListI ?? []).map((row) => row.listI ?? []) };
  return opaque(def);
}

function opaque(def: AttrDef): AttrValue {
  return { kind: 'opaque', value: new GeAttr(def) };
}

function listFromDef(def: AttrDef, list: ListValue): AttrValue {
  const { i, f, s, b, dt, valType } = list;
  // The meta lists of §3.3 have no val_type: there the member that is filled tells.
  if (valType === LIST_TYPE.int || i !== undefined) return { kind: 'ints', value: i ?? [] };
  if (valType === LIST_TYPE.float || f !== undefined) return { kind: 'floats', value: f ?? [] };
  if (valType === LIST_TYPE.string || s !== undefined) return { kind: 'strings', value: s ?? [] };
  if (valType === LIST_TYPE.bool || b !== undefined) return { kind: 'bools', value: b ?? [] };
  if (valType === LIST_TYPE.dataType || dt !== undefined) {
    const dtypes = (dt ?? []).map((number) => dtypeOfGe(Number(number)));
    if (dtypes.every((dtype) => dtype !== undefined)) return { kind: 'dtypes', value: dtypes };
  }
  return opaque(def);
}

function tensorFromDef(def: AttrDef, { desc = {}, data }: TensorDef, source: AttrSource): AttrValue {
  const { attrs, ...spec } = tensorDesc(desc, source);
  const expectedBytes =
    isSized(spec.dtype.bits, spec.shape) && spec.dtype.name !== 'string' ? tensorBytes(spec.dtype, spec.shape) : undefined;
  const bytes = data !== undefined && data.length > 0 ? data : (source.resolve(desc) ?? (expectedBytes === 0 ? EMPTY_BYTES : undefined));
  // A tensor without bytes (the unused `value` of a compiled Variable) is no value.
  if (bytes === undefined || expectedBytes === undefined) return opaque(def);
  if (bytes.length !== expectedBytes) {
    source.fail(`a tensor of ${describeSpec(spec)} needs ${expectedBytes} bytes and has ${bytes.length}`);
  }
  return { kind: 'tensor', value: { ...spec, data: bytes }, ...(attrs === undefined ? {} : { desc: { ...spec, attrs } }) };
}

function isSized(bits: number, shape: readonly number[]): boolean {
  return bits > 0 && isStatic(shape);
}

/**
 * A descriptor as a graph has it. Attributes that only say again what dtype, shape and format say, or that have the
 * value GE's serializer gives to every descriptor, are left out; `defFromAttrs` with `ge` style writes them again.
 */
export function tensorDesc(desc: TensorDescriptor, source: AttrSource): TensorDesc {
  const spec = descriptorSpec(desc, source.fail);
  const attrs = new Map<string, AttrValue>();
  for (const [name, def] of desc.attr ?? []) {
    if (!BOOKKEEPING_ATTRS.has(name) && !isDefault(name, def, desc)) attrs.set(name, attrFromDef(def, source));
  }
  return attrs.size === 0 ? spec : { ...spec, attrs };
}

const DEFAULT_ORIGIN_FORMAT = 'ND';

/** Whether a reader of GE would assume the same without the attribute. */
function isDefault(name: string, def: AttrDef, desc: TensorDescriptor): boolean {
  switch (name) {
    case 'format_for_int':
      // A number with a C0 code says more than the text can.
      return formatNumber(formatName(Number(def.i)) ?? '') === def.i;
    case 'origin_format':
      return def.s === DEFAULT_ORIGIN_FORMAT;
    case 'origin_format_for_int':
      return def.i === formatNumber(desc.attr?.get('origin_format')?.s ?? DEFAULT_ORIGIN_FORMAT);
    case 'origin_shape_initialized':
      // Not what `origin_shape` suggests: GE loads a shape without the flag as not initialized, and writes `false` beside it.
      return def.b === false;
    default:
      return false;
  }
}

/** How a graph is written: `plain` has only what GE needs to load it, `ge` also what GE's own serializer writes. */
export type GeStyle = 'plain' | 'ge';

/** A descriptor as GE stores it; the inverse of `tensorDesc`. */
export function defFromDesc(desc: TensorDesc, style: GeStyle): TensorDescriptor {
  const { dtype, attr } = storedDType(desc.dtype);
  const attrs = new Map<string, AttrDef>();
  if (style === 'ge') addDefaults(attrs, desc);
  if (attr !== undefined) attrs.set(DTYPE_ATTR, attr);
  for (const [name, value] of desc.attrs ?? []) attrs.set(name, defFromAttr(value, style));
  return {
    ...(dtype === undefined ? {} : { dtype }),
    shape: desc.shape.length === 0 ? {} : { dim: [...desc.shape] },
    layout: desc.format ?? DEFAULT_ORIGIN_FORMAT,
    ...(attrs.size === 0 ? {} : { attr: attrs }),
    ...(style === 'ge' ? { deviceType: 'NPU' } : {}),
  };
}

/** What GE's serializer adds to every descriptor. */
function addDefaults(attrs: Map<string, AttrDef>, desc: TensorDesc): void {
  const originFormat = desc.attrs?.get('origin_format');
  const originText = originFormat?.kind === 'string' ? originFormat.value : DEFAULT_ORIGIN_FORMAT;
  attrs.set('origin_format', { s: originText });
  attrs.set('origin_format_for_int', { i: formatNumber(originText) ?? 2 });
  attrs.set('origin_shape_initialized', { b: false });
  const number = formatNumber(desc.format ?? DEFAULT_ORIGIN_FORMAT);
  if (number !== undefined) attrs.set('format_for_int', { i: number });
}

/** The descriptor of a slot whose optional input is not there (§3.4). */
export function reservedDesc(desc: TensorDesc): TensorDesc {
  return { ...desc, format: RESERVED_FORMAT };
}

export function defsFromAttrs(attrs: Attrs, style: GeStyle): Map<string, AttrDef> {
  return new Map([...attrs].map(([name, value]) => [name, defFromAttr(value, style)]));
}

export function defFromAttr(attr: AttrValue, style: GeStyle): AttrDef {
  switch (attr.kind) {
    case 'int':
      return { i: attr.value };
    case 'float':
      return { f: attr.value };
    case 'bool':
      return { b: attr.value };
    case 'string':
      return { s: attr.value };
    case 'bytes':
      return { bt: attr.value };
    case 'dtype':
      return { dt: attr.value.ge };
    case 'tensor':
      return { t: defFromTensor(attr.value, style, attr.desc) };
    case 'ints':
      return { list: { i: [...attr.value], valType: LIST_TYPE.int } };
    case 'floats':
      return { list: { f: [...attr.value], valType: LIST_TYPE.float } };
    case 'bools':
      return { list: { b: [...attr.value], valType: LIST_TYPE.bool } };
    case 'strings':
      return { list: { s: [...attr.value], valType: LIST_TYPE.string } };
    case 'dtypes':
      return { list: { dt: attr.value.map((dtype) => dtype.ge), valType: LIST_TYPE.dataType } };
    case 'intLists':
      return { listListInt: { listListI: attr.value.map((row) => ({ listI: [...row] })) } };
    case 'opaque':
      if (attr.value instanceof GeAttr) return attr.value.def;
      throw new AscendBundleError('GRAPH_INVALID', {
        message: 'An attribute that came from another format has no counterpart in GE, so the graph cannot be stored as one of GE.',
        fix: 'Leave the attribute out, or keep the graph in its own format.',
      });
  }
}

export function defFromTensor({ data, ...spec }: Tensor, style: GeStyle, desc: TensorDesc = spec): TensorDef {
  return { desc: defFromDesc({ ...desc, dtype: spec.dtype, shape: spec.shape }, style), ...(data.length > 0 ? { data } : {}) };
}
