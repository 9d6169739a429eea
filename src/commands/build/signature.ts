// What a build is given, and what it answers.
import type { CompilePlan, CompilerFields } from '../../backends/backend.js';
import type { BundleFields } from '../shared/bundle.js';
import type { SelectionFields } from '../shared/selection.js';
import type { SelectionValues } from '../shared/selection-options.js';
import type { CompilerValues } from './compiler-options.js';

export interface BuildValues extends SelectionValues, CompilerValues {
  readonly graph: string;
  readonly output?: string | undefined;
  readonly init: boolean;
  readonly allowScalar: boolean;
  readonly updateGraph: 'ge' | 'static';
  readonly backend: 'auto' | 'host' | 'ascend';
  /** Where to; true for the place that goes without saying. */
  readonly manifest?: string | true | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
}

export interface BuildResult extends BundleFields {
  readonly bundle: {
    readonly path: string;
    /** Null in a dry run of a compiler that does not run in one. */
    readonly bytes: number | null;
    readonly hostEnv: { readonly os: string; readonly cpu: string } | null;
  };
  readonly graph: { readonly path: string; readonly kind: string; readonly nodes: number };
  /** Null where none was asked for. */
  readonly manifest: { readonly path: string } | null;
  /** Null where the constants were given by name alone. */
  readonly selection: SelectionFields | null;
  /** The vendor's compiler; null for the host. */
  readonly compiler: CompilerFields | null;
  /** Files of --emit-graphs; null where none was asked for. */
  readonly graphs: readonly string[] | null;
  /** The calls that would be made; null but in a dry run of the ascend backend. */
  readonly calls: CompilePlan['calls'] | null;
  readonly dryRun: boolean;
}
