// What output rules (and lowerings) have in common: shapes that may have unknown dimensions, axes, dtypes that must agree.
import {
  describeShape,
  describeSpec,
  hasUnknownRank,
  isStatic,
  type Shape,
  type TensorSpec,
  UNKNOWN_DIM,
  UNKNOWN_RANK,
} from '../tensor.js';
import type { OpContext, OutputRule } from './context.js';

/** One output like the input `slot`, for operators that work on each element. */
export function like(slot: string): OutputRule {
  return (op) => [op.input(slot)];
}

/** One output of the dtype that the slots share and of the shape they broadcast to. */
export function broadcasting(...slots: readonly string[]): OutputRule {
  return (op) => {
    const shape = broadcastShape(op, slots);
    const whole = slots.map((slot) => op.input(slot)).filter((spec) => spec.shape.length === shape.length);
    return [{ dtype: sharedDType(op, slots), shape, ...commonFormat(whole) }];
  };
}

/** The format of a value that is made of these: the one that they state; nothing where they state several. ND states nothing. */
export function commonFormat(specs: readonly TensorSpec[]): { readonly format?: string } {
  const stated = new Set(specs.flatMap(({ format }) => (format === undefined || format === 'ND' ? [] : [format])));
  const [format] = stated;
  return format !== undefined && stated.size === 1 ? { format } : {};
}

/**
 * The dtype that all these inputs must have.
 *
 * @throws (fails the operator) naming the two inputs that differ
 */
export function sharedDType(op: OpContext, slots: readonly string[]): TensorSpec['dtype'] {
  const [first = '', ...rest] = slots;
  const wanted = op.input(first);
  for (const slot of rest) {
    const spec = op.input(slot);
    if (spec.dtype !== wanted.dtype) {
      op.fail(
        `gets ${describeSpec(wanted)} as ${first} and ${describeSpec(spec)} as ${slot}; their dtypes must be equal.`,
        'Cast one of them.',
      );
    }
  }
  return wanted.dtype;
}

/** The shape that inputs broadcast to by numpy's rule; an input of unknown rank leaves it open, but not what the others say. */
export function broadcastShape(op: OpContext, slots: readonly string[]): Shape {
  const shapes = slots.map((slot) => op.input(slot).shape);
  const known = shapes.filter((shape) => !hasUnknownRank(shape));
  const together = known.reduce<Shape>((a, b) => broadcastShapes(a, b) ?? failToBroadcast(op, slots), []);
  return known.length === shapes.length ? together : UNKNOWN_RANK;
}

/**
 * Checks that an input broadcasts to `shape` without making it larger.
 *
 * @throws (fails the operator) when it does not
 */
export function checkFits(op: OpContext, slot: string, shape: Shape): void {
  const { shape: own } = op.input(slot);
  const together = broadcastShapes(own, shape);
  if (together !== undefined && (hasUnknownRank(together) || mergeShapes(together, shape) !== undefined)) return;
  op.fail(
    `gets ${slot} ${describeShape(own)}, which does not broadcast to ${describeShape(shape)}.`,
    'From the last dimension backwards, its sizes must be equal or 1.',
  );
}

/**
 * Checks that an input is made of integers, as axes and sizes are.
 *
 * @throws (fails the operator) when it is not
 */
export function checkIntegers(op: OpContext, slot: string): void {
  const spec = op.input(slot);
  if (!/^u?int(8|16|32|64)$/.test(spec.dtype.name))
    op.fail(`gets ${describeSpec(spec)} as ${slot}, which takes integers.`, 'Give int32 or int64.');
}

function failToBroadcast(op: OpContext, slots: readonly string[]): never {
  const shapes = slots.map((slot) => `${slot} ${describeShape(op.input(slot).shape)}`).join(', ');
  return op.fail(
    `cannot broadcast its inputs together: ${shapes}.`,
    'From the last dimension backwards, sizes must be equal or one of them 1.',
  );
}

/** numpy's rule for two shapes; undefined where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  if (hasUnknownRank(a) || hasUnknownRank(b)) return UNKNOWN_RANK;
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) out.push(x);
    else if (x === 1) out.push(y);
    // An unknown dimension is 1 or the other one.
    else if (x === UNKNOWN_DIM || y === UNKNOWN_DIM) out.push(Math.max(x, y));
    else return undefined;
  }
  return out;
}

/**
 * An axis as an index from 0.
 *
 * @throws (fails the operator) when it is not in [-rank, rank)
 */
export function axisIndex(op: OpContext, axis: number, rank: number, what = 'axis'): number {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return op.fail(`has the ${what} ${axis}, but its input has rank ${rank}.`, `Give one from ${-rank} to ${rank - 1}.`);
}

/** The same for several; repeated ones are kept once. In ascending order. */
export function axisIndices(op: OpContext, axes: readonly number[], rank: number, what = 'axis'): readonly number[] {
  return [...new Set(axes.map((axis) => axisIndex(op, axis, rank, what)))].sort((a, b) => a - b);
}

/** The shape after a reduction over `axes` (indices from 0). */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims ? shape.map((dim, i) => (axes.includes(i) ? 1 : dim)) : shape.filter((_, i) => !axes.includes(i));
}

/**
 * The shape of an input, for a lowering that must know at least the rank.
 *
 * @throws (fails the operator) naming the input and the remedy
 */
export function knownRank(op: OpContext, slot: string): Shape {
  const { shape } = op.input(slot);
  return hasUnknownRank(shape) ? op.fail(`needs to know the rank of ${slot}.`, remedy(op, slot)) : shape;
}

/** The same where every dimension must be known. */
export function knownShape(op: OpContext, slot: string): Shape {
  const { shape } = op.input(slot);
  if (isStatic(shape)) return shape;
  return op.fail(`needs to know the shape of ${slot}; known is ${describeShape(shape)}.`, remedy(op, slot));
}

function remedy(op: OpContext, slot: string): string {
  const ref = op.node.inputs[op.node.inputNames.indexOf(slot)] ?? slot;
  return `Give the spec of "${ref}" in "outputs" of the node that makes it, or a static shape to the inputs of the graph.`;
}

/** What two statements about one shape say together; undefined where they contradict each other. */
export function mergeShapes(a: Shape, b: Shape): Shape | undefined {
  if (hasUnknownRank(a)) return b;
  if (hasUnknownRank(b)) return a;
  if (a.length !== b.length) return undefined;
  const merged = a.map((dim, i) => (dim === UNKNOWN_DIM ? (b[i] as number) : dim));
  return merged.every((dim, i) => b[i] === UNKNOWN_DIM || b[i] === dim) ? merged : undefined;
}

/** The product of dimensions; −1 where one of them is unknown. */
export function elements(dims: readonly number[]): number {
  return dims.includes(UNKNOWN_DIM) ? UNKNOWN_DIM : dims.reduce((product, dim) => product * dim, 1);
}

/**
 * A number from the file that something is about to be made for, that many times.
 *
 * @throws (fails the operator) when it is beyond `most`, so that a file cannot ask for all the memory there is
 */
export function bounded(op: OpContext, count: number, what: string, most = 1 << 16): number {
  return count <= most ? count : op.fail(`has ${count} ${what}; at most ${most} are supported.`);
}

/** The same rule (or lowering) for several operators, named in one text. */
export function each<T>(types: string, row: T): Readonly<Record<string, T>> {
  return Object.fromEntries(
    types
      .trim()
      .split(/\s+/)
      .map((type) => [type, row]),
  );
}
