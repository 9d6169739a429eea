// Each code with what it means and, indented, what it comes from and what to do.
import type { ExplainedCode, ExplainResult } from '../../commands/explain.js';
import type { Style } from '../style.js';
import { wrapped } from './table.js';

export function explainText({ codes }: ExplainResult, style: Style): string {
  return codes.map((code) => codeText(code, style)).join('\n\n');
}

const OF = { graphStatus: 'status of GE', aclError: 'AscendCL', text: 'text code of CANN', tool: 'ascend-bundle', exit: 'ascend-bundle' };

function codeText({ code, hex, name, family, meaning, causes, fix, exitCode }: ExplainedCode, style: Style): string {
  const facts = [OF[family], ...(family === 'tool' && exitCode !== null ? [`exit ${exitCode}`] : [])].join(', ');
  const heading = [style.bold([code, hex, name].filter((part) => part !== null).join(' ')), style.dim(`(${facts})`)].join(' ');
  return [
    heading,
    wrapped(meaning, '  '),
    ...(causes === null ? [] : [wrapped(`comes from: ${causes}`, '  ')]),
    ...(fix === null ? [] : [wrapped(`what to do: ${fix}`, '  ')]),
  ].join('\n');
}
