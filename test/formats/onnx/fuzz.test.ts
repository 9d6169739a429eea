// Damaged models: whatever a byte says, reading gives a model or one of our errors, at once, and reading its weights as well.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AscendBundleError } from '../../../src/base/errors.js';
import { readOnnx } from '../../../src/formats/onnx/index.js';
import { corpus, hasCorpus } from '../../support/corpus.js';
import { filesIn, floats, int64s, modelBytes, node, value } from '../../support/onnx-models.js';

test('a damaged model is read or refused with an error of ours', () => {
  const branch = { graph: { name: 'b', node: [node('Add', 'x w', 'r')], initializer: [floats('k', [1], [1])], output: [value('r')] } };
  const sound = modelBytes({
    opset: 6,
    ir: 3,
    nodes: [
      node('Constant', '', 'c', { value: { tensor: int64s('', [2], [1, 2]) } }),
      node('Add', 'x w', 'a', { broadcast: 1, axis: 1 }),
      node('If', 'f', 'y', { then_branch: branch, else_branch: branch }),
    ],
    initializers: [
      floats('w', [3], [1, 2, 3]),
      { name: 'e', dims: [2], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: 'e.bin' }] },
    ],
    inputs: [value('x', [1, 3]), value('f', [], 9)],
    outputs: [value('y')],
  });
  damage(sound, 800);
});

test.skipIf(!hasCorpus)('a damaged model of the corpus likewise', () => {
  damage(readFileSync(corpus('onnx', 'simple', 'test_sequence_model1', 'model.onnx')), 300);
});

function damage(sound: Uint8Array, numRuns: number): void {
  const folder = filesIn({ 'e.bin': new Uint8Array(8) });
  const path = join(folder, 'model.onnx');
  const change = fc.record({ at: fc.nat(sound.length - 1), byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)) });
  const cut = fc.option(fc.nat(sound.length), { nil: sound.length });
  let refused = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), cut, (changes, length) => {
      const bytes = Uint8Array.from(sound);
      for (const { at, byte } of changes) bytes[at] = byte;
      writeFileSync(path, bytes.subarray(0, length));
      try {
        using source = readOnnx(path);
        for (const { tensor } of source.consts) tensor.data.read();
      } catch (error) {
        if (!(error instanceof AscendBundleError)) throw error;
        refused++;
      }
    }),
    { numRuns },
  );
  expect(refused).toBeGreaterThan(numRuns / 10);
}
