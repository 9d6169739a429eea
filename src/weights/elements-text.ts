// One element as people write it, and back.
import type { DType } from '../graph/dtype.js';
import { type Element, isFloat } from '../graph/elements.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../graph/float16.js';

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const INTEGER = /^[+-]?(?:\d+|0x[\da-f]+)$/i;
const NAMED: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, infinity: Infinity };

/**
 * A token of the command line as a value: whole numbers without a loss (as bigint), `nan`, `inf`, `true`, `false`.
 * undefined when it is no number at all; whether it fits the dtype is for `elementProblem`.
 */
export function parseElement(dtype: DType, token: string): Element | undefined {
  const lower = token.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  if (isFloat(dtype)) {
    const named = NAMED[lower.replace(/^[+-]/, '')];
    if (named !== undefined) return lower.startsWith('-') ? -named : named;
    return DECIMAL.test(token) ? Number(token) : undefined;
  }
  if (INTEGER.test(token)) return token.startsWith('-') ? -BigInt(token.slice(1)) : BigInt(token.replace(/^\+/, ''));
  return DECIMAL.test(token) ? Number(token) : undefined;
}

interface Precision {
  /** Decimal digits that are often enough to tell a value from its neighbours, and digits that always are. */
  readonly digits: readonly [often: number, always: number];
  readonly round: (value: number) => number;
}

const PRECISION: Readonly<Record<string, Precision>> = {
  float32: { digits: [6, 9], round: Math.fround },
  float16: { digits: [3, 5], round: (value) => fromFloat16(toFloat16(value)) },
  bfloat16: { digits: [2, 4], round: (value) => fromBfloat16(toBfloat16(value)) },
};

/** The shortest decimal that comes back as the same element: 0.1, not 0.10000000149011612. `nan`, `inf`, `-inf` for the rest. */
export function formatElement(dtype: DType, value: Element): string {
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0';
  const precision = PRECISION[dtype.name];
  if (precision === undefined || (Number.isInteger(value) && Math.abs(value) < 1e6)) return String(value);
  const [often, always] = precision.digits;
  for (let digits = often; digits < always; digits++) {
    const short = Number(value.toPrecision(digits));
    if (precision.round(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(always)));
}
