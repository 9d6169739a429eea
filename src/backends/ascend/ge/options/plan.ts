// Which option goes where, and the rules for a bundle (cann-api §2.3): checked here, because GE answers most mistakes with a
// bare number, or with nothing at all.
import type { Problem } from '../../../../base/errors.js';
import { didYouMean, nearNames } from '../../../../base/near-names.js';
import { throwProblems } from '../../../../base/problems.js';
import { dataNodes, type Graph } from '../../../../graph/graph.js';
import { describeShape, hasUnknownRank } from '../../../../graph/tensor.js';
import { checkGears } from './gear-rules.js';
import { parseInputShape } from './input-shape.js';
import { type GeOption, type ReadOptions, usage } from './read.js';
import type { GeOptionRow, Place } from './table.js';

export interface OptionsContext {
  readonly graph: Graph;
  /** ONNX goes through GE's parser, which has options of its own. */
  readonly isOnnx: boolean;
  /** As CANN says it: `8.1.RC1`; undefined where it is not known. */
  readonly cannVersion?: string | undefined;
}

/** The maps of the calls, in the order of their keys. */
export interface PlannedOptions {
  readonly global: ReadonlyMap<string, string>;
  readonly parser: ReadonlyMap<string, string>;
  readonly infer: ReadonlyMap<string, string>;
  readonly init: ReadonlyMap<string, string>;
  readonly update: ReadonlyMap<string, string>;
  readonly warnings: readonly Problem[];
}

/**
 * Every option that Initialize takes goes there, so that all graphs of the bundle agree; the others to the inference graph, and to the
 * ONNX parser what is the parser's.
 *
 * @throws USAGE with every problem
 */
export function planOptions({ options, init, update, warnings: given }: ReadOptions, context: OptionsContext): PlannedOptions {
  const problems: Problem[] = [...exclusive(options), ...unsuited(options), ...checkGears(options)];
  const warnings: Problem[] = [...given];
  inputShapes(options, context.graph, problems, warnings);
  const maps = { global: new Map<string, string>(), parser: new Map<string, string>(), infer: new Map<string, string>() };
  for (const option of options) {
    const places = placesIn(option, context.cannVersion, problems, warnings);
    for (const map of targets(option.row, places, context.isOnnx)) maps[map].set(option.row.key, option.value);
    if (places.length > 0 && places.every((place) => place === 'parser') && !context.isOnnx) {
      problems.push(usage(`${option.origin} is for GE's ONNX parser, and the graph is no ONNX model.`, 'Leave it out.'));
    }
  }
  const inner = {
    init: innerOptions('init', init, problems, warnings),
    update: innerOptions('update', update, problems, warnings),
  };
  throwProblems(problems, 'The list of GE options', 'USAGE');
  return { global: sorted(maps.global), parser: sorted(maps.parser), infer: sorted(maps.infer), ...inner, warnings };
}

/** In both the parser's and the build's list; the parser does all of it, and knows the names of ONNX. */
const PARSED_ONCE: ReadonlySet<string> = new Set(['ge.outputNodeName', 'ge.INPUT_NODES_SET_FP16']);

function targets(row: GeOptionRow, places: readonly Place[], isOnnx: boolean): readonly ('global' | 'parser' | 'infer')[] {
  if (places.includes('global')) return ['global'];
  const isParsed = isOnnx && places.includes('parser');
  const isBuilt = places.includes('build') && !(isParsed && PARSED_ONCE.has(row.key));
  return [...(isParsed ? (['parser'] as const) : []), ...(isBuilt ? (['infer'] as const) : [])];
}

/** CANN 8.1 to 8.3 have the one list, 9.2 the other; between them an option of 9.2 may not be known yet. */
function placesIn({ row, origin }: GeOption, version: string | undefined, problems: Problem[], warnings: Problem[]): readonly Place[] {
  const number = version === undefined ? undefined : versionNumber(version);
  if (row.in81.length > 0 || number === undefined || number >= 9.2) return number !== undefined && number < 9.2 ? row.in81 : row.in92;
  if (number < 8.4) {
    problems.push(usage(`${origin} needs CANN 9.2; this is CANN ${version}.`, 'Leave it out.'));
    return [];
  }
  warnings.push({
    code: 'GE_OPTION_NEWER',
    message: `${origin} is known of CANN 9.2; CANN ${version} may not take it.`,
    fix: 'Leave it out if the build fails.',
  });
  return row.in92;
}

function versionNumber(version: string): number | undefined {
  const match = /^(\d+)\.(\d)/.exec(version);
  return match === null ? undefined : Number(`${match[1]}.${match[2]}`);
}

function innerOptions(
  graph: 'init' | 'update',
  options: readonly GeOption[],
  problems: Problem[],
  warnings: Problem[],
): ReadonlyMap<string, string> {
  for (const { row, origin } of options) {
    if (row.isInferenceOnly) {
      problems.push(
        usage(`${origin} names inputs or outputs of the inference graph; the ${graph} graph has none of them.`, 'Give it as -O.'),
      );
    } else if (!row.in92.includes('build')) {
      problems.push(usage(`${origin} is no option of a single graph.`, 'Give it as -O: then it holds for all graphs.'));
    }
  }
  const [first] = options;
  if (first !== undefined) {
    warnings.push({
      code: 'GE_OPTION_IGNORED',
      message: `${first.origin}: GE documents options for the inference graph only; it may ignore those of the ${graph} graph.`,
      fix: 'Precision and other options that all graphs share are given as -O.',
    });
  }
  return sorted(new Map(options.map(({ row, value }) => [row.key, value])));
}

function find(options: readonly GeOption[], key: string): GeOption | undefined {
  return options.find(({ row }) => row.key === key);
}

/** Options that shut each other out, or need each other. */
function* exclusive(options: readonly GeOption[]): Generator<Problem> {
  const mode = find(options, 'ge.exec.precision_mode');
  const modeV2 = find(options, 'ge.exec.precision_mode_v2');
  if (mode !== undefined && modeV2 !== undefined) {
    yield usage(`${mode.origin} and ${modeV2.origin} shut each other out (GE: E10056).`, `Keep one; ${modeV2.origin} is the newer form.`);
  }
  const mixlist = find(options, 'ge.exec.modify_mixlist');
  if (mixlist !== undefined && !/^(allow_mix|mixed_)/.test(mode?.value ?? modeV2?.value ?? '')) {
    yield usage(`${mixlist.origin} works with a mixed precision mode only.`, 'Add --precision-mode-v2 mixed_float16, for example.');
  }
  const types = find(options, 'ge.optypelistForImplmode');
  if (types !== undefined && find(options, 'ge.opSelectImplmode') === undefined) {
    yield usage(`${types.origin} needs --op-select-implmode.`, 'Add --op-select-implmode high_precision, for example.');
  }
  const level = find(options, 'ge.deterministicLevel');
  const isDeterministic = find(options, 'ge.deterministic')?.value === '1';
  if (level !== undefined && (level.value !== '0') !== isDeterministic) {
    yield usage(
      `${level.origin} ${level.value} and --deterministic ${isDeterministic ? 1 : 0} contradict each other.`,
      level.value === '0' ? 'Leave one of them out.' : 'Add --deterministic 1.',
    );
  }
}

/** What GE takes for a model and a bundle cannot be made with. */
function* unsuited(options: readonly GeOption[]): Generator<Problem> {
  const offline = find(options, 'ge.offlineMode');
  if (offline?.value === '7')
    yield usage(`${offline.origin}=7 asks for an OM2 package, which no bundle call of the runtime loads.`, 'Leave it out.');
  const tune = find(options, 'ge.autoTuneMode');
  if (tune !== undefined) yield usage(`${tune.origin} is not supported by GE any more (GE: E10055).`, 'Leave it out.');
  const external = find(options, 'ge.externalWeight');
  if (external !== undefined && external.value !== '0') {
    yield usage(
      `${external.origin} ${external.value} would put the initial weights into files beside the bundle, which then is no single file any more.`,
      'Leave it out; weights of any size fit into a bundle.',
    );
  }
}

/** GE ignores shapes for inputs that do not exist, and takes any shape for those that do. */
function inputShapes(options: readonly GeOption[], graph: Graph, problems: Problem[], warnings: Problem[]): void {
  const option = find(options, 'input_shape');
  if (option === undefined) return;
  const inputs = new Map(dataNodes(graph).map((node) => [node.name, node.outputDescs[0]?.shape]));
  for (const { name, dims } of parseInputShape(option.value).shapes) {
    const shape = inputs.get(name);
    if (!inputs.has(name)) {
      const listed = inputs.size === 0 ? 'The graph has no inputs.' : `The inputs are: ${[...inputs.keys()].join(', ')}.`;
      const fix = didYouMean(nearNames(name, inputs.keys()), listed);
      problems.push(usage(`${option.origin} names "${name}", which is no input of the graph.`, fix));
    } else if (shape !== undefined && !isCompatible(dims, shape)) {
      warnings.push({
        code: 'INPUT_SHAPE_CHANGED',
        message: `${option.origin} gives "${name}" the shape ${describeShape(dims)}; in the graph it is ${describeShape(shape)}.`,
        fix: 'GE takes it; what the graph computes may not.',
      });
    }
  }
}

/** A static dimension may be opened (gears), and an open one fixed. */
function isCompatible(dims: readonly number[], shape: readonly number[]): boolean {
  if (hasUnknownRank(shape)) return true;
  return dims.length === shape.length && shape.every((dim, i) => dim < 0 || dims[i] === -1 || dims[i] === dim);
}

function sorted(map: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...map].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}
