// Lists of names on the command line: comma-separated, repeatable, and @file with one name per line.
import { readFileSync } from 'node:fs';
import { AscendBundleError } from '../../base/errors.js';
import { fileError } from '../../base/file-error.js';
import { readStdin } from '../../weights/stdin.js';

/**
 * @param lists  values of `--consts`: `a,b`, `@names.txt`, `@-` for stdin
 * @param single  values of `--const`: one name each, taken as it is, commas included
 * @throws FILE_NOT_FOUND, FILE_IO, FILE_KIND
 */
export function readNames(lists: readonly string[], single: readonly string[] = []): string[] {
  return [...lists.flatMap((list) => (list.startsWith('@') ? namesInFile(list.slice(1)) : splitNames(list))), ...single];
}

/** Whether a line of a list gives back this name; names with line feeds, or that look like a comment, do not. */
export function isListable(name: string): boolean {
  const [back, ...more] = namesInText(name);
  return back === name && more.length === 0;
}

function splitNames(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function namesInFile(path: string): string[] {
  const text = readText(path);
  if (!text.includes('\0')) return namesInText(text);
  throw new AscendBundleError('FILE_KIND', {
    message: `${path} is not a text file; a list of names is expected.`,
    fix: 'Write one name a line. The candidates: ascend-bundle consts <graph> --names-only.',
  });
}

function namesInText(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => firstField(line.trim()))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** `name:dims;node`, a line of converter_lite's variable_weights_file, is the name. */
function firstField(line: string): string {
  return /^(.+?):\d+(?:,\d+)*;/.exec(line)?.[1] ?? line;
}

/** Read whole, so that it may be a pipe: `--consts @<(grep lora names.txt)`. */
function readText(path: string): string {
  if (path === '-') return new TextDecoder().decode(readStdin().read());
  try {
    return new TextDecoder().decode(readFileSync(path));
  } catch (cause) {
    throw fileError(path, cause, 'read');
  }
}
