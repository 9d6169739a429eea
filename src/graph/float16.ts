// float16 (IEEE 754 binary16) and bfloat16 from and to JavaScript numbers and float32 arrays: round to nearest, ties to even.
// NaNs stay NaN and become quiet. Node 20 has no Float16Array, and no engine has one for bfloat16.

/** The float16 bits nearest to a double, rounded once (a detour over float32 would round twice). */
export function toFloat16(value: number): number {
  return toSmallFloat(value, 5, 10);
}

export function toBfloat16(value: number): number {
  return toSmallFloat(value, 8, 7);
}

export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

export function fromBfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0] as number;
}

function toSmallFloat(value: number, exponentBits: number, fractionBits: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 1 << (exponentBits + fractionBits) : 0;
  const infinity = ((1 << exponentBits) - 1) << fractionBits;
  if (Number.isNaN(value)) return infinity | (1 << (fractionBits - 1));
  const magnitude = Math.abs(value);
  const bias = (1 << (exponentBits - 1)) - 1;
  const lowest = 1 - bias;
  if (magnitude >= 2 ** (bias + 1)) return sign | infinity;
  const exponent = Math.max(lowest, exponentOf(magnitude));
  // In units of the last place; for a subnormal the leading one is absent and the exponent field stays 0.
  const units = roundToEven(magnitude / 2 ** (exponent - fractionBits));
  // A carry out of the fraction lands in the exponent field, which is exactly the next binade, and at last infinity.
  return sign | (((exponent - lowest) << fractionBits) + units);
}

function exponentOf(magnitude: number): number {
  const high = new DataView(Float64Array.of(magnitude).buffer).getUint32(4, true);
  return (high >>> 20) - 1023;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Element-wise; 25 million elements take about 0.15 s. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const source = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < source.length; i++) {
    const bits = source[i] as number;
    const magnitude = bits & 0x7fffffff;
    let half: number;
    if (magnitude >= 0x47800000) {
      // 2^16 and more, infinity, NaN.
      half = magnitude > 0x7f800000 ? 0x7e00 | ((magnitude >>> 13) & 0x3ff) : 0x7c00;
    } else if (magnitude >= 0x38800000) {
      // Normal: rebias the exponent by 112 and round the 13 bits that go; the carry may reach infinity, which is right.
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    } else if (magnitude <= 0x33000000) {
      // Up to 2^-25, half of the smallest subnormal: the tie goes to 0.
      half = 0;
    } else {
      const shift = 126 - (magnitude >>> 23);
      const fraction = (magnitude & 0x7fffff) | 0x800000;
      half = (fraction + (1 << (shift - 1)) - 1 + ((fraction >>> shift) & 1)) >>> shift;
    }
    out[i] = ((bits >>> 16) & 0x8000) | half;
  }
  return out;
}

/** @param out  as long as `halves` */
export function float16ToFloat32(halves: Uint16Array, out: Float32Array = new Float32Array(halves.length)): Float32Array {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i] as number;
    const magnitude = half & 0x7fff;
    const sign = (half & 0x8000) << 16;
    if (magnitude >= 0x7c00) bits[i] = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13) | (magnitude > 0x7c00 ? 0x400000 : 0);
    else if (magnitude >= 0x400) bits[i] = sign | ((magnitude << 13) + 0x38000000);
    else out[i] = (sign === 0 ? magnitude : -magnitude) * 2 ** -24;
  }
  return out;
}

export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const source = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < source.length; i++) {
    const bits = source[i] as number;
    const isNotANumber = (bits & 0x7fffffff) > 0x7f800000;
    out[i] = isNotANumber ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return out;
}

/** @param out  as long as `values` */
export function bfloat16ToFloat32(values: Uint16Array, out: Float32Array = new Float32Array(values.length)): Float32Array {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < values.length; i++) bits[i] = (values[i] as number) << 16;
  return out;
}

/**
 * Doubles as singles for a further rounding to 16 bits: what lies between two singles becomes the one whose last bit is 1. The second
 * rounding then gives what a single one would have given; by way of the nearest single a value just beside a tie would become a tie.
 */
export function roundToOdd(values: Float64Array): Float32Array {
  const out = new Float32Array(values);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const single = out[i] as number;
    if (single === value || Number.isNaN(single)) continue;
    // Towards zero, and the last bit set: what was cut off leaves a trace.
    bits[i] = ((bits[i] as number) - (Math.abs(single) > Math.abs(value) ? 1 : 0)) | 1;
  }
  return out;
}
