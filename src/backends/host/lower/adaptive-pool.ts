// Adaptive poolings: the window of output i is from ⌊i·in/out⌋ to ⌈(i+1)·in/out⌉ (PyTorch). ONNX has no such operator.
import { memoryBytes } from '../../../base/bytes.js';
import { dtype } from '../../../graph/dtype.js';
import { encodeElements, isFloat } from '../../../graph/elements.js';
import { bounded, knownShape } from '../../../graph/ops/shapes.js';
import type { Shape, Tensor } from '../../../graph/tensor.js';
import type { LowerContext } from './context.js';
import { cast } from './shape-values.js';

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Of a table that goes into the program. */
const MOST_VALUES = 1 << 24;

function spans(op: LowerContext, size: number, count: number): readonly Span[] {
  bounded(op, count * size, 'weights from one axis to the other', MOST_VALUES);
  return Array.from({ length: bounded(op, count, 'windows along an axis', MOST_VALUES) }, (_, i) => ({
    start: Math.floor((i * size) / count),
    end: Math.ceil(((i + 1) * size) / count),
  }));
}

/** An average is linear: one matrix per dimension, with 1/length in the window of each row. */
export function adaptiveAverage(op: LowerContext): void {
  if (!isFloat(op.input('x').dtype)) op.fail(`averages ${op.input('x').dtype.name}.`, 'Cast its input to float32.');
  const [height, width] = knownShape(op, 'x').slice(-2) as [number, number];
  const [rows, columns] = op.ints('output_size') as [number, number];
  const down = op.initializer(averaging(op, spans(op, height, rows), height, false));
  const across = op.initializer(averaging(op, spans(op, width, columns), width, true));
  op.emit('MatMul', [down, op.emit('MatMul', [op.value('x'), across])], {}, [op.output()]);
}

function averaging(op: LowerContext, windows: readonly Span[], size: number, isTransposed: boolean): Tensor {
  const weight = (i: number, j: number): number => {
    const { start, end } = windows[i] as Span;
    return j >= start && j < end ? 1 / (end - start) : 0;
  };
  const count = windows.length;
  const shape = isTransposed ? [size, count] : [count, size];
  const values = Array.from({ length: count * size }, (_, flat) =>
    isTransposed ? weight(flat % count, Math.floor(flat / count)) : weight(Math.floor(flat / size), flat % size),
  );
  return tensorOf(op.input('x').dtype.name, shape, values);
}

/**
 * Every window as a list of positions in the flat image, all of one length: a short one repeats its last row and column,
 * which changes no maximum. Then the maximum is a reduction, and its position is looked up in that list.
 */
export function adaptiveMax(op: LowerContext): void {
  const shape = knownShape(op, 'x');
  const [height, width] = shape.slice(-2) as [number, number];
  const [rows, columns] = op.ints('output_size') as [number, number];
  const [down, across] = [spans(op, height, rows), spans(op, width, columns)];
  const [tall, wide] = [longest(down), longest(across)];
  bounded(op, rows * columns * tall * wide, 'positions in its windows', MOST_VALUES);
  const positions: number[] = [];
  for (const row of down) {
    for (const column of across) {
      for (let i = 0; i < tall; i++) {
        for (let j = 0; j < wide; j++)
          positions.push(Math.min(row.start + i, row.end - 1) * width + Math.min(column.start + j, column.end - 1));
      }
    }
  }
  const outer = shape.slice(0, -2);
  const table = op.initializer(tensorOf('int64', [rows, columns, tall * wide], positions));
  const flat = op.emit('Reshape', [op.value('x'), op.int64s([...outer, height * width])]);
  const windows = op.emit('Gather', [flat, table], { axis: outer.length });
  op.emit('ReduceMax', [windows, op.int64s([-1])], { keepdims: 0 }, [op.output(0)]);
  const best = op.emit('ArgMax', [windows], { axis: -1, keepdims: 1 });
  const tables = op.emit('Expand', [table, op.int64s([...outer, rows, columns, tall * wide])]);
  const where = op.emit('Squeeze', [op.emit('GatherElements', [tables, best], { axis: -1 }), op.int64s([-1])]);
  cast(op, where, dtype('int64'), dtype('int32'), [op.output(1)]);
}

function longest(windows: readonly Span[]): number {
  return windows.reduce((most, { start, end }) => Math.max(most, end - start), 0);
}

function tensorOf(type: string, shape: Shape, values: readonly number[]): Tensor {
  const bytes = encodeElements(dtype(type), values, (_, why) => {
    throw new Error(`A constant of a pooling ${why}`);
  });
  return { dtype: dtype(type), shape, data: memoryBytes(bytes) };
}
