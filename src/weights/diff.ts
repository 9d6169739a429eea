// Two sets of named values, compared: which are in one only, which are of another dtype or shape, which differ, and by how much.
import { type Bytes, equalBytes } from '../base/bytes.js';
import { hasElements } from '../graph/elements.js';
import { sameShape, type TensorSpec } from '../graph/tensor.js';
import { compareTensors, type Metrics, type Tolerance } from './metrics.js';

export interface GivenValue {
  readonly name: string;
  readonly spec: TensorSpec;
  /** Place among the inputs of the update graph; null for what is fixed in a bundle; undefined where nothing is updated. */
  readonly updateIndex: number | null | undefined;
  /** Undefined where the value cannot be told, which `why` explains. */
  readonly data: Bytes | undefined;
  readonly why?: string;
}

export type ValueStatus =
  /** Bit for bit. */
  | 'equal'
  /** Not bit for bit, and no element is beyond the tolerance. */
  | 'within'
  | 'different'
  /** Of another dtype or shape. */
  | 'mismatch'
  | 'only-a'
  | 'only-b'
  /** One of the two values cannot be told. */
  | 'unknown';

export interface ValueDifference {
  readonly name: string;
  readonly status: ValueStatus;
  readonly a: GivenValue | undefined;
  readonly b: GivenValue | undefined;
  /** Of `b`, where `a` is expected. Undefined for equal values, shapes that differ, and dtypes without elements. */
  readonly metrics: Metrics | undefined;
  readonly tolerance: Tolerance;
}

/** Values are read piece by piece, and once where they are equal. */
export function diffValue(name: string, a: GivenValue | undefined, b: GivenValue | undefined, tolerance: Tolerance): ValueDifference {
  const found = (status: ValueStatus, metrics?: Metrics): ValueDifference => ({ name, status, a, b, metrics, tolerance });
  if (a === undefined || b === undefined) return found(a === undefined ? 'only-b' : 'only-a');
  const isSameSpec = a.spec.dtype === b.spec.dtype && sameShape(a.spec.shape, b.spec.shape);
  if (a.data === undefined || b.data === undefined) return found(isSameSpec ? 'unknown' : 'mismatch');
  if (isSameSpec && equalBytes(a.data, b.data)) return found('equal');
  const metrics = metricsOf({ ...a.spec, data: a.data }, { ...b.spec, data: b.data }, tolerance);
  if (!isSameSpec) return found('mismatch', metrics);
  return found(metrics !== undefined && metrics.beyond === 0 ? 'within' : 'different', metrics);
}

function metricsOf(
  a: TensorSpec & { readonly data: Bytes },
  b: TensorSpec & { readonly data: Bytes },
  tolerance: Tolerance,
): Metrics | undefined {
  if (!sameShape(a.shape, b.shape) || !hasElements(a.dtype) || !hasElements(b.dtype)) return undefined;
  return compareTensors(b, a, { ...tolerance, isBrief: true });
}
