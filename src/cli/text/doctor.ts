// A report that can be pasted: the facts, the checks in one table, what mends each, and what it all comes to.
import type { DoctorResult } from '../../commands/doctor.js';
import type { Style } from '../style.js';
import { wrapped } from './table.js';

export function doctorText(result: DoctorResult, style: Style): string {
  return [factsText(result, style), checksText(result, style), verdictText(result, style)].join('\n\n');
}

function factsText({ cann, driver, soc, python, machine }: DoctorResult, style: Style): string {
  const chip = [soc.given === null ? '' : `${soc.given} given`, soc.detected === null ? '' : `${soc.detected} detected`]
    .filter(Boolean)
    .join(', ');
  const rows: readonly (readonly [string, string])[] = [
    ['machine', `${machine.platform} ${machine.arch}, kernel ${machine.kernel}, Node ${machine.node}`],
    ['CANN', cann === null ? 'none' : `${cann.version ?? 'unknown version'}, ${cann.home}`],
    [
      'driver',
      driver === null
        ? 'none'
        : [driver.version ?? 'unknown version', ...(driver.firmwareVersion === null ? [] : [`firmware ${driver.firmwareVersion}`])].join(
            ', ',
          ),
    ],
    ...(cann === null && chip === '' ? [] : [['chip', chip || 'none given, none detected'] as const]),
    ...(python === null ? [] : [['Python', python.version === null ? 'none' : `${python.version}, ${python.executable}`] as const]),
  ];
  return rows.map(([name, value]) => `${style.bold(name.padEnd(8))} ${value}`).join('\n');
}

const AREA_WIDTH = 10;

function checksText({ checks, for: use }: DoctorResult, style: Style): string {
  const marks = { ok: style.green('ok     '), warning: style.yellow('warning'), missing: style.red('missing') };
  return checks
    .map(({ code, area, status, message, fix }) => {
      // Nobody who did not ask for an NPU misses it.
      const mark = code === 'CANN_NOT_FOUND' && use === null ? style.dim('none   ') : marks[status];
      const indent = ' '.repeat(INDENT);
      const [first = '', ...rest] = wrapped(message, indent, '').split('\n');
      const lines = [`  ${mark} ${area.padEnd(AREA_WIDTH)} ${first.trimStart()}`, ...rest];
      return [...lines, ...(fix === null ? [] : [wrapped(`→ ${fix}`, indent)])].join('\n');
    })
    .join('\n');
}

/** Two blanks, the mark, the area, and the blanks between. */
const INDENT = 2 + 'missing'.length + 1 + AREA_WIDTH + 1;

function verdictText({ usable, cann, checks }: DoctorResult, style: Style): string {
  const host = usable.host ? `${style.green('works')}: bundles for the CPU are built and run` : `${style.red('does not work')}, see above`;
  if (cann === null) {
    const calm = 'is not possible here: there is no usable CANN, and none is needed for the host backend';
    return [`host     ${host}`, `NPU      ${calm}`].join('\n');
  }
  const line = (use: 'build' | 'run'): string => {
    const warnings = checks.filter(({ status, uses }) => status === 'warning' && uses.includes(use)).length;
    const but = warnings === 0 ? '' : `, with ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
    const text = usable[use] ? `${style.green('nothing speaks against it')}${but}` : style.red('cannot work, see above');
    return `${use.padEnd(8)} ${text}`;
  };
  return [`host     ${host}`, line('build'), line('run')].join('\n');
}
