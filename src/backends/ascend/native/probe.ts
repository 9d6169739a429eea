// A look at what an installation has, without calling any of it: which libraries open, which functions they have.
import type { Native } from './native.js';
import { functionsFor, type NativeUse, nativeFunctions } from './symbols/index.js';

export interface ProbeRequest {
  /** Libraries to open, in this order. */
  readonly libraries: readonly string[];
}

export interface ProbedLibrary {
  readonly name: string;
  /** The file the linker took; null where it took none. */
  readonly path: string | null;
  /** The linker's words where it failed. */
  readonly reason: string | null;
}

export interface ProbedFunction {
  readonly name: string;
  readonly symbol: string;
  readonly use: NativeUse | 'optional';
  readonly since: string;
  /** The file that has it; null where none of the opened libraries does. */
  readonly path: string | null;
}

export interface ProbeReply {
  readonly libraries: readonly ProbedLibrary[];
  readonly functions: readonly ProbedFunction[];
  /** Uses whose functions are all there. */
  readonly usable: readonly NativeUse[];
}

const USES: readonly NativeUse[] = ['build', 'onnx', 'run'];

export function probe({ libraries }: Native, request: ProbeRequest): ProbeReply {
  const probed = request.libraries.map((name): ProbedLibrary => {
    const result = libraries.tryOpen(name);
    return 'path' in result ? { name, path: result.path, reason: null } : { name, path: null, reason: result.reason };
  });
  const functions = [...nativeFunctions().values()].map(({ name, symbol, use, since }): ProbedFunction => {
    return { name, symbol, use, since, path: libraries.whereIs(name) ?? null };
  });
  const present = new Set(functions.filter(({ path }) => path !== null).map(({ name }) => name));
  return { libraries: probed, functions, usable: USES.filter((use) => functionsFor(use).every(({ name }) => present.has(name))) };
}
