// Lowers a GE graph to ONNX operators, for the host backend.
import { AscendBundleError, type Problem } from '../../../base/errors.js';
import { didYouMean, nearNames } from '../../../base/near-names.js';
import { problemsError } from '../../../base/problems.js';
import type { OnnxProgram, ProgramConst } from '../../../formats/encodings/onnx-program.js';
import type { CheckedGraph } from '../../../graph/check.js';
import { constValue, dataNodes, type Node, valueRef } from '../../../graph/graph.js';
import { describeNode, nodeProblem } from '../../../graph/ops/op-context.js';
import { type OpPrototype, prototypeOf } from '../../../graph/ops/prototypes.js';
import type { NamedSpec, Tensor } from '../../../graph/tensor.js';
import { HOST_IR_VERSION, HOST_OPSET } from './context.js';
import { hostDType, hostSpec } from './host-dtype.js';
import { lowerings } from './index.js';
import { lowerContext } from './lower-context.js';
import { Program, toValueInfo } from './program.js';

const INPUTS: ReadonlySet<string> = new Set(['Data', 'RefData']);
const CONSTS: ReadonlySet<string> = new Set(['Const', 'Constant']);

/**
 * The program of a checked graph. A value is named by its ref (`conv1:0`), a Data or Const by its node, a graph output as the graph
 * names it; a name that is taken gets `#1`, `#2`, … Inputs are in the model's order, consts in that of the graph.
 *
 * bfloat16 is widened: where an input, an output or a const has it, the program's value of that name is float32, and the caller
 * converts at the border.
 *
 * @param refreshable  names of Consts that are replaced at run time: no shape and no constant of the program follows from their values
 * @throws OP_UNSUPPORTED, DTYPE_UNSUPPORTED  with every node that the host cannot run among `problems`
 */
export function lowerGraph(checked: CheckedGraph, refreshable: readonly string[] = []): OnnxProgram {
  const graph = refreshable.length === 0 ? checked : checked.withRefreshable(refreshable);
  const data = dataNodes(graph).filter((node) => INPUTS.has(node.type));
  const consts = graph.nodes.filter((node) => CONSTS.has(node.type));
  const operators = graph.nodes.filter((node) => !INPUTS.has(node.type) && !CONSTS.has(node.type));
  throwAll(graph, [...findUnsupported(graph, operators), ...findUnknownDTypes(graph)]);

  const program = new Program();
  const inputNames = data.map((node) => program.name(valueRef(node.name), node.name));
  const outputNames = nameOutputs(graph, program);
  const prototypes = new Map([...new Set(operators.map(({ type }) => type))].map((type) => [type, prototypeOf(type)]));
  const constNames = consts.map((node) => program.name(valueRef(node.name), node.name));
  for (const node of graph.nodes) {
    node.outputDescs.forEach((_, i) => {
      const { dtype } = hostSpec(graph.spec(valueRef(node.name, i)));
      if (dtype.name !== 'undefined') program.setDType(program.valueName(valueRef(node.name, i)), dtype.name);
    });
  }
  throwAll(
    graph,
    operators.flatMap((node) => lowerNode(node, prototypes, graph, program)),
  );
  const outputs = graph.outputs.map(({ name, value }, i): NamedSpec => {
    const valueName = outputNames[i] as string;
    // An output that is an input, a Const, or listed before is a value of its own in ONNX.
    if (program.valueName(value) !== valueName) program.emit(`${name}/Identity`, 'Identity', [program.valueName(value)], {}, [valueName]);
    return { ...graph.spec(value), name };
  });
  program.prune(outputNames);
  const inputs = data.map((node): NamedSpec => ({ ...graph.spec(valueRef(node.name)), name: node.name }));
  return {
    model: {
      irVersion: HOST_IR_VERSION,
      opsetImport: [{ domain: '', version: HOST_OPSET }],
      graph: {
        name: graph.name,
        node: program.nodes,
        initializer: program.initializers,
        input: inputs.map((spec, i) => toValueInfo(inputNames[i] as string, hostSpec(spec))),
        output: outputs.map((spec, i) => toValueInfo(outputNames[i] as string, hostSpec(spec))),
      },
    },
    consts: consts.map(
      (node, i): ProgramConst => ({ constName: node.name, valueName: constNames[i] as string, tensor: constValue(node) as Tensor }),
    ),
    inputs,
    outputs,
  };
}

/** Gives each output its name before anything else is named; a value that an operator makes takes it over. */
function nameOutputs(graph: CheckedGraph, program: Program): readonly string[] {
  const passive = new Set(graph.nodes.filter(({ type }) => INPUTS.has(type) || CONSTS.has(type)).map(({ name }) => valueRef(name)));
  return graph.outputs.map(({ name, value }) => {
    if (passive.has(value) || program.hasName(value)) return program.fresh(name);
    return program.name(value, name);
  });
}

function lowerNode(
  node: Node,
  prototypes: ReadonlyMap<string, OpPrototype | undefined>,
  graph: CheckedGraph,
  program: Program,
): readonly Problem[] {
  const doubt = graph.doubts.get(node.name);
  if (doubt !== undefined) return [{ ...doubt, code: 'OP_UNSUPPORTED' }];
  const prototype = prototypes.get(node.type);
  const lowering = lowerings[node.type];
  if (prototype === undefined || lowering === undefined) throw new Error(`${node.type} was found to have a lowering`);
  try {
    lowering(lowerContext(node, prototype, graph, program));
    return [];
  } catch (error) {
    if (!(error instanceof AscendBundleError)) throw error;
    return [nodeProblem(node, error)];
  }
}

function findUnsupported(graph: CheckedGraph, operators: readonly Node[]): readonly Problem[] {
  const fixes = new Map<string, string>();
  return operators.flatMap((node) => {
    if (Object.hasOwn(lowerings, node.type)) return [];
    if (!fixes.has(node.type)) fixes.set(node.type, wayAround(node.type));
    const message = `${describeNode(node)} of graph "${graph.name}" is an operator that the host backend does not have.`;
    return [{ code: 'OP_UNSUPPORTED', message, at: node.at, fix: fixes.get(node.type) }];
  });
}

function wayAround(type: string): string {
  const near = didYouMean(nearNames(type, Object.keys(lowerings)));
  return `Build with --backend ascend${near === undefined ? '' : `, or use an operator that the host has. ${near}`}${near === undefined ? '.' : ''}`;
}

function findUnknownDTypes(graph: CheckedGraph): readonly Problem[] {
  return graph.nodes.flatMap((node) =>
    node.outputDescs.flatMap((_, i): Problem[] => {
      const { dtype } = graph.spec(valueRef(node.name, i));
      // An unknown dtype follows from an operator without a rule, which is reported itself.
      if (dtype.name === 'undefined' || hostDType(dtype) !== undefined) return [];
      return [
        {
          code: 'DTYPE_UNSUPPORTED',
          message: `${describeNode(node)} has a value of dtype ${dtype.name}, which is not on the host backend.`,
          at: node.at,
          fix: 'Build with --backend ascend, or use float32, float16, bfloat16, float64, an integer type or bool.',
        },
      ];
    }),
  );
}

function throwAll(graph: CheckedGraph, problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const code = first.code === 'DTYPE_UNSUPPORTED' ? 'DTYPE_UNSUPPORTED' : 'OP_UNSUPPORTED';
  throw problemsError(code, problems, `The host backend cannot run ${problems.length} nodes of the graph "${graph.name}"`);
}
