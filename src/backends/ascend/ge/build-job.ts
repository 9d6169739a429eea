// A build as plain data: what the native process is asked, and what it answers. The same steps are carried out, and printed by a dry run.
import type { ParsedGraphNames } from './parsed-graph.js';

export type OptionMap = Readonly<Record<string, string>>;

export interface BuildJob {
  /** What the graph is called inside GE. */
  readonly graphName: string;
  readonly source:
    | { readonly kind: 'graph file'; readonly path: string }
    | {
        readonly kind: 'onnx';
        readonly path: string;
        readonly parser: OptionMap;
        /** Where GE saves what it parsed, and where that goes with its names restored. */
        readonly saved: string;
        readonly restored: string;
        readonly names: ParsedGraphNames;
      };
  readonly options: { readonly global: OptionMap; readonly infer: OptionMap; readonly init: OptionMap; readonly update: OptionMap };
  /** In the order of the update graph's inputs. */
  readonly constNames: readonly string[];
  readonly withInit: boolean;
  /** A graph file that takes the place of GE's own update graph. */
  readonly staticUpdate: string | null;
  /** Without `.om`, in an empty folder. */
  readonly output: string;
  /** Where to save the graph as it was loaded and the converted ones. */
  readonly emit: Readonly<Record<'origin' | 'infer' | 'init' | 'update', string>> | null;
}

export interface StepTiming {
  readonly step: string;
  readonly ms: number;
}

export interface BuildReply {
  readonly steps: readonly StepTiming[];
}
