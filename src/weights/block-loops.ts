// The loops over a block of each of two tensors, where comparing spends its time: in plain code, and what they are to give.
import type { FloatArray } from '../graph/elements.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../graph/float16.js';

/** Elements of a block: few enough to stay in the processor's cache, and to be looked at again where one of them is not finite. */
export const BLOCK = 8192;

/** Where the two blocks lie as numbers, in bytes: room for doubles. */
export const NUMBERS = [0, BLOCK * 8] as const;
/** Where elements of 16 bits lie that are to become singles. */
export const HALVES = BLOCK * 16;
/** Room for results. */
export const RESULTS = HALVES + BLOCK * 2;

/** Over two blocks of finite numbers; if one is not finite, of `dot`, the squares and `sumAbs` one is neither. */
export interface BlockSums {
  readonly dot: number;
  readonly actualSquares: number;
  readonly expectedSquares: number;
  readonly sumAbs: number;
  readonly different: number;
  readonly maxAbs: number;
  /** Whether |actual - expected| > leastRel · |expected| > 0 somewhere. */
  readonly exceedsRel: boolean;
  /** Elements of which |actual - expected| - (atol + rtol · |expected|) > 0. */
  readonly beyond: number;
  /** The greatest such excess; 0 where there is none. */
  readonly maxExcess: number;
}

export interface SumsOptions {
  /** The numbers are doubles, else singles. */
  readonly isDouble: boolean;
  /** A multiple of 4, and not 0. */
  readonly count: number;
  readonly leastRel: number;
  readonly tolerance: { readonly atol: number; readonly rtol: number };
}

/**
 * Sums are over four strands, every fourth element one, which are added in pairs at the end: the order that two vectors of two doubles
 * give. So all loops give the same bits.
 */
export interface BlockLoops {
  readonly memory: ArrayBuffer;
  /** Of what lies at `NUMBERS`. */
  sums(options: SumsOptions): BlockSums;
  /** From `HALVES` to singles, finite ones exactly. */
  widen(dtype: 'float16' | 'bfloat16', count: number, toBytes: number): void;
}

export function addStrands(a: number, b: number, c: number, d: number): number {
  return a + b + (c + d);
}

const WIDEN = { float16: float16ToFloat32, bfloat16: bfloat16ToFloat32 } as const;

/** For where there is no WebAssembly; about five times slower. */
export function plainLoops(): BlockLoops {
  const memory = new ArrayBuffer(RESULTS);
  const singles = NUMBERS.map((at) => new Float32Array(memory, at, BLOCK));
  const doubles = NUMBERS.map((at) => new Float64Array(memory, at, BLOCK));
  return {
    memory,
    sums(options) {
      const [actual, expected] = (options.isDouble ? doubles : singles) as [FloatArray, FloatArray];
      const strands = [0, 1, 2, 3].map((first) => strandSums(actual, expected, options, first));
      const total = (pick: (sums: BlockSums) => number): number => {
        const [a, b, c, d] = strands.map(pick) as [number, number, number, number];
        return addStrands(a, b, c, d);
      };
      return {
        dot: total(({ dot }) => dot),
        actualSquares: total(({ actualSquares }) => actualSquares),
        expectedSquares: total(({ expectedSquares }) => expectedSquares),
        sumAbs: total(({ sumAbs }) => sumAbs),
        different: total(({ different }) => different),
        maxAbs: Math.max(...strands.map(({ maxAbs }) => maxAbs)),
        exceedsRel: strands.some(({ exceedsRel }) => exceedsRel),
        beyond: total(({ beyond }) => beyond),
        maxExcess: Math.max(...strands.map(({ maxExcess }) => maxExcess)),
      };
    },
    widen(dtype, count, toBytes) {
      WIDEN[dtype](new Uint16Array(memory, HALVES, count), new Float32Array(memory, toBytes, count));
    },
  };
}

/** Two loops, because V8 is slower with one that does all. */
function strandSums(actual: FloatArray, expected: FloatArray, options: SumsOptions, first: number): BlockSums {
  const { count, leastRel } = options;
  const { atol, rtol } = options.tolerance;
  let [dot, actualSquares, expectedSquares, sumAbs] = [0, 0, 0, 0];
  for (let i = first; i < count; i += 4) {
    const a = actual[i] as number;
    const e = expected[i] as number;
    dot += a * e;
    actualSquares += a * a;
    expectedSquares += e * e;
    sumAbs += Math.abs(a - e);
  }
  let [different, maxAbs, exceeding, beyond, maxExcess] = [0, 0, 0, 0, 0];
  for (let i = first; i < count; i += 4) {
    const size = Math.abs(expected[i] as number);
    const abs = Math.abs((actual[i] as number) - (expected[i] as number));
    const excess = abs - (atol + rtol * size);
    if (abs > 0) different++;
    if (abs > maxAbs) maxAbs = abs;
    if (abs > leastRel * size && size > 0) exceeding++;
    if (excess > 0) beyond++;
    if (excess > maxExcess) maxExcess = excess;
  }
  return { dot, actualSquares, expectedSquares, sumAbs, different, maxAbs, exceedsRel: exceeding > 0, beyond, maxExcess };
}
