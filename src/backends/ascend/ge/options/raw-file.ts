// A file of raw options, as `atc --raw_ge_options` reads it: {"compile options": {"global": {…}, "session": {…}, "graph": {…}}}.
import { readFileSync } from 'node:fs';
import { AscendBundleError } from '../../../../base/errors.js';
import { fileError } from '../../../../base/file-error.js';
import { jsonPointer, parseJson } from '../../../../base/json-text.js';

/** A later level wins over an earlier one, as in atc. */
const LEVELS = ['global', 'session', 'graph'] as const;

/**
 * The options of all levels, flattened.
 *
 * @throws FILE_NOT_FOUND, FILE_IO; FILE_MALFORMED with the JSON pointer
 */
export function readRawOptions(path: string): ReadonlyMap<string, string> {
  const root = parseJson(readText(path), path);
  if (!isObject(root)) fail(path, [], 'is no JSON object');
  const sections = root['compile options'];
  if (!isObject(sections)) fail(path, ['compile options'], sections === undefined ? 'is missing' : 'is no object');
  for (const level of Object.keys(sections)) {
    if (!LEVELS.some((known) => known === level)) fail(path, ['compile options', level], `is none of ${LEVELS.join(', ')}`);
  }
  const options = new Map<string, string>();
  for (const level of LEVELS) {
    const section = sections[level];
    if (section === undefined) continue;
    if (!isObject(section)) fail(path, ['compile options', level], 'is no object');
    for (const [key, value] of Object.entries(section)) {
      if (key === '') fail(path, ['compile options', level], 'has an option without a name');
      if (typeof value !== 'string') fail(path, ['compile options', level, key], 'is no string; write numbers in quotes');
      options.set(key, value);
    }
  }
  return options;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw fileError(path, cause, 'read');
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(path: string, at: readonly string[], why: string): never {
  throw new AscendBundleError('FILE_MALFORMED', {
    message: `${path}${at.length === 0 ? '' : `, ${jsonPointer(at)},`} ${why}.`,
    at: jsonPointer(at),
    fix: 'Write {"compile options": {"global": {"key": "value"}, "session": {}, "graph": {}}}, as atc --raw_ge_options takes it.',
  });
}
