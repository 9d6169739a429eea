// What adapters were merged into, in one line per set of adapters; --json has it by weight.
import type { LoraReport } from '../../weights/lora/plan.js';
import { listText } from './table.js';

/** `merged a.safetensors × 1.6 (rank 8) into fc1, fc2 (1 transposed)` */
export function loraLines(reports: readonly LoraReport[]): string[] {
  const groups = new Map<string, LoraReport[]>();
  for (const report of reports) {
    const adapters = report.adapters.map(({ path, rank, scale }) => `${path} × ${Number(scale.toPrecision(4))} (rank ${rank})`).join(' + ');
    const verb = report.as === 'merged' ? 'merged' : 'wrote the factors of';
    const key = `${verb} ${adapters} into`;
    groups.set(key, [...(groups.get(key) ?? []), report]);
  }
  return [...groups].map(([what, members]) => {
    const turned = members.filter(({ transposed }) => transposed).length;
    return `${what} ${listText(members.map(({ weight }) => weight))}${turned > 0 ? ` (${turned} stored as [in, out])` : ''}`;
  });
}
