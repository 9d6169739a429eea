// What a build asks of GE besides the graph: typed options, and how to run the compiler.
import type { ReadOptions } from './options/read.js';

export interface CompilerRequest {
  readonly options: ReadOptions;
  /** The installation to use instead of the one that is found. */
  readonly ascendHome?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Where each native call is written as a JSON line. */
  readonly trace?: string | undefined;
  /** Whether the graph as GE has loaded it, and its three conversions, are wanted too. */
  readonly emitGraphs: boolean;
  /** Where the bundle will go: the work is done on a disk from which it can be moved there, if possible. */
  readonly outputFolder: string;
}
