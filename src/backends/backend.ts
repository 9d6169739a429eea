// What a backend is. Verbs know this page and nothing else of a backend.
import type { Bytes } from '../base/bytes.js';
import type { Problem } from '../base/errors.js';
import type { OnnxProgram } from '../formats/encodings/onnx-program.js';
import type { Bundle } from '../formats/om/index.js';
import type { CheckedGraph } from '../graph/check.js';
import type { Graph } from '../graph/graph.js';
import type { RefreshableGraphs, RefreshableWeight } from '../graph/refreshable.js';
import type { NamedSpec, NamedTensor, Tensor } from '../graph/tensor.js';
import type { DeviceRequest } from './ascend/acl/request.js';
import type { CompilerRequest } from './ascend/ge/request.js';

export type BackendKind = 'host' | 'ascend';

/** What a user may ask for. */
export const BACKEND_CHOICES = ['auto', 'host', 'ascend'] as const satisfies readonly ('auto' | BackendKind)[];

export interface BackendChoice {
  readonly kind: BackendKind;
  /** Why this one, in one line that the user reads. */
  readonly reason: string;
}

/** A graph as it came from its file. */
export interface GraphSource {
  readonly path: string;
  readonly kind: 'graph-json' | 'air' | 'onnx';
  readonly graph: Graph;
  /** Only for graphs of GE operators. */
  readonly checked?: CheckedGraph;
  /** Only for ONNX: its own operators. */
  readonly program?: OnnxProgram;
}

export interface CompileJob {
  readonly source: GraphSource;
  readonly weights: readonly RefreshableWeight[];
  readonly graphs: RefreshableGraphs;
  /** Without the init graph a bundle needs every weight before its first inference, and less device memory. */
  readonly withInit: boolean;
  readonly updateGraph: 'ge' | 'static';
  readonly hooks?: CompileHooks | undefined;
}

/** What a compiler tells while it works. */
export interface CompileHooks {
  step(step: string): void;
  warn(warning: Problem): void;
  /**
   * Called once everything that is wrong has been said and, if another process compiles, when that is at work: what has nothing to do
   * with the result costs no time here.
   *
   * @param signal  the compiler has failed, and waits for nothing more
   */
  beside?(signal?: AbortSignal): Promise<void>;
}

/** The vendor's compiler as it was used. */
export interface CompilerFields {
  /** Version of CANN; null where it is not known. */
  readonly cann: string | null;
  readonly soc: string | null;
  readonly steps: readonly { readonly step: string; readonly ms: number }[];
}

export interface CompiledBundle {
  /** The whole file; produced when it is read. */
  readonly bytes: Bytes;
  /** The operating system and processor the file is bound to, in GE's words; null when it is bound to none. */
  readonly hostEnv: { readonly os: string; readonly cpu: string } | null;
  /** The file that has these bytes, while the compiler is open: it may be moved to its place. Undefined where they are only produced. */
  readonly file?: string | undefined;
  /** The graphs that were asked for, to be moved too: by their path below the folder that they go to. */
  readonly graphs?: readonly { readonly name: string; readonly path: string }[] | undefined;
  readonly compiler?: CompilerFields | undefined;
}

export interface CompilerOptions {
  /** What only GE is asked; the host has no use for it. */
  readonly request?: CompilerRequest | undefined;
  /** Nothing is to be compiled where there is a plan instead. */
  readonly isDryRun?: boolean;
}

/** A compiler that is open. What it gives is there until it is closed. */
export interface Compiler extends AsyncDisposable {
  compile(job: CompileJob): Promise<CompiledBundle>;
  /** Where compiling is more than a dry run may do. */
  plan?(job: CompileJob): Promise<CompilePlan>;
}

/** What a compiler would do. */
export interface CompilePlan {
  readonly compiler: CompilerFields;
  /** Native calls in their order; addresses have names, objects show what is in them. */
  readonly calls: readonly { readonly call: string; readonly arguments: Readonly<Record<string, unknown>> }[];
  readonly warnings: readonly Problem[];
}

/**
 * How a reference computes: in the graph's own dtypes; in float32 throughout; or so, with every value rounded to 16 bits as soon as
 * an operator gives it. In all but the first, float16 and bfloat16 outputs come as float32.
 */
export type Arithmetic = 'own' | 'exact' | 'float16' | 'bfloat16';

/** A graph that is not compiled, executed as a reference. It needs no backend but the CPU. */
export interface GraphRunner extends AsyncDisposable {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  /** Where values are rounded: nodes that have values inside which are not, `loop (Loop)`. */
  readonly unrounded: readonly string[];
  /**
   * @param weights  new values of constants, by name; the others have that of the graph
   * @throws WEIGHT_UNKNOWN, INPUT_MISSING, INPUT_UNKNOWN, TENSOR_MISMATCH, HOST_EXECUTION
   */
  run(inputs: ReadonlyMap<string, Tensor>, weights?: ReadonlyMap<string, Tensor>): Promise<readonly NamedTensor[]>;
}

export interface Backend {
  readonly kind: BackendKind;
  /**
   * Sets off what a compiler needs to start, which goes on beside whatever the caller does before it compiles. What keeps it from
   * working is said by `compile`.
   */
  openCompiler(options?: CompilerOptions): Promise<Compiler>;
  /** @param path  of the bundle's file */
  open(bundle: Bundle, path: string, options?: OpenOptions): Promise<Session>;
}

export interface OpenOptions {
  /** What only a device is asked; the host has no use for it. */
  readonly device?: DeviceRequest | undefined;
  readonly onWarning?: ((warning: Problem) => void) | undefined;
}

/** An update as it was carried out. */
export interface UpdateReport {
  /** Names of weights with a new value, in update order. */
  readonly updated: readonly string[];
  /** Names that keep their value: not given, or given as an empty tensor. */
  readonly kept: readonly string[];
  readonly warnings: readonly Problem[];
}

export type WeightsSnapshot = ReadonlyMap<string, Tensor>;

/** An opened bundle. Its variables live as long as it does. */
export interface Session extends AsyncDisposable {
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  /**
   * Runs the init graph: every weight gets its built-in value.
   *
   * @throws WEIGHTS_NOT_INITIALIZED when the bundle was built without one
   */
  initialize(): Promise<void>;
  /**
   * Runs the update graph. A weight that is not in the map, or whose tensor has a dimension of 0, keeps its value.
   * A static update graph takes all of them, so that one without a value yet must be in the map.
   *
   * @throws WEIGHT_UNKNOWN, WEIGHTS_MISSING, TENSOR_MISMATCH; then no weight has changed
   */
  update(weights: ReadonlyMap<string, Tensor>): Promise<UpdateReport>;
  /**
   * The weights as they were last given, by name of the const; one without a value is not in it. These are copies that the host
   * keeps: no backend needs a way to read its variables back. Later updates do not change them.
   */
  snapshot(): WeightsSnapshot;
  /**
   * Gives every weight its value in the snapshot, a scalar 0 included; a weight that is not in it has no value afterwards.
   *
   * @throws WEIGHT_UNKNOWN, TENSOR_MISMATCH for a snapshot of another bundle; then no weight has changed
   */
  restore(snapshot: WeightsSnapshot): Promise<void>;
  /**
   * Runs the inference graph.
   *
   * @throws WEIGHTS_NOT_INITIALIZED, INPUT_MISSING, INPUT_UNKNOWN, TENSOR_MISMATCH
   */
  run(inputs: ReadonlyMap<string, Tensor>): Promise<readonly NamedTensor[]>;
}
