// The value of --lora: `a.safetensors:0.8,b.safetensors:0.3`.
import { existsSync } from 'node:fs';
import { AscendBundleError } from '../../base/errors.js';

export interface AdapterSpec {
  /** A file, or the folder that PEFT writes. */
  readonly path: string;
  /** How much of the adapter is added; 1 where nothing was said. */
  readonly scale: number;
}

const SCALE = /^(.+):([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)$/i;

/** @throws VALUE_SYNTAX */
export function parseAdapterSpecs(given: readonly string[]): readonly AdapterSpec[] {
  return given.flatMap((text) => {
    // A path may hold a comma or a colon: what is there as it is typed is meant as it is typed.
    if (existsSync(text) || existsSync(parseOne(text).path)) return [existsSync(text) ? { path: text, scale: 1 } : parseOne(text)];
    return text.split(',').map((part) => {
      if (part.trim() !== '') return parseOne(part.trim());
      throw new AscendBundleError('VALUE_SYNTAX', {
        message: `"${text}" names no adapter between two commas.`,
        fix: 'Write a.safetensors:0.8,b.safetensors:0.3; a scale that is left out is 1.',
      });
    });
  });
}

function parseOne(text: string): AdapterSpec {
  const [, path, scale] = SCALE.exec(text) ?? [];
  return path === undefined || scale === undefined ? { path: text, scale: 1 } : { path, scale: Number(scale) };
}
