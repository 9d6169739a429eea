// Random networks and random updates of their weights, for properties that hold of every bundle.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { dtype } from '../../src/graph/dtype.js';
import { randomBytes } from '../../src/graph/random.js';
import type { Shape, Tensor } from '../../src/graph/tensor.js';

export interface NetWeight {
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
  readonly seed: number;
}

/** A graph.json, and which of its constants are weights: all of them, or some. */
export interface Net {
  readonly graph: object;
  readonly weights: readonly NetWeight[];
  readonly updateGraph: 'ge' | 'static';
}

const LAYERS = ['dense', 'bias', 'scale', 'relu', 'tanh', 'twice'] as const;

/**
 * Layers of 1 to 5 units over an input [rows, units]: products with a matrix, sums and products with a vector, activations, and
 * a weight with two users. Outputs are the last value and sometimes one in the middle.
 */
export const nets: fc.Arbitrary<Net> = fc
  .record({
    type: fc.constantFrom('float32', 'float16'),
    rows: fc.integer({ min: 1, max: 3 }),
    units: fc.integer({ min: 1, max: 5 }),
    layers: fc.array(fc.record({ kind: fc.constantFrom(...LAYERS), units: fc.integer({ min: 1, max: 5 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
    fixed: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    hasMiddle: fc.boolean(),
    updateGraph: fc.constantFrom('ge', 'ge', 'static'),
    seed: fc.integer({ min: 0, max: 1_000_000 }),
  })
  .map((choice) => makeNet(choice as Choice))
  .filter(({ weights }) => weights.length > 0);

interface Choice {
  readonly type: string;
  readonly rows: number;
  readonly units: number;
  readonly layers: readonly { readonly kind: (typeof LAYERS)[number]; readonly units: number }[];
  readonly fixed: readonly boolean[];
  readonly hasMiddle: boolean;
  readonly updateGraph: 'ge' | 'static';
  readonly seed: number;
}

function makeNet({ type, rows, units, layers, fixed, hasMiddle, updateGraph, seed }: Choice): Net {
  const consts: NetWeight[] = [];
  const nodes: object[] = [];
  let value = 'x';
  let width = units;
  const constant = (shape: Shape): string => {
    const name = `w${consts.length}`;
    consts.push({ name, dtype: type, shape, seed: seed + consts.length });
    return name;
  };
  const emit = (operator: string, inputs: readonly string[]): void => {
    const name = `n${nodes.length}`;
    nodes.push({ name, type: operator, inputs });
    value = name;
  };
  const middle: string[] = [];
  for (const { kind, units: next } of layers) {
    if (kind === 'dense') {
      emit('MatMul', [value, constant([width, next])]);
      width = next;
    } else if (kind === 'bias') emit('Add', [value, constant([width])]);
    else if (kind === 'scale') emit('Mul', [value, constant([width])]);
    else if (kind === 'twice') {
      const shared = constant([width]);
      emit('Mul', [value, shared]);
      emit('Sub', [value, shared]);
    } else emit(kind === 'relu' ? 'Relu' : 'Tanh', [value]);
    middle.push(value);
  }
  const between = middle[Math.floor(middle.length / 2)] as string;
  const graph = {
    name: 'net',
    inputs: [{ name: 'x', dtype: type, shape: [rows, units] }],
    consts: consts.map(({ seed: random, ...rest }) => ({ ...rest, data: { random } })),
    nodes,
    outputs: [{ name: 'y', value }, ...(hasMiddle && between !== value ? [{ name: 'middle', value: between }] : [])],
  };
  return { graph, weights: consts.filter((_, i) => fixed[i] !== true), updateGraph };
}

/** Weights by name with the seed of their new values. */
export type Seeds = ReadonlyMap<string, number>;

/** New values for some of the weights; for all of them where the update graph takes no less. */
export function updatesOf({ weights, updateGraph }: Net): fc.Arbitrary<Seeds> {
  const least = updateGraph === 'static' ? weights.length : 0;
  return fc
    .tuple(fc.subarray([...weights], { minLength: least }), fc.integer({ min: 2_000_000, max: 9_000_000 }))
    .map(([some, seed]) => new Map(some.map(({ name }, i) => [name, seed + i])));
}

export function wholeUpdatesOf({ weights }: Net): fc.Arbitrary<Seeds> {
  return fc.integer({ min: 2_000_000, max: 9_000_000 }).map((seed) => new Map(weights.map(({ name }, i) => [name, seed + i])));
}

export function tensorsOf({ weights }: Net, seeds: Seeds): ReadonlyMap<string, Tensor> {
  return new Map(
    weights.flatMap(({ name, dtype: type, shape }) => {
      const seed = seeds.get(name);
      return seed === undefined ? [] : [[name, randomTensor(type, shape, seed)]];
    }),
  );
}

export function randomTensor(type: string, shape: Shape, seed: number): Tensor {
  return { dtype: dtype(type), shape, data: randomBytes(dtype(type), shape, seed) };
}

/** Writes the graph with the weights' own values, or with those of `seeds` in their place; gives the path. */
export function writeNet({ graph }: Net, folder: string, name: string, seeds: Seeds = new Map()): string {
  const { consts, ...rest } = graph as { readonly consts: readonly { readonly name: string; readonly data: object }[] };
  const changed = consts.map((one) => (seeds.has(one.name) ? { ...one, data: { random: seeds.get(one.name) } } : one));
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ ...rest, consts: changed }));
  return path;
}
