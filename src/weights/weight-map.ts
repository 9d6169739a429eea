// Reads a map file: other names, and other orders of dimensions, for the tensors of a checkpoint.
import { AscendBundleError, type Problem } from '../base/errors.js';
import { jsonPointer, parseJson } from '../base/json-text.js';
import { openFile } from '../base/open-file.js';
import { throwProblems } from '../base/problems.js';
import type { MapEntry, WeightMap } from './apply-map.js';
import { mapSchema, type WeightMapFile } from './weight-map-schema.js';

const MAX_BYTES = 100_000_000;

/** @throws FILE_NOT_FOUND, FILE_IO, FILE_MALFORMED with the JSON pointer of each mistake */
export function readWeightMap(path: string): WeightMap {
  const bytes = openFile(path);
  if (bytes.length > MAX_BYTES) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${path} has ${bytes.length} bytes; a map has at most ${MAX_BYTES}.`,
      fix: 'Give a map file, not the checkpoint itself.',
    });
  }
  const checked = mapSchema.safeParse(parseJson(new TextDecoder().decode(bytes.read()), path));
  if (!checked.success) {
    const problems = checked.error.issues.map((issue) => malformed(path, issue.message, issue.path));
    throwProblems(problems, path, 'FILE_MALFORMED');
  }
  const { entries } = checked.data as WeightMapFile;
  throwProblems(repeatedTargets(entries, path), path, 'FILE_MALFORMED');
  return { path, entries };
}

function malformed(path: string, why: string, at: readonly PropertyKey[]): Problem {
  return {
    code: 'FILE_MALFORMED',
    message: `${path} is not a map: ${why}.`,
    at: jsonPointer(at),
    fix: 'Its form: {"schema": "ascend-bundle/map@1", "entries": [{"from": "key", "to": "const", "transpose": [1, 0]}]}.',
  };
}

function repeatedTargets(entries: readonly MapEntry[], path: string): Problem[] {
  const seen = new Set<string>();
  return entries.flatMap(({ to }, i) => {
    if (seen.has(to)) return [malformed(path, `"${to}" is given a second time`, ['entries', i, 'to'])];
    seen.add(to);
    return [];
  });
}
