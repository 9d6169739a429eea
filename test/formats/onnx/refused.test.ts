// What is refused, with the words a user needs.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { OnnxType } from '../../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../../src/formats/onnx/index.js';
import { filesIn, floats, type ModelParts, modelFile, node, tensorType, value } from '../../support/onnx-models.js';

const x = value('x', [1]);
const y = value('y', [1]);
const relu = node('Relu', 'x', 'y', {}, 'act');
const text = { name: 'names', dims: [1], dataType: 8, stringData: [] };

const CASES: readonly (readonly [string, ModelParts, string, string])[] = [
  [
    'IR version 14',
    { ir: 14, nodes: [relu], inputs: [x], outputs: [y] },
    'OP_UNSUPPORTED',
    'model.onnx is of IR version 14; the newest that is understood is 13',
  ],
  ['opset 27', { opset: 27, nodes: [relu], inputs: [x], outputs: [y] }, 'OP_UNSUPPORTED', 'asks for opset 27; opsets 1 to 26'],
  ['opset 0', { opset: 0, nodes: [relu], inputs: [x], outputs: [y] }, 'OP_UNSUPPORTED', 'asks for opset 0'],
  ['training information', { nodes: [relu], inputs: [x], outputs: [y], model: { trainingInfo: [{}] } }, 'OP_UNSUPPORTED', 'training'],
  [
    'a training operator',
    { nodes: [{ ...node('Gradient', 'x', 'y', {}, 'g'), domain: 'ai.onnx.preview.training' }], inputs: [x], outputs: [y] },
    'OP_UNSUPPORTED',
    'Node "g" of model.onnx is Gradient',
  ],
  [
    'a sparse initializer',
    { nodes: [relu], inputs: [x], outputs: [y], graph: { sparseInitializer: [{ values: { name: 'sw' } }] } },
    'DTYPE_UNSUPPORTED',
    '"sw" of model.onnx is sparse',
  ],
  [
    'an initializer of text',
    { nodes: [relu], initializers: [text], inputs: [x], outputs: [y] },
    'DTYPE_UNSUPPORTED',
    '"names" of model.onnx holds strings',
  ],
  [
    'a Constant of text',
    { nodes: [relu, node('Constant', '', 'c', { value_string: 'hi' })], inputs: [x], outputs: [y] },
    'DTYPE_UNSUPPORTED',
    'Constant "c" of model.onnx holds text (value_string)',
  ],
  [
    'a sparse Constant',
    {
      nodes: [relu, { opType: 'Constant', output: ['c'], attribute: [{ name: 'sparse_value', type: 11, sparseTensor: {} }] }],
      inputs: [x],
      outputs: [y],
    },
    'DTYPE_UNSUPPORTED',
    'Constant "c" of model.onnx holds a sparse tensor',
  ],
  [
    'a Constant without a value',
    { nodes: [relu, node('Constant', '', 'c')], inputs: [x], outputs: [y] },
    'FILE_MALFORMED',
    'Constant "c" of model.onnx has no value',
  ],
  [
    'two initializers of one name',
    { nodes: [relu], initializers: [floats('w', [1], [1]), floats('w', [1], [2])], inputs: [x], outputs: [y] },
    'FILE_MALFORMED',
    'Initializer 1 ("w")',
  ],
  [
    'an initializer without a name',
    { nodes: [relu], initializers: [floats('', [1], [1])], inputs: [x], outputs: [y] },
    'FILE_MALFORMED',
    'Initializer 0 of model.onnx has no name',
  ],
  [
    'an input of text',
    { nodes: [relu], inputs: [value('x', [1], 8)], outputs: [y] },
    'DTYPE_UNSUPPORTED',
    'input "x" of model.onnx is text',
  ],
  [
    'an input without a type',
    { nodes: [relu], inputs: [{ name: 'x' }], outputs: [y] },
    'DTYPE_UNSUPPORTED',
    'input "x" of model.onnx is of no known data type',
  ],
  [
    'a sequence as input',
    { nodes: [relu], inputs: [typed('x', { sequenceType: { elemType: tensorType() } })], outputs: [y] },
    'DTYPE_UNSUPPORTED',
    'input "x" of model.onnx is a sequence',
  ],
  [
    'a map as input',
    { nodes: [relu], inputs: [typed('x', { mapType: {} })], outputs: [y] },
    'DTYPE_UNSUPPORTED',
    'input "x" of model.onnx is a map',
  ],
  [
    'an optional as input',
    { nodes: [relu], inputs: [typed('x', { optionalType: {} })], outputs: [y] },
    'DTYPE_UNSUPPORTED',
    'input "x" of model.onnx is an optional',
  ],
  [
    'a sequence as output',
    { nodes: [relu], inputs: [x], outputs: [typed('y', { sequenceType: {} })] },
    'DTYPE_UNSUPPORTED',
    'output "y" of model.onnx is a sequence',
  ],
  [
    'a value that nothing gives',
    { nodes: [node('Add', 'x lost', 'y', {}, 'sum')], inputs: [x], outputs: [y] },
    'GRAPH_INVALID',
    'Node "sum" (Add) of model.onnx reads "lost"',
  ],
  ['an output that nothing gives', { nodes: [relu], inputs: [x], outputs: [value('z')] }, 'GRAPH_INVALID', 'reads "z"'],
  [
    'a value that is given twice',
    { nodes: [relu, node('Abs', 'x', 'y', {}, 'again')], inputs: [x], outputs: [y] },
    'GRAPH_INVALID',
    'value "y" of model.onnx is given twice: by "act:0" and by "again:0"',
  ],
  ['an input that a node gives', { nodes: [node('Abs', 'x', 'x')], inputs: [x], outputs: [x] }, 'GRAPH_INVALID', 'given twice'],
];

test.each(CASES)('%s', (_, parts, code, words) => {
  expect(() => readOnnx(modelFile(parts))).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
});

test('every refusal has a way out', () => {
  for (const [name, parts] of CASES) {
    let caught: unknown;
    try {
      readOnnx(modelFile(parts));
    } catch (error) {
      caught = error;
    }
    expect(caught, name).toMatchObject({ fix: expect.stringMatching(/\w/) });
  }
});

test.each([
  ['an empty file', new Uint8Array(0), 'FILE_EMPTY', 'is empty'],
  ['text', Buffer.from('{"schema": "ascend-bundle/graph@1"}'), 'FILE_MALFORMED', 'model.onnx is damaged'],
  ['a message of other fields', Uint8Array.of(0x52, 1, 0x61), 'FILE_KIND', 'not an ONNX model: it has no graph'],
])('%s is no model', (_, bytes, code, words) => {
  const path = join(filesIn({ 'model.onnx': bytes }), 'model.onnx');
  expect(() => readOnnx(path)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
});

test('a missing file is named', () => {
  expect(() => readOnnx('/nowhere/model.onnx')).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }));
});

test('text inside a sub-graph is left to ONNX Runtime', () => {
  const branch = { graph: { name: 'b', node: [node('Identity', 'x', 'r')], initializer: [text], output: [value('r')] } };
  const path = modelFile({
    nodes: [node('If', 'flag', 'y', { then_branch: branch, else_branch: branch })],
    inputs: [x, value('flag', [], 9)],
    outputs: [y],
  });
  expect(readOnnx(path).graph.subgraphs[0]?.nodes[0]).toMatchObject({ name: 'names', type: 'Constant', attrs: new Map() });
});

function typed(name: string, type: OnnxType): { name: string; type: OnnxType } {
  return { name, type };
}
