// Two sets of named values, compared: which are in one only, which are of another dtype or shape, which differ, and by how much.
import type { Bytes } from '../base/bytes.js';
import { equalBytesAhead, PairedReader } from '../base/paired-reader.js';
import { hasElements } from '../graph/elements.js';
import { sameShape, type TensorSpec } from '../graph/tensor.js';
import { compareTensorsAhead, type Metrics, type Tolerance } from './metrics.js';

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

/**
 * Values are read piece by piece: once where they are equal, and up to the first difference once more where they are not.
 *
 * @param reader  can be used for all values, one after the other
 */
export async function diffValue(
  name: string,
  a: GivenValue | undefined,
  b: GivenValue | undefined,
  tolerance: Tolerance,
  reader = new PairedReader(),
): Promise<ValueDifference> {
  const found = (status: ValueStatus, metrics?: Metrics): ValueDifference => ({ name, status, a, b, metrics, tolerance });
  if (a === undefined || b === undefined) return found(a === undefined ? 'only-b' : 'only-a');
  const isSameSpec = a.spec.dtype === b.spec.dtype && sameShape(a.spec.shape, b.spec.shape);
  if (a.data === undefined || b.data === undefined) return found(isSameSpec ? 'unknown' : 'mismatch');
  if (isSameSpec && (await equalBytesAhead(a.data, b.data, reader))) return found('equal');
  const isMeasured = sameShape(a.spec.shape, b.spec.shape) && hasElements(a.spec.dtype) && hasElements(b.spec.dtype);
  const [expected, actual] = [
    { ...a.spec, data: a.data },
    { ...b.spec, data: b.data },
  ];
  const metrics = isMeasured ? await compareTensorsAhead(actual, expected, { ...tolerance, isBrief: true }, reader) : undefined;
  if (!isSameSpec) return found('mismatch', metrics);
  return found(metrics !== undefined && metrics.beyond === 0 ? 'within' : 'different', metrics);
}
