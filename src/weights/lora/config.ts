// adapter_config.json, which PEFT writes beside an adapter: how much of it counts.
import { existsSync } from 'node:fs';
import { AscendBundleError } from '../../base/errors.js';
import { parseJson } from '../../base/json-text.js';
import { openFile } from '../../base/open-file.js';

export interface AdapterConfig {
  readonly path: string;
  /** What the product of the factors is multiplied by, for a layer and the rank that its factors have. @throws FILE_MALFORMED, TENSOR_MISMATCH */
  factorOf(module: string, rank: number): number;
  /** The layers of the model keep their weights as [in, out]. */
  readonly fanInFanOut: boolean;
}

const MAX_BYTES = 1 << 20;

/** Undefined where there is none. */
export function readAdapterConfig(path: string): AdapterConfig | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = openFile(path);
  if (bytes.length > MAX_BYTES) malformed(path, `has ${bytes.length} bytes; ${MAX_BYTES} are the most`, '');
  const config = parseJson(new TextDecoder().decode(bytes.read()), path);
  if (!isRecord(config)) return malformed(path, 'is not a JSON object', '');
  const method = config['peft_type'] ?? 'LORA';
  if (method !== 'LORA') refuse(path, `is of the method ${JSON.stringify(method)}`);
  if (config['use_dora'] === true) refuse(path, 'is of DoRA, which rescales the merged weight');
  const rank = numberOf(config, 'r', path);
  const alpha = numberOf(config, 'lora_alpha', path) ?? rank;
  const [ranks, alphas] = [patternOf(config, 'rank_pattern', path), patternOf(config, 'alpha_pattern', path)];
  const isRootScaled = config['use_rslora'] === true;
  return {
    path,
    fanInFanOut: config['fan_in_fan_out'] === true,
    factorOf(module, actual) {
      const stated = ranks(module) ?? rank ?? actual;
      if (stated !== actual) {
        throw new AscendBundleError('TENSOR_MISMATCH', {
          message: `${path} says that the rank of "${module}" is ${stated}; its factors have the rank ${actual}.`,
          fix: 'The file and its configuration do not belong together: copy both again.',
        });
      }
      return (alphas(module) ?? alpha ?? actual) / (isRootScaled ? Math.sqrt(actual) : actual);
    },
  };
}

function numberOf(config: Readonly<Record<string, unknown>>, name: string, path: string): number | undefined {
  const value = config[name];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' && Number.isFinite(value)
    ? value
    : malformed(path, `has ${JSON.stringify(value)} as "${name}"`, `/${name}`);
}

/** A key is the end of a layer's name, or a pattern of it; as in PEFT, the first that matches counts. */
function patternOf(config: Readonly<Record<string, unknown>>, name: string, path: string): (module: string) => number | undefined {
  const value = config[name] ?? {};
  if (!isRecord(value)) return malformed(path, `has no object as "${name}"`, `/${name}`);
  const rows = Object.keys(value).map((key) => ({ matches: matcherOf(key), number: numberOf(value, key, path) }));
  return (module) => rows.find(({ matches }) => matches(module))?.number;
}

/** PEFT takes keys for regular expressions. One from a file could take for ever, so that of them only `*`, `.*` and `\d+` are read. */
function matcherOf(key: string): (module: string) => boolean {
  const pieces = key
    .split(/(\.\*|\\d\+|\\\.)/)
    .map((piece) => ({ '.*': '.*', '\\d+': '\\d+', '\\.': '\\.' })[piece] ?? piece.replaceAll(/[^\w]/g, '\\$&'));
  const pattern = new RegExp(`^(?:.*\\.)?(?:${pieces.join('').replaceAll(/(?:\.\*){2,}/g, '.*')})$`);
  return (module) => pattern.test(module.slice(0, 1000));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(path: string, why: string): never {
  throw new AscendBundleError('FILE_KIND', {
    message: `${path} ${why}; only LoRA can be merged.`,
    fix: 'Merge it with PEFT, and give the merged weights.',
  });
}

function malformed(path: string, why: string, at: string): never {
  throw new AscendBundleError('FILE_MALFORMED', { message: `${path} ${why}.`, at, fix: 'Copy the adapter again.' });
}
