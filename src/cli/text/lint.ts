// The findings, the errors first, each with the way out under it.
import type { LintResult } from '../../commands/lint.js';
import type { FindingFields } from '../../commands/shared/findings.js';
import type { Style } from '../style.js';

export function lintText({ path, scope, checked, findings, errors, warnings }: LintResult, style: Style): string {
  const looked = `${checked} ${scope === 'weights' ? plural(checked, 'weight') : plural(checked, 'constant')}`;
  const found =
    findings.length === 0 ? 'nothing found' : [counted(errors, 'error'), counted(warnings, 'warning')].filter(Boolean).join(', ');
  const sorted = [...findings].sort((a, b) => rank(a) - rank(b));
  const asIf = scope === 'graph' && findings.length > 0 ? ', as if each were to become a weight' : '';
  return [`${style.bold(path)}: ${found} in ${looked}${asIf}`, ...sorted.map((finding) => findingText(finding, style))].join('\n');
}

function findingText({ code, severity, message, fix }: FindingFields, style: Style): string {
  const mark = severity === 'error' ? style.red('error') : style.yellow('warning');
  return [`  ${mark} ${code}: ${message}`, ...(fix === null ? [] : [`    ${fix}`])].join('\n');
}

function rank({ severity }: FindingFields): number {
  return severity === 'error' ? 0 : 1;
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : `${count} ${plural(count, noun)}`;
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}
