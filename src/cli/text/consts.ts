// The candidates as a table, the largest facts first, and under it what the risk flags mean.
import type { ConstFields, ConstsResult } from '../../commands/consts.js';
import type { Style } from '../style.js';
import { type Column, formatBytes, formatShape, tableText } from './table.js';

export function constsText({ path, consts }: ConstsResult, style: Style): string {
  if (consts.length === 0) return `${path} has no constants that can be made updatable.`;
  const total = consts.reduce((sum, { bytes }) => sum + bytes, 0);
  const lines = [
    tableText(consts, columns(consts), style),
    `  ${consts.length} ${consts.length === 1 ? 'constant' : 'constants'}, ${formatBytes(total)}`,
  ];
  const risks = consts.flatMap(({ risks: all }) => all);
  const shown = [...new Map(risks.map((risk) => [risk.code, risk])).values()];
  if (shown.length > 0)
    lines.push('', ...shown.map(({ code, severity, message }) => `  ${mark(severity, style)} ${code}: ${message}${more(risks, code)}`));
  return lines.join('\n');
}

function columns(consts: readonly ConstFields[]): readonly Column<ConstFields>[] {
  return [
    { title: 'const', cell: (row) => row.name },
    { title: 'dtype', cell: (row) => row.dtype },
    { title: 'shape', cell: (row) => formatShape(row.shape) },
    { title: 'bytes', cell: (row) => formatBytes(row.bytes), align: 'right' },
    ...(consts.some(({ users }) => users.length > 0) ? [{ title: 'used by', cell: usersText }] : []),
    ...(consts.some(({ risks }) => risks.length > 0)
      ? [{ title: 'risks', cell: (row: ConstFields) => row.risks.map(({ code }) => code).join(', ') }]
      : []),
  ];
}

const SHOWN_USERS = 2;

function usersText({ users }: ConstFields): string {
  const shown = users
    .slice(0, SHOWN_USERS)
    .map(({ node, type, slot }) => (type === 'output' ? `output ${node}` : `${node} (${type}${slot === '' ? '' : ` ${slot}`})`));
  return `${shown.join(', ')}${users.length > SHOWN_USERS ? ` and ${users.length - SHOWN_USERS} more` : ''}`;
}

function mark(severity: 'error' | 'warning', style: Style): string {
  return severity === 'error' ? style.red('error') : style.yellow('warning');
}

function more(risks: readonly { readonly code: string }[], code: string): string {
  const count = risks.filter((risk) => risk.code === code).length;
  return count > 1 ? ` (and ${count - 1} more like this)` : '';
}
