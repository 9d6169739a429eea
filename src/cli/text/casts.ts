// What a cast lost, in one line per pair of dtypes; --json has it by weight.
import type { CastReport } from '../../weights/values.js';
import { listText } from './table.js';

/** `cast float32 to float16: w, b; 5 of 9 values rounded, 1 to 0` */
export function castLines(casts: readonly CastReport[]): string[] {
  const pairs = [...new Set(casts.map(({ from, to }) => `${from} to ${to}`))];
  return pairs.map((pair) => {
    const of = casts.filter(({ from, to }) => `${from} to ${to}` === pair);
    const sum = (count: (one: CastReport) => number): number => of.reduce((total, one) => total + count(one), 0);
    const counted: readonly (readonly [number, string])[] = [
      [sum((one) => one.rounded), 'rounded'],
      [sum((one) => one.underflowed), 'to 0'],
      [sum((one) => one.overflowed), 'to infinity'],
    ];
    const total = sum((one) => one.elements);
    const lost = counted.filter(([count]) => count > 0).map(([count, how], i) => `${count}${i === 0 ? ` of ${total} values` : ''} ${how}`);
    return `cast ${pair}: ${listText(of.map(({ name }) => name))}; ${lost.length === 0 ? 'no value changed' : lost.join(', ')}`;
  });
}
