// Every native function that the project may call. One row is one fact; cann-api §1 and §3 are the source.
import { ACL_BUNDLE_MEMORY, ACL_MODEL, ACL_MODEL_OPTIONAL, ACL_OPTIONAL, ACL_RUNTIME, LOG_OPTIONAL } from './acl.js';
import { GE_COMPILER, GE_GRAPH, GE_OPTIONAL, ONNX_PARSER, STANDARD_LIBRARY } from './build.js';
import { type ArgumentsOf, type Parameter, parseParameters, type ResultOf, type Returns, type SymbolGroup } from './notation.js';

const GROUPS = [
  GE_COMPILER,
  GE_GRAPH,
  STANDARD_LIBRARY,
  ONNX_PARSER,
  GE_OPTIONAL,
  ACL_RUNTIME,
  ACL_MODEL,
  ACL_OPTIONAL,
  ACL_MODEL_OPTIONAL,
  ACL_BUNDLE_MEMORY,
  LOG_OPTIONAL,
] as const satisfies readonly SymbolGroup[];

type Functions = typeof GE_COMPILER.functions &
  typeof GE_GRAPH.functions &
  typeof STANDARD_LIBRARY.functions &
  typeof ONNX_PARSER.functions &
  typeof GE_OPTIONAL.functions &
  typeof ACL_RUNTIME.functions &
  typeof ACL_MODEL.functions &
  typeof ACL_OPTIONAL.functions &
  typeof ACL_MODEL_OPTIONAL.functions &
  typeof ACL_BUNDLE_MEMORY.functions &
  typeof LOG_OPTIONAL.functions;

export type { Parameter, Returns } from './notation.js';

export type FunctionName = keyof Functions & string;
export type CallArguments<N extends FunctionName> = ArgumentsOf<Functions[N]>;
export type CallResult<N extends FunctionName> = ResultOf<Functions[N]>;

/** What a verb cannot work without. */
export type NativeUse = 'build' | 'onnx' | 'run';

export interface NativeFunction {
  readonly name: FunctionName;
  /** As the dynamic linker knows it. */
  readonly symbol: string;
  readonly returns: Returns;
  readonly parameters: readonly Parameter[];
  readonly library: string;
  readonly header: string;
  readonly use: NativeUse | 'optional';
  readonly since: string;
}

export function nativeFunctions(): ReadonlyMap<FunctionName, NativeFunction> {
  const rows = GROUPS.flatMap(({ functions, ...group }) =>
    Object.entries<SymbolGroup['functions'][string]>(functions).map(([key, [returns, parameters, symbol = key]]): NativeFunction => {
      const name = key as FunctionName;
      return { name, symbol, returns, parameters: parseParameters(parameters), ...group };
    }),
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** `onnx` is what reading an ONNX model needs besides `build`. */
export function functionsFor(use: NativeUse): readonly NativeFunction[] {
  return [...nativeFunctions().values()].filter((row) => row.use === use);
}
