// The chips by family, and where the list comes from.
import type { TargetsResult } from '../../commands/targets.js';
import type { Style } from '../style.js';
import { wrappedList } from './table.js';

export function targetsText({ source, folder, cann, families }: TargetsResult, style: Style): string {
  const groups = families.map(({ family, products, names }) =>
    [`${style.bold(family)}${products === null ? '' : style.dim(`  ${products}`)}`, wrappedList('', names)].join('\n'),
  );
  const names = families.flatMap((family) => family.names);
  return [
    `${whence(source, folder, cann)}:`,
    ...groups,
    ...(names.includes('Ascend910B') && names.includes('Ascend910B1') ? [OLD_CHIP] : []),
  ].join('\n\n');
}

function whence(source: TargetsResult['source'], folder: string | null, cann: string | null): string {
  if (source === 'installed') return `Chips of the installed CANN (${folder})`;
  const why = cann === null ? 'No CANN was found' : `The CANN in ${cann} has no list of chips`;
  return `${why}; chips that CANN 8.1 and 9.2 know of`;
}

const OLD_CHIP = 'Ascend910B is a first 910; the chips of an Atlas A2 are Ascend910B1 to Ascend910B4.';
