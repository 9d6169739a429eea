// safetensors: a single file, or the shards that an index (`model.safetensors.index.json`) names.
import { dirname, isAbsolute, join } from 'node:path';
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError, type Problem } from '../base/errors.js';
import { openFile } from '../base/open-file.js';
import type { NamedTensor } from '../graph/tensor.js';
import { readSafetensors, type Safetensors } from './encodings/safetensors-file.js';

export { isSafetensors, readSafetensors, type Safetensors, writeSafetensors } from './encodings/safetensors-file.js';

const MAX_INDEX_BYTES = 100_000_000;

/** Whether a file is the JSON index of shards. Looks for its `weight_map` near the start, without parsing the file. */
export function isSafetensorsIndex(bytes: Bytes): boolean {
  if (bytes.length > MAX_INDEX_BYTES) return false;
  const text = Buffer.from(bytes.read(0, Math.min(bytes.length, 1 << 16))).toString('utf8');
  return /^\s*\{/.test(text) && /"weight_map"\s*:\s*\{/.test(text);
}

/**
 * The tensors of all shards, in the order of the index. Only headers are read.
 *
 * @param path  of the index; shards are named relative to its folder and never leave it
 * @throws FILE_MALFORMED, PATH_ESCAPES, TENSOR_NOT_FOUND, and what reading a shard throws
 */
export function readSafetensorsIndex(bytes: Bytes, path: string): Pick<Safetensors, 'tensors' | 'findings'> {
  const map = parseIndex(bytes, path);
  const shards = new Map<string, Shard>();
  const out: NamedTensor[] = [];
  for (const [name, shard] of Object.entries(map)) {
    const at = `/weight_map/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (typeof shard !== 'string') return malformed(path, `names ${JSON.stringify(shard)} as the shard of "${name}"`, at);
    const read = shards.get(shard) ?? readShard(path, shard, at);
    shards.set(shard, read);
    const tensor = read.tensors.get(name);
    if (tensor === undefined) {
      throw new AscendBundleError('TENSOR_NOT_FOUND', {
        message: `${path} says that "${name}" is in ${shard}, but it is not there.`,
        at,
        fix: 'Download the index and its shards again; they do not belong together.',
      });
    }
    out.push(tensor);
  }
  const findings = [...shards.values()].flatMap((shard) => [...shard.findings, ...unlisted(shard, map, path)]);
  return { tensors: out, findings };
}

interface Shard {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly findings: readonly Problem[];
}

function unlisted(shard: Shard, map: Readonly<Record<string, unknown>>, index: string): readonly Problem[] {
  return [...shard.tensors.keys()]
    .filter((name) => !Object.hasOwn(map, name))
    .map((name) => ({
      code: 'TENSOR_UNLISTED',
      message: `${shard.path} has a tensor "${name}" that ${index} does not name.`,
      fix: 'Download the index and its shards again, if they do not belong together.',
    }));
}

function parseIndex(bytes: Bytes, path: string): Record<string, unknown> {
  if (bytes.length > MAX_INDEX_BYTES) malformed(path, `has ${bytes.length} bytes; ${MAX_INDEX_BYTES} are the most`, 'byte 0');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.read()).toString('utf8'));
  } catch (cause) {
    return malformed(path, `is not JSON: ${(cause as Error).message}`, 'byte 0', cause);
  }
  const map = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['weight_map'] : undefined;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return malformed(path, 'has no object "weight_map"', '/weight_map');
  return map as Record<string, unknown>;
}

function readShard(indexPath: string, shard: string, at: string): Shard {
  // The words of the path decide, not where links lead: caches of model hubs keep each file as a link to a store elsewhere.
  if (shard === '' || isAbsolute(shard) || /^[A-Za-z]:/.test(shard) || shard.split(/[\\/]/).includes('..') || shard.includes('\0')) {
    throw new AscendBundleError('PATH_ESCAPES', {
      message: `${indexPath} names the shard ${JSON.stringify(shard)}, which is not in its folder.`,
      at,
      fix: 'Put the shards beside the index, and name them without a folder.',
    });
  }
  const path = join(dirname(indexPath), shard);
  const { tensors, findings } = readSafetensors(openFile(path), path);
  return { path, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])), findings };
}

function malformed(path: string, why: string, at: string, cause?: unknown): never {
  throw new AscendBundleError('FILE_MALFORMED', { message: `${path} ${why}.`, at, fix: 'Download or write the index again.', cause });
}
