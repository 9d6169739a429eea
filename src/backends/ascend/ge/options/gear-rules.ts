// Dynamic gears (cann-api §2.3): one kind at a time, 2 to 100 of them, and as many open dimensions as a gear has sizes.
import type { Problem } from '../../../../base/errors.js';
import { parseGears } from './gears.js';
import { parseInputShape, type ShapeOfInput } from './input-shape.js';
import { type GeOption, usage } from './read.js';

const KINDS = ['ge.dynamicBatchSize', 'ge.dynamicImageSize', 'ge.dynamicDims'];
/** 256 on the chips of the 950 family. */
const MOST_GEARS = 100;
const MOST_GEARS_950 = 256;

export function* checkGears(options: readonly GeOption[]): Generator<Problem> {
  const given = options.filter(({ row }) => KINDS.includes(row.key));
  const [option, other] = given;
  if (option === undefined) return;
  if (other !== undefined) {
    yield usage(`${option.origin} and ${other.origin} shut each other out (GE: E10009).`, 'Give one of them.');
    return;
  }
  const value = (key: string): string | undefined => options.find(({ row }) => row.key === key)?.value;
  const { gears } = parseGears(option.value, option.row.key === 'ge.dynamicBatchSize' ? ',' : ';');
  const most = value('ge.socVersion')?.startsWith('Ascend950') ? MOST_GEARS_950 : MOST_GEARS;
  if (gears.length < 2 || gears.length > most) {
    yield usage(
      `${option.origin} has ${gears.length} gear${gears.length === 1 ? '' : 's'}; 2 to ${most} are possible.`,
      'For a single size give --input-shape alone.',
    );
  }
  const shapes = parseInputShape(value('input_shape') ?? '').shapes;
  if (shapes.length === 0) {
    yield usage(
      `${option.origin} needs --input-shape with -1 for the dimensions that vary.`,
      'Add --input-shape "x:-1,3,224,224", for example.',
    );
    return;
  }
  const format = value('input_format') ?? 'ND';
  yield* KIND_RULES[option.row.key]?.({ option, gears, shapes, format }) ?? [];
}

interface Gears {
  readonly option: GeOption;
  readonly gears: readonly (readonly number[])[];
  readonly shapes: readonly ShapeOfInput[];
  readonly format: string;
}

const KIND_RULES: Readonly<Record<string, (gears: Gears) => Iterable<Problem>>> = {
  *'ge.dynamicBatchSize'({ option, shapes }) {
    const open = shapes.filter(({ dims }) => dims.includes(-1));
    if (open.length === 0) yield usage(`${option.origin} needs an input whose first dimension is -1 in --input-shape.`, 'Write -1 for N.');
    for (const { name, dims } of open) {
      if (dims.indexOf(-1) !== 0 || dims.lastIndexOf(-1) !== 0) {
        yield usage(
          `${option.origin} varies the first dimension only; --input-shape opens others of "${name}".`,
          'Use --dynamic-dims for those.',
        );
      }
    }
  },
  *'ge.dynamicImageSize'({ option, gears, shapes, format }) {
    const [height, width] = format === 'NCHW' ? [2, 3] : format === 'NHWC' ? [1, 2] : [-1, -1];
    if (height === -1) {
      yield usage(`${option.origin} needs --input-format NCHW or NHWC; it is ${format}.`, 'Add --input-format NCHW, for example.');
      return;
    }
    const odd = gears.find((gear) => gear.length !== 2);
    if (odd !== undefined)
      yield usage(`${option.origin} has the gear ${odd.join()}; a gear is height,width.`, 'Write it like 416,416;832,832.');
    const open = shapes.filter(({ dims }) => dims.includes(-1));
    const isImage = ({ dims }: ShapeOfInput): boolean =>
      dims.length === 4 && dims.every((dim, i) => (dim === -1) === (i === height || i === width));
    if (open.length === 0 || !open.every(isImage)) {
      yield usage(
        `${option.origin} needs -1 for the height and the width in --input-shape, and for nothing else.`,
        'Write x:1,3,-1,-1 for NCHW.',
      );
    }
  },
  *'ge.dynamicDims'({ option, gears, shapes, format }) {
    const count = shapes.flatMap(({ dims }) => dims).filter((dim) => dim === -1).length;
    const odd = gears.find((gear) => gear.length !== count);
    if (odd !== undefined) {
      yield usage(
        `${option.origin} has the gear ${odd.join()} of ${odd.length} sizes; --input-shape leaves ${count} dimensions open.`,
        'Give one size per -1.',
      );
    }
    if (format !== 'ND') yield usage(`${option.origin} needs --input-format ND; it is ${format}.`, 'Leave --input-format out.');
  },
};
