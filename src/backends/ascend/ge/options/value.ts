// Values of GE's options: what a value must look like, and the form in which GE gets it.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { didYouMean, nearNames } from '../../../../base/near-names.js';
import { parseGears } from './gears.js';
import { parseInputShape } from './input-shape.js';

export type ValueKind =
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** `word`: no blanks. `text`: GE's own grammar, passed through. `numbers`: `1,2,4`. `gears`: `1,128;2,256`. */
  | { readonly kind: 'word' | 'text' | 'numbers' | 'gears' | 'shapes' | 'file' | 'folder' };

export interface BadValue {
  /** Completes `--log "x" ...`. */
  readonly why: string;
  readonly fix?: string | undefined;
}

/** What is wrong with the value; undefined when it may be given to GE. */
export function badValue(value: ValueKind, text: string): BadValue | undefined {
  // GE refuses an empty value with a bare number (cann-api §2.3).
  if (text === '') return { why: 'is empty', fix: 'Leave the option out instead.' };
  switch (value.kind) {
    case 'choice':
      return badChoice(value.choices, text);
    case 'word':
      return /^\S+$/.test(text) ? undefined : { why: 'has blanks in it', fix: 'Write it as one word.' };
    case 'numbers':
    case 'gears': {
      const { why } = parseGears(text, value.kind === 'numbers' ? ',' : ';');
      return why === undefined ? undefined : { why, fix: value.kind === 'numbers' ? 'Write it like 1,2,4.' : 'Write it like 1,128;2,256.' };
    }
    case 'shapes': {
      const { why } = parseInputShape(text);
      return why === undefined ? undefined : { why, fix: 'Write it like "n1:1,3,224,224;n2:1,77".' };
    }
    case 'file':
      return existsSync(text) ? undefined : { why: 'does not exist', fix: 'Check the path; it is taken from the current folder.' };
    case 'folder':
    case 'text':
      return undefined;
  }
}

function badChoice(choices: readonly string[], text: string): BadValue | undefined {
  if (choices.includes(text)) return undefined;
  return { why: `is none of ${choices.join(', ')}`, fix: didYouMean(nearNames(text, choices), 'Write one of these.') };
}

/** As GE gets it: paths are absolute, because the compiler works in a folder of its own. */
export function nativeValue(value: ValueKind, text: string): string {
  return value.kind === 'file' || value.kind === 'folder' ? resolve(text) : text;
}
