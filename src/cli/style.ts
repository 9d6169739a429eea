// Colour, only where a person looks: decided once, from --color, NO_COLOR, FORCE_COLOR, TERM and the stream.
import { Chalk, type ChalkInstance } from 'chalk';

export type Style = ChalkInstance;

export type ColorChoice = 'auto' | 'always' | 'never';

export function styleFor(choice: ColorChoice, stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  return new Chalk({ level: hasColor(choice, stream, env) ? 1 : 0 });
}

function hasColor(choice: ColorChoice, stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
