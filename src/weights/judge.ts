// Whether an output is what was expected: measured, and held against what is allowed.
import { equalBytes } from '../base/bytes.js';
import type { DType } from '../graph/dtype.js';
import { isFloat } from '../graph/elements.js';
import { describeSpec, type NamedSpec, type NamedTensor, type Shape, sameShape, type Tensor } from '../graph/tensor.js';
import { elementIndex } from './element-index.js';
import { compareTensors, type Difference, type Metrics } from './metrics.js';
import { type Allowance, type Allowances, defaultTolerance } from './tolerance.js';

export interface Judgement {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly allowance: Allowance;
  /** Undefined where the two have different shapes. */
  readonly metrics: Metrics | undefined;
  readonly passed: boolean;
  /** Why it did not pass. */
  readonly why: string | undefined;
}

export interface ExpectedTensor extends Tensor {
  /** From the output's own tolerance on: in place of the default of the dtypes. */
  readonly atol?: number | undefined;
}

/**
 * @param actual  the output as it came
 * @param expected  values are compared, so its dtype may be another one
 */
export function judgeOutput(actual: NamedTensor, expected: ExpectedTensor, allowances: Allowances): Judgement {
  const { name, dtype, shape } = actual;
  const fallback = expected.atol === undefined ? undefined : { atol: expected.atol, rtol: 0 };
  const allowance = allowances.of(name, coarser(dtype, expected.dtype), fallback);
  const facts = { name, dtype, shape, allowance };
  if (!sameShape(shape, expected.shape)) {
    const why = `is ${describeSpec(actual)} where ${describeSpec(expected)} is expected`;
    return { ...facts, metrics: undefined, passed: false, why };
  }
  const metrics = compareTensors(actual, expected, allowance.tolerance);
  const why = reason(metrics, shape, allowance);
  return { ...facts, metrics, passed: why === undefined, why };
}

/** Bit for bit. */
export function judgeSame(actual: NamedTensor, expected: Tensor): Judgement {
  const exact: Allowance = { tolerance: { atol: 0, rtol: 0 }, cosine: undefined };
  const { name, dtype, shape } = actual;
  const metrics = compareTensors(actual, expected, exact.tolerance);
  const why = isBitEqual(actual, expected)
    ? undefined
    : (reason(metrics, shape, exact) ?? 'has the same values in other bits (NaN or zero)');
  return { name, dtype, shape, allowance: exact, metrics, passed: why === undefined, why };
}

export function isBitEqual(one: Tensor, other: Tensor): boolean {
  return one.dtype === other.dtype && sameShape(one.shape, other.shape) && equalBytes(one.data, other.data);
}

/** Two dtypes that may be compared by value: floats with floats, integers and bools among themselves. */
export function isComparable(one: DType, other: DType): boolean {
  return isFloat(one) === isFloat(other);
}

/** Of two dtypes the one that is rounded more. */
function coarser(one: DType, other: DType): DType {
  return defaultTolerance(one).atol >= defaultTolerance(other).atol ? one : other;
}

function reason({ beyond, worstBeyond, elements, cosine }: Metrics, shape: Shape, allowance: Allowance): string | undefined {
  const reasons: string[] = [];
  const { tolerance, cosine: least } = allowance;
  if (tolerance !== undefined && beyond > 0 && worstBeyond !== undefined) {
    const what = tolerance.atol === 0 && tolerance.rtol === 0 ? 'differ' : 'are beyond the tolerance';
    reasons.push(`${beyond} of ${elements} elements ${what}, the worst ${describeDifference(worstBeyond, shape)}`);
  }
  if (least !== undefined && (cosine === undefined || cosine < least)) {
    reasons.push(
      cosine === undefined ? `the cosine, which is to be ${least}, cannot be told` : `the cosine is ${cosine}, less than ${least}`,
    );
  }
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

/** `[0, 3]: 6 where 7 is expected` */
function describeDifference({ place, actual, expected }: Difference, shape: Shape): string {
  return `at [${elementIndex(place, shape).join(', ')}]: ${number(actual)} where ${number(expected)} is expected`;
}

/** Of float32 all digits that count. */
function number(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(9))) : String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
}

/** Which output of one model goes with which of another. */
export interface Pairing {
  /** By name of the first. */
  readonly partners: ReadonlyMap<string, NamedSpec>;
  readonly isByOrder: boolean;
}

/**
 * By name; where no name of one is found in the other, by order, because compilers rename what a model gives. Undefined where
 * neither leads to one partner for each.
 */
export function pairSpecs(specs: readonly NamedSpec[], others: readonly NamedSpec[]): Pairing | undefined {
  if (specs.length !== others.length) return undefined;
  const byName = new Map(others.map((spec) => [spec.name, spec]));
  const found = specs.filter(({ name }) => byName.has(name));
  if (found.length === specs.length && byName.size === others.length) {
    return { partners: new Map(specs.map(({ name }) => [name, byName.get(name) as NamedSpec])), isByOrder: false };
  }
  if (found.length > 0) return undefined;
  return { partners: new Map(specs.map(({ name }, i) => [name, others[i] as NamedSpec])), isByOrder: true };
}
