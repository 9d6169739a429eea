// What a program hands over for a path, which no type checker may have looked at.
import { inspect } from 'node:util';
import { AscendBundleError } from './errors.js';

/**
 * @param what  the file, for the message: `a bundle`
 * @throws USAGE for what is no text
 */
export function requirePath(given: unknown, what: string): asserts given is string {
  if (typeof given === 'string') return;
  const shown = inspect(given, { depth: 0, breakLength: Infinity, maxArrayLength: 4, maxStringLength: 60 });
  throw new AscendBundleError('USAGE', {
    message: `The path of ${what} is expected, a text; ${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown} was given.`,
    fix:
      given instanceof URL
        ? 'Give fileURLToPath of it (node:url).'
        : ArrayBuffer.isView(given) || given instanceof ArrayBuffer
          ? 'Write the bytes to a file, and give its path.'
          : 'Give the path of a file.',
  });
}
