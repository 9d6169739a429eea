// WebAssembly functions written as nested calls, and the module that they become: for the few loops in which V8's own code is too slow.
// WebAssembly Core Specification 2.0: instructions 5.4, modules 5.5. Only what is used here.

/** Instructions as bytes; what they leave on the stack is the value of the expression. */
export type Code = readonly number[];

const TYPES = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof TYPES;

export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

type Unary = (operand: Code) => Code;
type Binary = (one: Code, other: Code) => Code;

const plain = (opcode: number): Binary => {
  return (one, other) => [...one, ...other, opcode];
};
const unary = (opcode: number): Unary => {
  return (operand) => [...operand, ...vector(opcode)];
};
const binary = (opcode: number): Binary => {
  return (one, other) => [...one, ...other, ...vector(opcode)];
};
/** @param align  the binary logarithm of the bytes: a hint */
const load = (opcode: number, align: number) => {
  return (address: Code, offset = 0): Code => [...address, ...vector(opcode), align, ...unsigned(offset)];
};
const vector = (opcode: number): Code => [0xfd, ...unsigned(opcode)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: plain(0x6a),
  ltU: plain(0x49),
} as const;

export const v128 = {
  load: load(0x00, 4),
  /** Four integers of 16 bits, as such of 32. */
  load16x4U: load(0x04, 3),
  /** Eight bytes; the others are 0. */
  load64Zero: load(0x5d, 3),
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...vector(0x0b), 4, ...unsigned(offset)],
  and: binary(0x4e),
  or: binary(0x50),
  /** The bits of `one` where `mask` has a 1, else those of `other`. */
  bitselect: (one: Code, other: Code, mask: Code): Code => [...one, ...other, ...mask, ...vector(0x52)],
} as const;

export const i16x8 = {
  eq: binary(0x2d),
} as const;

export const i32x4 = {
  splat: unary(0x11),
  eq: binary(0x37),
  ltS: binary(0x39),
  geS: binary(0x3f),
  add: binary(0xae),
  /** By a number of bits that is an i32. */
  shl: binary(0xab),
} as const;

export const f32x4 = {
  mul: binary(0xe6),
  convertI32x4S: unary(0xfa),
} as const;

export const f64x2 = {
  splat: unary(0x14),
  const: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer), ...vector(0x14)],
  ne: binary(0x48),
  gt: binary(0x4a),
  abs: unary(0xec),
  add: binary(0xf0),
  sub: binary(0xf1),
  mul: binary(0xf2),
  /** `one < other ? other : one` */
  pmax: binary(0xf7),
  promoteLowF32x4: unary(0x5f),
} as const;

/** The instructions again and again while the condition, which is asked last, holds. */
export function repeatWhile(condition: Code, body: Code): Code {
  return [0x03, 0x40, ...body, ...condition, 0x0d, 0x00, 0x0b];
}

export interface WasmFunction {
  readonly params: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/**
 * A function without a result.
 *
 * @param write  gives its instructions from its parameters, and takes further locals, which begin with 0
 */
export function wasmFunction<const Params extends readonly ValueType[]>(
  params: Params,
  write: (params: { readonly [Place in keyof Params]: Local }, local: (type: ValueType) => Local) => Code,
): WasmFunction {
  const locals: ValueType[] = [];
  const at = (place: number): Local => ({
    get: [0x20, ...unsigned(place)],
    set: (value) => [...value, 0x21, ...unsigned(place)],
  });
  const body = write(params.map((_, i) => at(i)) as { readonly [Place in keyof Params]: Local }, (type) =>
    at(params.length + locals.push(type) - 1),
  );
  return { params, locals, body };
}

// The types of Node leave it out.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export interface WasmInstance<Name extends string> {
  readonly memory: ArrayBuffer;
  readonly run: Readonly<Record<Name, (...params: number[]) => void>>;
}

/**
 * Functions on one memory of so many pages of 64 KiB, compiled.
 *
 * @throws where there is no room for it: each instance reserves 10 GiB of addresses, which `ulimit -v` may forbid
 */
export function wasmInstance<Name extends string>(pages: number, functions: Readonly<Record<Name, WasmFunction>>): WasmInstance<Name> {
  const { Module, Instance } = WebAssembly;
  const { memory, ...run } = new Instance(new Module(encodeModule(pages, functions))).exports as WasmInstance<Name>['run'] & {
    readonly memory: { readonly buffer: ArrayBuffer };
  };
  return { memory: memory.buffer, run: run as unknown as WasmInstance<Name>['run'] };
}

/** It exports the functions by their names, and its memory. */
function encodeModule(pages: number, functions: Readonly<Record<string, WasmFunction>>): Uint8Array<ArrayBuffer> {
  const list = Object.entries(functions);
  const types = list.map(([, { params }]) => [0x60, ...items(params.map((type) => [TYPES[type]])), 0]);
  const exported = list.map(([name], i) => [...text(name), 0x00, ...unsigned(i)]);
  const bodies = list.map(([, { locals, body }]) => {
    const code = [...items(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, items(types)),
    ...section(3, items(list.map((_, i) => unsigned(i)))),
    ...section(5, items([[0x00, ...unsigned(pages)]])),
    ...section(7, items([[...text('memory'), 0x02, 0], ...exported])),
    ...section(10, items(bodies)),
  ]);
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function items(list: readonly Code[]): Code {
  return [...unsigned(list.length), ...list.flat()];
}

function text(value: string): Code {
  return items([...Buffer.from(value)].map((byte) => [byte]));
}

/** LEB128 (5.2.2): seven bits a byte, the lowest first. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
