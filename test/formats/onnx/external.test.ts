// Tensors in other files: read by range, and only from the model's folder.
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { OnnxTensor } from '../../../src/formats/encodings/onnx-model.js';
import { readOnnx } from '../../../src/formats/onnx/index.js';
import { filesIn, modelBytes, node, value } from '../../support/onnx-models.js';

const DATA = Uint8Array.from({ length: 64 }, (_, i) => i);

test('a tensor is the range that offset and length say', () => {
  const folder = folderWith(external({ location: 'weights.bin', offset: '5', length: '8' }));
  expect(read(folder)).toEqual([...DATA.subarray(5, 13)]);
});

test('without a length, a tensor goes to the end of its file; without an offset, it begins at 0', () => {
  expect(read(folderWith(external({ location: 'weights.bin', offset: '56' })))).toEqual([...DATA.subarray(56)]);
  expect(read(folderWith(external({ location: 'weights.bin', length: '8' })))).toEqual([...DATA.subarray(0, 8)]);
});

test('a file in a folder below is read, and a link inside the folder is followed', () => {
  const folder = folderWith(external({ location: 'parts/link.bin', length: '8' }));
  mkdirSync(join(folder, 'parts'));
  symlinkSync('../weights.bin', join(folder, 'parts', 'link.bin'));
  expect(read(folder)).toEqual([...DATA.subarray(0, 8)]);
});

test.each([['../secret.bin'], ['parts/../../secret.bin'], ['/etc/hostname']])(
  'a file outside of the folder is not read: %s',
  (location) => {
    const folder = folderWith(external({ location, length: '8' }));
    expect(() => readOnnx(join(folder, 'model.onnx'))).toThrow(
      expect.objectContaining({ code: 'PATH_ESCAPES', message: expect.stringContaining('"w"') }),
    );
  },
);

test('a link that leaves the folder is not followed', () => {
  const outside = filesIn({ 'secret.bin': DATA });
  const folder = folderWith(external({ location: 'weights2.bin', length: '8' }));
  symlinkSync(join(outside, 'secret.bin'), join(folder, 'weights2.bin'));
  expect(() => readOnnx(join(folder, 'model.onnx'))).toThrow(expect.objectContaining({ code: 'PATH_ESCAPES' }));
});

test.each([
  ['a missing file', { location: 'gone.bin', length: '8' }, 'FILE_NOT_FOUND', 'Tensor "w" is external: .*gone.bin does not exist'],
  ['a folder', { location: '.', length: '8' }, 'FILE_IO', 'Tensor "w" is external'],
  [
    'a file that is too short',
    { location: 'weights.bin', offset: '60', length: '8' },
    'FILE_TRUNCATED',
    '"w" .* 8 bytes at byte 60 of weights.bin, which has 64',
  ],
  ['an offset beyond the end', { location: 'weights.bin', offset: '65' }, 'FILE_TRUNCATED', '"w"'],
  ['a length that is not the shape', { location: 'weights.bin', length: '12' }, 'FILE_MALFORMED', '"w" needs 8 bytes .* gives it 12'],
  [
    'an offset that is no number',
    { location: 'weights.bin', offset: '-1', length: '8' },
    'FILE_MALFORMED',
    'offset of external tensor "w" is "-1"',
  ],
  ['an offset beyond all files', { location: 'weights.bin', offset: '99999999999999999999', length: '8' }, 'FILE_MALFORMED', '"w"'],
  ['no location', { offset: '0', length: '8' }, 'FILE_MALFORMED', '"w" .* does not name its file'],
])('%s is an error that names the tensor', (_, entries, code, words) => {
  const folder = folderWith(external(entries));
  expect(() => readOnnx(join(folder, 'model.onnx'))).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(new RegExp(words)) }),
  );
});

test('a file that shrinks between opening and reading is an error', () => {
  const folder = folderWith(external({ location: 'weights.bin', offset: '40', length: '8' }));
  const { consts } = readOnnx(join(folder, 'model.onnx'));
  truncateSync(join(folder, 'weights.bin'), 41);
  expect(() => consts[0]?.tensor.data.read()).toThrow(expect.objectContaining({ code: 'FILE_TRUNCATED' }));
});

test('a thousand files are read without holding one open', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `w${i}`);
  const folder = filesIn({
    'model.onnx': modelBytes({
      nodes: [node('Sum', names.join(' '), 'y')],
      initializers: names.map((name) => ({ ...external({ location: `${name}.bin` }), name })),
      outputs: [value('y', [2])],
    }),
  });
  for (const name of names) writeFileSync(join(folder, `${name}.bin`), DATA.subarray(0, 8));
  const { consts } = readOnnx(join(folder, 'model.onnx'));
  expect(consts.every(({ tensor }) => tensor.data.read()[7] === 7)).toBe(true);
});

test('external tensors that stay in the model are taken into it', () => {
  const inner = { ...external({ location: 'weights.bin', offset: '8', length: '8' }), name: 'k' };
  const branch = { graph: { name: 'b', node: [node('Add', 'x k', 'r')], initializer: [inner], output: [value('r')] } };
  const folder = filesIn({
    'weights.bin': DATA,
    'model.onnx': modelBytes({
      nodes: [node('If', 'flag', 'y', { then_branch: branch, else_branch: branch })],
      inputs: [value('x', [2]), value('flag', [], 9)],
      outputs: [value('y')],
    }),
  });
  const { model } = readOnnx(join(folder, 'model.onnx'));
  const [kept] = model.graph?.node?.[0]?.attribute?.[0]?.g?.initializer ?? [];
  expect(kept?.externalData).toBeUndefined();
  expect([...(kept?.rawData?.read() ?? [])]).toEqual([...DATA.subarray(8, 16)]);
});

/** A float32 [2] with these external entries. */
function external(entries: Readonly<Record<string, string>>): OnnxTensor {
  const externalData = Object.entries(entries).map(([key, text]) => ({ key, value: text }));
  return { name: 'w', dims: [2], dataType: 1, dataLocation: 1, externalData };
}

function folderWith(tensor: OnnxTensor): string {
  const model = modelBytes({ nodes: [node('Relu', 'w', 'y')], initializers: [tensor], outputs: [value('y', [2])] });
  return filesIn({ 'model.onnx': model, 'weights.bin': DATA });
}

function read(folder: string): number[] {
  return [...(readOnnx(join(folder, 'model.onnx')).consts[0]?.tensor.data.read() ?? [])];
}
