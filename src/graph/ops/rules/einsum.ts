// The equation of Einsum: one letter per dimension, as numpy's einsum takes it.
import { describeShape, hasUnknownRank, type Shape, UNKNOWN_DIM, UNKNOWN_RANK } from '../../tensor.js';
import type { OpContext } from '../context.js';

/** The shape that the equation gives; the unknown rank where it has an ellipsis. */
export function einsumShape(op: OpContext, shapes: readonly Shape[]): Shape {
  const equation = op.string('equation').replaceAll(' ', '');
  if (equation.includes('...')) return UNKNOWN_RANK;
  const [left = '', right] = equation.split('->', 2);
  const terms = left.split(',');
  if (!/^[A-Za-z,]*$/.test(left) || !/^[A-Za-z]*$/.test(right ?? '') || terms.length !== shapes.length) {
    op.fail(`has the equation "${equation}" for ${shapes.length} inputs.`, 'Write one term of letters per input, as in "ij,jk->ik".');
  }
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => {
    addSizes(op, sizes, term, shapes[i] as Shape, i);
  });
  return [...(right ?? implicitOutput(left))].map((letter) => {
    return sizes.get(letter) ?? op.fail(`gives the dimension "${letter}", which no input has.`, `Correct the equation "${equation}".`);
  });
}

function addSizes(op: OpContext, sizes: Map<string, number>, term: string, shape: Shape, input: number): void {
  const isKnown = !hasUnknownRank(shape);
  if (isKnown && shape.length !== term.length) {
    op.fail(
      `names ${term.length} dimensions of x${input} ("${term}"), which is ${describeShape(shape)}.`,
      'Write one letter per dimension.',
    );
  }
  [...term].forEach((letter, i) => {
    const size = isKnown ? (shape[i] as number) : UNKNOWN_DIM;
    const before = sizes.get(letter) ?? UNKNOWN_DIM;
    if (size > 1 && before > 1 && size !== before) op.fail(`has ${before} and ${size} elements along "${letter}".`, 'They must be equal.');
    sizes.set(letter, Math.max(size, before));
  });
}

/** Without an arrow: the letters that occur once, in alphabetical order. */
function implicitOutput(left: string): string {
  const letters = [...left.replaceAll(',', '')];
  return letters
    .filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
    .sort()
    .join('');
}
