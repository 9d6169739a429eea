// Lists of names on the command line: comma-separated, repeatable, and @file with one name per line.
import { openFile } from '../../base/bytes.js';
import { readStdin } from '../../weights/stdin.js';

/**
 * @param lists  values of `--consts`: `a,b`, `@names.txt`, `@-` for stdin
 * @param single  values of `--const`: one name each, taken as it is, commas included
 */
export function readNames(lists: readonly string[], single: readonly string[] = []): string[] {
  return [...lists.flatMap((list) => (list.startsWith('@') ? namesInFile(list.slice(1)) : splitNames(list))), ...single];
}

function splitNames(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function namesInFile(path: string): string[] {
  return readText(path)
    .split(/\r?\n/)
    .map((line) => firstField(line.trim()))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** `name:dims;node`, a line of converter_lite's variable_weights_file, is the name. */
function firstField(line: string): string {
  return /^(.+?):\d+(?:,\d+)*;/.exec(line)?.[1] ?? line;
}

function readText(path: string): string {
  return new TextDecoder().decode((path === '-' ? readStdin() : openFile(path)).read());
}
