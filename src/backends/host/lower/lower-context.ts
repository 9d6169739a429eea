// The context of one node for its lowering.
import { memoryBytes } from '../../../base/bytes.js';
import type { CheckedGraph } from '../../../graph/check.js';
import { dtype } from '../../../graph/dtype.js';
import { encodeElements } from '../../../graph/elements.js';
import { type Node, valueRef } from '../../../graph/graph.js';
import { dynamicRefs, opContext } from '../../../graph/ops/op-context.js';
import type { OpPrototype } from '../../../graph/ops/prototypes.js';
import type { Tensor } from '../../../graph/tensor.js';
import type { LowerContext, OnnxAttr } from './context.js';
import { hostSpec, hostTensor, onnxType } from './host-dtype.js';
import { computeDType, KERNELS } from './kernels.js';
import type { Program } from './program.js';

type OnnxAttrs = Readonly<Record<string, OnnxAttr | undefined>>;

/** Specs are those of the host's program: bfloat16 is float32 in all of them (but not in a Const's own tensor). */
export function lowerContext(node: Node, prototype: OpPrototype, graph: CheckedGraph, program: Program): LowerContext {
  const spec = (ref: string) => hostSpec(graph.spec(ref));
  const op = opContext(node, prototype, { spec, constant: (ref) => graph.constant(ref) }, 'OP_UNSUPPORTED');
  function initializer(tensor: Tensor): string {
    const name = program.fresh(`${node.name}/const`);
    program.initializer(name, hostTensor(tensor));
    return name;
  }

  function cast(value: string, to: string, output = program.fresh(`${value}/${to}`)): string {
    program.emit(`${node.name}/Cast`, 'Cast', [value], { to: onnxType(dtype(to)) }, [output]);
    return output;
  }
  /** Emits the node; where there is no kernel for its dtype, between casts to a dtype that has one and holds it exactly. */
  function emitExactly(name: string, opType: string, inputs: readonly string[], attrs: OnnxAttrs, outputs: readonly string[]): void {
    const kernel = KERNELS.get(opType);
    const given = inputs.map((input, i) => (kernel?.hasInput(i) ? program.dtypeOf(input) : undefined)).find((known) => known !== undefined);
    const computed = given === undefined ? undefined : computeDType(opType, given);
    if (given !== undefined && computed === undefined) {
      op.fail(`cannot be computed in ${given} by the host backend: ONNX Runtime has no such ${opType}.`, wayOut(given));
    }
    if (kernel === undefined || given === undefined || computed === undefined || computed === given) {
      program.emit(name, opType, inputs, attrs, outputs);
      return;
    }
    const wide = inputs.map((input, i) => (kernel.hasInput(i) && program.dtypeOf(input) === given ? cast(input, computed) : input));
    const results = outputs.map((output, i) => (kernel.hasOutput(i) && output !== '' ? program.fresh(`${output}/${computed}`) : output));
    program.emit(name, opType, wide, attrs, results);
    results.forEach((result, i) => {
      const output = outputs[i] as string;
      if (result !== output) cast(result, given, output);
    });
  }

  return {
    ...op,
    value(input) {
      const ref = node.inputs[node.inputNames.indexOf(input)] ?? null;
      return ref === null ? '' : program.valueName(ref);
    },
    values: (input) => dynamicRefs(node, input).map((ref) => program.valueName(ref)),
    output: (index = 0) => program.valueName(valueRef(node.name, index)),
    outputSpec: (index = 0) => spec(valueRef(node.name, index)),
    emit(opType, inputs, attrs = {}, outputs) {
      const name = `${node.name}/${opType}`;
      const results = outputs ?? [program.fresh(name)];
      emitExactly(name, opType, inputs, attrs, results);
      return results[0] as string;
    },
    fresh: () => program.fresh(`${node.name}/value`),
    initializer,
    int64s: (values) => initializer(toTensor('int64', [values.length], values, op.fail)),
    scalar: (value, like) => initializer(toTensor(hostSpec(like).dtype.name, [], [value], op.fail)),
  };
}

function wayOut(given: string): string {
  if (given === 'float64') return 'Use float32, or build with --backend ascend.';
  return 'Use another dtype, float32 or int32, or build with --backend ascend.';
}

/** @param fail  takes a value that the dtype does not have: a formula with 0.5 is none for integers */
function toTensor(name: string, shape: readonly number[], values: readonly number[], fail: LowerContext['fail']): Tensor {
  const row = dtype(name);
  const bytes = encodeElements(row, values, (index) => {
    const message = `cannot be computed in ${name} by the host backend: it needs the number ${values[index]}.`;
    return fail(message, 'Cast its inputs to float32, or build with --backend ascend.');
  });
  return { dtype: row, shape, data: memoryBytes(bytes) };
}
