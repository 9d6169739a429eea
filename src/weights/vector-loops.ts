// The loops over two blocks with the vector instructions of the processor, by way of WebAssembly.
import {
  type Code,
  f32x4,
  f64x2,
  i32,
  i32x4,
  type Local,
  repeatWhile,
  v128,
  type WasmFunction,
  wasmFunction,
  wasmInstance,
} from '../base/wasm.js';
import { addStrands, type BlockLoops, HALVES, NUMBERS, RESULTS } from './block-loops.js';

/**
 * Five times as fast as what V8 makes of the plain loops: 1.1 ns for a pair of singles.
 *
 * @throws where WebAssembly is not to be had; see `wasmInstance`
 */
export function vectorLoops(): BlockLoops {
  const { memory, run } = wasmInstance(3, {
    singles: sums(SINGLES, { isExact: true }),
    doubles: sums(DOUBLES, { isExact: true }),
    singlesBeyond: sums(SINGLES, { isExact: false }),
    doublesBeyond: sums(DOUBLES, { isExact: false }),
    float16: widen(fromFloat16),
    bfloat16: widen(fromBfloat16),
  });
  const results = new Float64Array(memory, RESULTS, 26);
  const at = (place: number): number => results[place] as number;
  return {
    memory,
    sums({ isDouble, count, leastRel, tolerance: { atol, rtol } }) {
      const isExact = atol === 0 && rtol === 0;
      const name = isDouble ? 'doubles' : 'singles';
      run[isExact ? name : (`${name}Beyond` as const)](count * (isDouble ? 8 : 4), leastRel, atol, rtol);
      const [different, maxAbs] = [at(16) + at(17), Math.max(at(18), at(19))];
      return {
        dot: addStrands(at(0), at(1), at(2), at(3)),
        actualSquares: addStrands(at(4), at(5), at(6), at(7)),
        expectedSquares: addStrands(at(8), at(9), at(10), at(11)),
        sumAbs: addStrands(at(12), at(13), at(14), at(15)),
        different,
        maxAbs,
        exceedsRel: at(20) + at(21) > 0,
        beyond: isExact ? different : at(22) + at(23),
        maxExcess: isExact ? maxAbs : Math.max(at(24), at(25)),
      };
    },
    widen: (dtype, count, toBytes) => run[dtype](HALVES + count * 2, toBytes),
  };
}

interface Elements {
  /** Four of them from an address on, as two vectors of two doubles. */
  readonly load: (address: Code, offset: number) => readonly [Code, Code];
  /** Of four. */
  readonly bytes: number;
}

const SINGLES: Elements = {
  load: (address, offset) => [
    f64x2.promoteLowF32x4(v128.load64Zero(address, offset)),
    f64x2.promoteLowF32x4(v128.load64Zero(address, offset + 8)),
  ],
  bytes: 16,
};

const DOUBLES: Elements = {
  load: (address, offset) => [v128.load(address, offset), v128.load(address, offset + 16)],
  bytes: 32,
};

/** Four elements a turn, from the first to `end`; see `BlockSums` for what is found, and `vectorLoops` for where it is left. */
function sums({ load, bytes }: Elements, { isExact }: { readonly isExact: boolean }): WasmFunction {
  return wasmFunction(['i32', 'f64', 'f64', 'f64'], ([end, leastRel, atol, rtol], local) => {
    const vector = (): Local => local('v128');
    const at = local('i32');
    const [one, least, absolute, relative] = [vector(), vector(), vector(), vector()] as const;
    const [actual, expected, abs, size, excess] = [vector(), vector(), vector(), vector(), vector()] as const;
    // Of each half of the four on its own, because an addition waits for the one before.
    const halves = [0, 1].map(() => [vector(), vector(), vector(), vector()] as const);
    const [different, maxAbs, exceedsRel, beyond, maxExcess] = [vector(), vector(), vector(), vector(), vector()] as const;
    const add = (sum: Local, value: Code): Code => sum.set(f64x2.add(sum.get, value));
    const count = (sum: Local, mask: Code): Code => add(sum, v128.and(mask, one.get));
    const raise = (max: Local, value: Code): Code => max.set(f64x2.pmax(max.get, value));
    const allowed = f64x2.add(absolute.get, f64x2.mul(relative.get, size.get));
    const countBeyond = [
      ...excess.set(f64x2.sub(abs.get, allowed)),
      ...count(beyond, f64x2.gt(excess.get, f64x2.const(0))),
      ...raise(maxExcess, excess.get),
    ];
    const turn = halves.flatMap(([dot, actualSquares, expectedSquares, sumAbs], half) => [
      ...actual.set(load(at.get, NUMBERS[0])[half] as Code),
      ...expected.set(load(at.get, NUMBERS[1])[half] as Code),
      ...abs.set(f64x2.abs(f64x2.sub(actual.get, expected.get))),
      ...size.set(f64x2.abs(expected.get)),
      ...add(dot, f64x2.mul(actual.get, expected.get)),
      ...add(actualSquares, f64x2.mul(actual.get, actual.get)),
      ...add(expectedSquares, f64x2.mul(expected.get, expected.get)),
      ...add(sumAbs, abs.get),
      ...count(different, f64x2.ne(actual.get, expected.get)),
      ...raise(maxAbs, abs.get),
      ...exceedsRel.set(v128.or(exceedsRel.get, exceeds(abs, f64x2.mul(least.get, size.get), size))),
      ...(isExact ? [] : countBeyond),
    ]);
    const found = [0, 1, 2, 3].flatMap((sum) => halves.map((half) => half[sum] as Local));
    return [
      ...one.set(f64x2.const(1)),
      ...least.set(f64x2.splat(leastRel.get)),
      ...absolute.set(f64x2.splat(atol.get)),
      ...relative.set(f64x2.splat(rtol.get)),
      ...repeatWhile(i32.ltU(at.get, end.get), [...turn, ...at.set(i32.add(at.get, i32.const(bytes)))]),
      ...exceedsRel.set(v128.and(exceedsRel.get, one.get)),
      ...[...found, different, maxAbs, exceedsRel, beyond, maxExcess].flatMap(({ get }, i) => v128.store(i32.const(RESULTS), get, i * 16)),
    ];
  });
}

/** abs > least, and size > 0 */
function exceeds(abs: Local, least: Code, size: Local): Code {
  return v128.and(f64x2.gt(abs.get, least), f64x2.gt(size.get, f64x2.const(0)));
}

/** Four elements a turn, from `HALVES` to `end`. */
function widen(toSingles: (halves: Code, constant: (value: number) => Code) => Code): WasmFunction {
  return wasmFunction(['i32', 'i32'], ([end, to], local) => {
    const [at, halves] = [local('i32'), local('v128')];
    // Made once: the compiler would make them again in every turn.
    const constants: Code[] = [];
    const singles = toSingles(halves.get, (value) => {
      const held = local('v128');
      constants.push(held.set(i32x4.splat(i32.const(value))));
      return held.get;
    });
    return [
      ...constants.flat(),
      ...at.set(i32.const(HALVES)),
      ...repeatWhile(i32.ltU(at.get, end.get), [
        ...halves.set(v128.load16x4U(at.get)),
        ...v128.store(to.get, singles),
        ...to.set(i32.add(to.get, i32.const(16))),
        ...at.set(i32.add(at.get, i32.const(8))),
      ]),
    ];
  });
}

function fromBfloat16(halves: Code): Code {
  return i32x4.shl(halves, i32.const(16));
}

/** As float16ToFloat32. The biases of the exponents are 112 apart; that of infinity and NaN goes on as far again, from 143 to 255. */
function fromFloat16(halves: Code, constant: (value: number) => Code): Code {
  const magnitude = v128.and(halves, constant(0x7fff));
  const rebias = constant(112 << 23);
  const normal = i32x4.add(i32x4.shl(magnitude, i32.const(13)), rebias);
  const finiteOrNot = i32x4.add(normal, v128.and(i32x4.geS(magnitude, constant(0x7c00)), rebias));
  const subnormal = f32x4.mul(f32x4.convertI32x4S(magnitude), constant((127 - 24) << 23));
  const sign = i32x4.shl(v128.and(halves, constant(0x8000)), i32.const(16));
  return v128.or(sign, v128.bitselect(subnormal, finiteOrNot, i32x4.ltS(magnitude, constant(0x400))));
}
