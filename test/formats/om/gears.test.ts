// Gears, input by input. Expected values follow from what atc's manual says of --dynamic_batch_size, --dynamic_image_size and
// --dynamic_dims: a batch or an image size is that of every input; dims are the open dimensions in the order of --input_shape.
import { expect, test } from 'vitest';
import { type InoutInfo, inoutTensor, inputGears, inputsOfGears, readInoutInfo, writeInoutInfo } from '../../../src/formats/om/index.js';
import { dtype } from '../../../src/graph/dtype.js';

type Shapes = Readonly<Record<string, readonly number[]>>;

function infoOf(shapes: Shapes, info: Partial<InoutInfo>): InoutInfo {
  const inputs = Object.entries(shapes).map(([name, shape]) => inoutTensor({ name, dtype: dtype('float32'), shape }, 0));
  return readInoutInfo(writeInoutInfo({ inputs, ...info }), 'm.om');
}

function gears(shapes: Shapes, info: Partial<InoutInfo>): Record<string, unknown> {
  return Object.fromEntries(inputGears(infoOf(shapes, info)));
}

test('batch sizes are those of every input that leaves its batch open', () => {
  expect(gears({ a: [-1, 3], b: [2], c: [-1] }, { dynamicBatch: [1, 2, 4] })).toEqual({
    a: { kind: 'batch', sizes: [[1], [2], [4]] },
    c: { kind: 'batch', sizes: [[1], [2], [4]] },
  });
});

test('image sizes are height and width of every input that leaves them open', () => {
  const sizes = [
    [224, 224],
    [448, 320],
  ];
  expect(gears({ a: [1, 3, -1, -1], scale: [1] }, { dynamicImageSizes: sizes })).toEqual({ a: { kind: 'image-size', sizes } });
});

test('dims are for one input after the other', () => {
  const dynamicDims = [
    [1, 128, 7],
    [2, 256, 9],
  ];
  const parts = (of: readonly (readonly number[])[]) => ({ kind: 'dims', sizes: of });
  const ids = parts(dynamicDims.map((row) => row.slice(0, 2)));
  const mask = parts([[7], [9]]);
  expect(gears({ ids: [-1, -1], fixed: [3], mask: [4, -1] }, { dynamicDims })).toEqual({ ids, mask });
  // --input_shape="ids:-1,-1;mask:4,-1" for a model whose first input is mask.
  expect(gears({ mask: [4, -1], ids: [-1, -1] }, { dynamicDims, userDesignateShapeOrder: ['ids', 'mask'] })).toEqual({ ids, mask });
});

test('a model without gears has none, and neither has one whose gears do not fit its inputs', () => {
  expect(gears({ a: [-1, 3] }, {})).toEqual({});
  expect(gears({ a: [1, 3] }, { dynamicBatch: [1, 2] })).toEqual({});
  expect(gears({ a: [-1, -1, -1] }, { dynamicDims: [[1, 2]] })).toEqual({});
});

test('AscendCL takes the shapes of the inputs of --input_shape; of all where the file does not say, without the one that takes the gear', () => {
  const shapes = { a: [-1], fixed: [3], b: [-1], ascend_mbatch_shape_data: [2] };
  const dynamicDims = [
    [1, 2],
    [3, 4],
  ];
  expect(inputsOfGears(infoOf(shapes, { dynamicDims, userDesignateShapeOrder: ['b', 'not there', 'a'] }))).toEqual(['b', 'a']);
  expect(inputsOfGears(infoOf(shapes, { dynamicDims }))).toEqual(['a', 'fixed', 'b']);
});
