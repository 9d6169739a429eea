// Operators that bring values into a graph, or pass them on.
import { constValue } from '../../graph.js';
import { describeShape } from '../../tensor.js';
import type { OutputRules } from '../context.js';
import { each, like, mergeShapes } from '../shapes.js';

export const sourceRules: OutputRules = {
  Const: constRule,
  Constant: constRule,
  ...each('Identity StopGradient GuaranteeConst Snapshot PreventGradient PlaceholderWithDefault ReadVariableOp TensorMove', like('x')),
  IdentityN: (op) => op.inputs('x'),
  NoOp: () => [],
  ControlTrigger: () => [],
  EnsureShape: (op) => {
    const { dtype, shape } = op.input('input');
    const ensured =
      mergeShapes(shape, op.ints('shape')) ??
      op.fail(`is to ensure ${describeShape(op.ints('shape'))}, but its input is ${describeShape(shape)}.`);
    return [{ dtype, shape: ensured }];
  },
  FileConstant: (op) => [{ dtype: op.dtype('dtype'), shape: op.ints('shape') }],
};

function constRule(op: Parameters<NonNullable<OutputRules[string]>>[0]): ReturnType<NonNullable<OutputRules[string]>> {
  const value = constValue(op.node);
  if (value === undefined) return op.fail('has no value.');
  const { dtype, shape, format } = value;
  return [{ dtype, shape, ...(format === undefined ? {} : { format }) }];
}
