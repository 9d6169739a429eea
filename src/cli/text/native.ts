// What is known of a failure in the vendor's libraries besides its message: what it says, its log, and where that was kept.
import type { NativeDetails } from '../../base/errors.js';
import type { Style } from '../style.js';
import { printable } from './printable.js';

const SHOWN_LINES = 10;

export function nativeLines({ text, status, log, folder }: NativeDetails, message: string, style: Style): string[] {
  const said = (text ?? '').split('\n').filter((line) => line !== '' && !message.includes(line));
  const logged = log.filter((line) => !message.includes(line));
  const code = /^([EW][A-Z0-9]\d{4}):/.exec(text ?? '')?.[1] ?? status;
  return [
    ...shownFirst(said),
    ...shownFirst(logged).map((line) => style.dim(`| ${line}`)),
    ...(folder === null ? [] : [`Logs: ${printable(folder)}`]),
    ...(code === null ? [] : [style.dim(`More: ascend-bundle explain ${code}`)]),
  ];
}

function shownFirst(lines: readonly string[]): string[] {
  const more = lines.length - SHOWN_LINES;
  return [...lines.slice(0, SHOWN_LINES).map(printable), ...(more > 0 ? [`… and ${more} more lines`] : [])];
}
