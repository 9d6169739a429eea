// Colour, only where a person looks: decided once, from --color, NO_COLOR, FORCE_COLOR, TERM and the stream.
import { styleText } from 'node:util';

type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

export interface Style extends Readonly<Record<Format, (text: string) => string>> {
  readonly hasColor: boolean;
}

export type ColorChoice = 'auto' | 'always' | 'never';

export function styleFor(choice: ColorChoice, stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Style {
  return hasColor(choice, stream, env) ? COLORED : PLAIN;
}

const PLAIN: Style = { hasColor: false, bold: asIs, dim: asIs, red: asIs, green: asIs, yellow: asIs };
const COLORED: Style = {
  hasColor: true,
  bold: inFormat('bold'),
  dim: inFormat('dim'),
  red: inFormat('red'),
  green: inFormat('green'),
  yellow: inFormat('yellow'),
};

function asIs(text: string): string {
  return text;
}

function inFormat(format: Format): (text: string) => string {
  // Newer Node would ask whether stdout has colours; that is answered here.
  return (text) => styleText(format, text, { validateStream: false });
}

function hasColor(choice: ColorChoice, stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (env['NO_COLOR']) return false;
  // As Node has it: empty says yes.
  if (env['FORCE_COLOR'] !== undefined) return !['0', 'false'].includes(env['FORCE_COLOR']);
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
