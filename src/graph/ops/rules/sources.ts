// Operators that bring values into a graph.
import { constValue } from '../../graph.js';
import type { OutputRules } from '../context.js';

export const sourceRules: OutputRules = {
  Const: constRule,
  Constant: constRule,
  FileConstant: (op) => [{ dtype: op.dtype('dtype'), shape: op.ints('shape') }],
};

function constRule(op: Parameters<NonNullable<OutputRules[string]>>[0]): ReturnType<NonNullable<OutputRules[string]>> {
  const value = constValue(op.node);
  if (value === undefined) return op.fail('has no value.');
  const { dtype, shape, format } = value;
  return [{ dtype, shape, ...(format === undefined ? {} : { format }) }];
}
