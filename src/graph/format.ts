// Memory formats: GE's numbers and text names. Sources: om-format §7.2 (names), §3.9 (how a number is put together).

/** In the order of their numbers, from 0; without the FORMAT_ prefix of the enumerators. */
const NAMES = `
NCHW NHWC ND NC1HWC0 FRACTAL_Z NC1C0HWPAD NHWC1C0 FSR_NCHW FRACTAL_DECONV C1HWNC0
FRACTAL_DECONV_TRANSPOSE FRACTAL_DECONV_SP_STRIDE_TRANS NC1HWC0_C04 FRACTAL_Z_C04 CHWN DECONV_SP_STRIDE8_TRANS HWCN NC1KHKWHWC0 BN_WEIGHT
FILTER_HWCK LOOKUP_LOOKUPS LOOKUP_KEYS LOOKUP_VALUE LOOKUP_OUTPUT LOOKUP_HITS C1HWNCoC0 MD NDHWC FRACTAL_ZZ
FRACTAL_NZ NCDHW DHWCN NDC1HWC0 FRACTAL_Z_3D CN NC DHWNC FRACTAL_Z_3D_TRANSPOSE FRACTAL_ZN_LSTM
FRACTAL_Z_G FORMAT_RESERVED ALL NULL ND_RNN_BIAS FRACTAL_ZN_RNN NYUV NYUV_A NCL FRACTAL_Z_WINO C1HWC0
FRACTAL_NZ_C0_16 FRACTAL_NZ_C0_32 FRACTAL_NZ_C0_2 FRACTAL_NZ_C0_4 FRACTAL_NZ_C0_8
`
  .trim()
  .split(/\s+/);

const numbers: ReadonlyMap<string, number> = new Map([
  ...NAMES.map((name, number) => [name, number] as const),
  ['RESERVED', 40] as const,
  ['UNDEFINED', 40] as const,
]);

/** What GE writes for the slot of an optional input that is not there. */
export const RESERVED_FORMAT = 'FORMAT_RESERVED';

/** Bits 0–7 of a format number; the sub-format (groups) is in bits 8–23, the code of C0 in bits 24–27. */
const PRIMARY_MASK = 0xff;

/** `NC1HWC0`, `FRACTAL_Z:96` (with a sub-format); undefined for a number that is in no row. */
export function formatName(number: number): string | undefined {
  const primary = NAMES[number & PRIMARY_MASK];
  const sub = (number >>> 8) & 0xffff;
  return primary === undefined || sub === 0 ? primary : `${primary}:${sub}`;
}

/** The number of a name with or without `FORMAT_` and with or without a sub-format; undefined for a name that is in no row. */
export function formatNumber(name: string): number | undefined {
  const [text, sub = '0'] = name.split(':', 2) as [string, string?];
  const primary = numbers.get(text) ?? numbers.get(text.replace(/^FORMAT_/, ''));
  const group = Number(sub);
  if (primary === undefined || !Number.isInteger(group) || group < 0 || group > 0xffff) return undefined;
  return primary | (group << 8);
}
