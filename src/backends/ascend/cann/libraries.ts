// The libraries of CANN that this tool opens, what for, and whether they are there. Opening them is the worker's.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Cann } from './find.js';

export type CannUse = 'build' | 'run';

export interface LibraryRow {
  /** Any of these will do; the names of 8.1 and of 8.5 and newer. */
  readonly names: readonly string[];
  readonly what: string;
  readonly use: CannUse;
  /** Without it nothing works; else only what the text says does not. */
  readonly isNeeded: boolean;
}

export const LIBRARIES: readonly LibraryRow[] = [
  { names: ['libge_compiler.so'], what: "GE's compiler", use: 'build', isNeeded: true },
  { names: ['libgraph.so'], what: "GE's graphs", use: 'build', isNeeded: true },
  { names: ['libfmk_onnx_parser.so'], what: "GE's ONNX parser, for ONNX models", use: 'build', isNeeded: false },
  { names: ['libacl_rt.so', 'libascendcl.so'], what: "AscendCL, for GE's error texts", use: 'build', isNeeded: false },
  { names: ['libascendcl.so', 'libacl_mdl.so'], what: 'AscendCL, to run models', use: 'run', isNeeded: true },
];

export interface LibraryState extends LibraryRow {
  /** The first of the names that is there; undefined for none. A link that leads nowhere is none. */
  readonly path: string | undefined;
}

export function libraryStates(cann: Cann): readonly LibraryState[] {
  return LIBRARIES.map((row) => ({
    ...row,
    path: row.names.map((name) => join(cann.libraryFolder, name)).find((path) => existsSync(path)),
  }));
}
