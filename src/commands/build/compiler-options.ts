// The options of `build` that only GE understands: those of atc by their own names, any other by its key, and how to run the compiler.
import { resolve } from 'node:path';
import { readGeOptions } from '../../backends/ascend/ge/options/read.js';
import { GE_OPTIONS, type GeOptionRow } from '../../backends/ascend/ge/options/table.js';
import type { CompilerRequest } from '../../backends/ascend/ge/request.js';
import type { BackendKind } from '../../backends/backend.js';
import { AscendBundleError } from '../../base/errors.js';
import { flag, type OptionValue, optionalName, optionalOutput, optionalText, seconds, texts } from '../shared/option-values.js';
import type { OptionRow } from '../verb.js';

export interface CompilerValues {
  /** By atc's flag: `soc_version`. */
  readonly geFlags: Readonly<Record<string, string>>;
  readonly geOption: readonly string[];
  readonly initOption: readonly string[];
  readonly updateOption: readonly string[];
  readonly rawGeOptions?: string | undefined;
  readonly rawGeOptionsIgnoreUnsupported: boolean;
  /** atc's number for the kind of the graph. */
  readonly framework?: string | undefined;
  readonly ascendHome?: string | undefined;
  readonly emitGraphs?: string | undefined;
  readonly timeout?: number | undefined;
  readonly trace?: string | undefined;
}

const HELP: Readonly<Record<string, string>> = {
  soc_version: 'the chip to compile for',
  input_shape: "shapes of inputs: 'x:1,3,224,224;mask:1,77'",
  precision_mode_v2: 'fp16, origin, mixed_float16, …',
};

const FLAG_ROWS = GE_OPTIONS.filter((row): row is GeOptionRow & { readonly flag: string } => row.flag !== undefined);

/** Few are shown: a help of ninety options helps nobody, and who comes from atc knows them. */
export const COMPILER_OPTIONS: readonly OptionRow[] = compilerRows().map((row) => ({ ...row, group: 'Options of the ascend backend' }));

function compilerRows(): readonly OptionRow[] {
  return [
    ...FLAG_ROWS.map(({ flag, key }): OptionRow => {
      const help = HELP[flag];
      return { flags: `--${kebab(flag)} <value>`, help: help ?? `${key} of GE`, isHidden: help === undefined };
    }),
    { flags: '-O, --ge-option <key=value>', help: 'any option of GE by its key: ge.oo.level=O1', repeat: true },
    { flags: '--init-option <key=value>', help: 'of the init graph alone', repeat: true, isHidden: true },
    { flags: '--update-option <key=value>', help: 'of the update graph alone', repeat: true, isHidden: true },
    { flags: '--raw-ge-options <file>', help: 'options from a JSON file, as atc --raw_ge_options reads it' },
    { flags: '--raw-ge-options-ignore-unsupported [true|false]', help: 'skip what the build does not take', isHidden: true },
    { flags: '--framework <number>', help: 'as atc has it: 1 for .air, 5 for ONNX', choices: ['1', '5'], isHidden: true },
    { flags: '--ascend-home <folder>', help: 'the CANN to use' },
    { flags: '--emit-graphs <folder>', help: 'also save the graph as GE has loaded it, and its three conversions, as .air' },
    { flags: '--timeout <seconds>', help: 'give the compiler up after this time' },
    { flags: '--trace <file>', help: 'write each native call as a JSON line' },
  ];
}

/** `--flag`, `--flag=true`, `--flag=false` */
const spelledFlag: OptionValue<boolean> = { ...flag, read: (given) => ({ true: true, false: false })[String(given)] };

/** Every flag is a value of its own, as the command line gives it; `withFlags` gathers them. */
export const COMPILER_VALUES = {
  ...(Object.fromEntries(FLAG_ROWS.map(({ flag: name }) => [camel(name), optionalText])) as Readonly<Record<never, typeof optionalText>>),
  ...{ geOption: texts, initOption: texts, updateOption: texts },
  rawGeOptions: optionalText,
  rawGeOptionsIgnoreUnsupported: spelledFlag,
  framework: optionalText,
  ascendHome: optionalName,
  emitGraphs: optionalOutput,
  timeout: seconds(2_000_000),
  trace: optionalOutput,
};

export function withFlags<V extends object>(values: V): V & Pick<CompilerValues, 'geFlags'> {
  const given = values as Readonly<Record<string, unknown>>;
  const geFlags = FLAG_ROWS.flatMap(({ flag }) => {
    const value = given[camel(flag)];
    return typeof value === 'string' ? [[flag, value] as const] : [];
  });
  return { ...values, geFlags: Object.fromEntries(geFlags) };
}

/** What was typed that only GE understands, in the words of the command line. */
export function compilerOptionsGiven(given: CompilerValues): string[] {
  return [
    ...Object.keys(given.geFlags).map((flag) => `--${kebab(flag)}`),
    ...given.geOption.map(() => '-O'),
    ...given.initOption.map(() => '--init-option'),
    ...given.updateOption.map(() => '--update-option'),
    ...(given.rawGeOptions === undefined ? [] : ['--raw-ge-options']),
    ...(given.ascendHome === undefined ? [] : ['--ascend-home']),
    ...(given.emitGraphs === undefined ? [] : ['--emit-graphs']),
    ...(given.timeout === undefined ? [] : ['--timeout']),
    ...(given.trace === undefined ? [] : ['--trace']),
  ];
}

/**
 * Reads the options that GE gets, as far as they can be without the graph.
 *
 * @throws USAGE with every problem; errors of the file of raw options
 */
export function compilerRequest(given: CompilerValues, kind: BackendKind, outputFolder: string): CompilerRequest | undefined {
  if (kind === 'host') return undefined;
  const options = readGeOptions({
    flags: given.geFlags,
    pairs: given.geOption,
    initPairs: given.initOption,
    updatePairs: given.updateOption,
    rawFile: given.rawGeOptions,
    ignoreUnsupported: given.rawGeOptionsIgnoreUnsupported,
  });
  return {
    options,
    ascendHome: given.ascendHome,
    timeoutMs: given.timeout === undefined ? undefined : given.timeout * 1000,
    // The native process works in a folder of its own.
    trace: given.trace === undefined ? undefined : resolve(given.trace),
    emitGraphs: given.emitGraphs !== undefined,
    outputFolder,
  };
}

const FRAMEWORKS: Readonly<Record<string, string>> = { 1: 'air', 5: 'onnx' };

/** @throws USAGE when the graph is of another kind */
export function checkFramework(framework: string | undefined, kind: string, path: string): void {
  if (framework === undefined || FRAMEWORKS[framework] === kind) return;
  throw new AscendBundleError('USAGE', {
    message: `--framework ${framework} says that the graph is ${FRAMEWORKS[framework]}; ${path} is ${kind}.`,
    fix: 'Leave --framework out: the kind is told from the content.',
  });
}

function kebab(flag: string): string {
  return flag.replaceAll('_', '-');
}

/** As commander names the value of `--soc-version`. */
function camel(flag: string): string {
  return flag.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
