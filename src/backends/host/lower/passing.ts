// Operators that pass values on, and casts.
import { dtype } from '../../../graph/dtype.js';
import { each } from '../../../graph/ops/shapes.js';
import type { Lowerings } from './context.js';
import { direct } from './formula.js';
import { onnxType } from './host-dtype.js';

const bfloat16 = dtype('bfloat16');
const float32 = dtype('float32');

export const passingLowerings: Lowerings = {
  ...each(
    'Identity StopGradient GuaranteeConst Snapshot PreventGradient PlaceholderWithDefault ReadVariableOp TensorMove',
    direct('Identity'),
  ),
  EnsureShape: direct('Identity', ['input']),
  IdentityN: (op) => {
    op.values('x').forEach((value, i) => {
      op.emit('Identity', [value], {}, [op.output(i)]);
    });
  },
  ...each('NoOp ControlTrigger', () => undefined),
  Cast: (op) => {
    // The device rounds to bfloat16, and the program goes on with float32.
    if (op.int('dst_type') === bfloat16.ge) {
      const rounded = op.emit('Cast', [op.value('x')], { to: onnxType(bfloat16) });
      op.emit('Cast', [rounded], { to: onnxType(float32) }, [op.output()]);
    } else {
      op.emit('Cast', [op.value('x')], { to: onnxType(op.outputSpec().dtype) }, [op.output()]);
    }
  },
  CastLike: (op) => {
    op.emit('Cast', [op.value('x')], { to: onnxType(op.outputSpec().dtype) }, [op.output()]);
  },
};
