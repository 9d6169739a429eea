// Files that are cut, changed or made up: every failure is one of ours, with a place, and soon.
import { expect, test } from 'vitest';
import { concatBytes, memoryBytes } from '../../../src/base/bytes.js';
import { checkVariables, readBundle, readBundleContainer, readOm } from '../../../src/formats/om/index.js';
import { bundle, DAMAGEABLE, failure, fuzz, graphs, model, readModel, spec } from '../../support/damaged.js';

test('the bundle that is damaged below is whole', () => {
  const read = readBundle(memoryBytes(bundle), 'b.om');
  expect(read.warnings).toEqual([]);
  expect(checkVariables(read)).toEqual([]);
  expect(read.submodels.map(({ role }) => role)).toEqual(['infer', 'init', 'update']);
  expect(read.weights).toMatchObject([{ constName: 'w', updateIndex: 0, spec, variable: { offsetBytes: 0, bytes: 16 } }]);
  expect(read.submodels[1]?.constants.map(({ name, tensor }) => [name, [...tensor.data.read()]])).toEqual([['w', Array(16).fill(63)]]);
  expect(failure(bundle)).toBeUndefined();
});

test('cut anywhere, a bundle is said to be truncated, with the place', () => {
  for (let length = 0; length < bundle.length; length++) {
    const error = failure(bundle.subarray(0, length));
    if (error?.code !== 'FILE_TRUNCATED' || !/^byte \d+$/.test(error.at ?? ''))
      throw new Error(`${length}: ${error?.code} ${error?.message} ${error?.at}`);
  }
});

test('cut anywhere, a single model is said to be truncated', () => {
  const whole = model(graphs.init).read();
  for (let length = 0; length < whole.length; length++) {
    const error = failure(whole.subarray(0, length), readModel);
    expect(error?.code).toBe('FILE_TRUNCATED');
  }
});

test('bytes after the end are noticed', () => {
  const longer = concatBytes([memoryBytes(bundle), memoryBytes(new Uint8Array(3))]);
  expect(readBundle(longer, 'b.om').warnings.map(({ code }) => code)).toEqual(['OM_MODEL_LENGTH', 'OM_TRAILING_BYTES']);
  expect(() => readOm(concatBytes([model(graphs.init), memoryBytes(new Uint8Array(3))]), 'm.om')).toThrow(/after its header/);
});

test.each(DAMAGEABLE)('hundreds of damaged copies of a %s fail as they should, or not at all', (_, original, read) => {
  const { codes, unexpected } = fuzz(original, read, 300, 20260101);
  expect(unexpected).toEqual([]);
  // That both happen shows that the changes do hit what is checked, and not only that.
  expect(codes.get('FILE_MALFORMED')).toBeGreaterThan(10);
  expect(codes.get('read')).toBeGreaterThan(10);
});

test('every single bit of the headers and tables', () => {
  const changed = Uint8Array.from(bundle);
  const bytes = memoryBytes(changed);
  const [infer] = readBundle(bytes, 'b.om').submodels;
  const read = () => readBundleContainer(bytes, 'b.om').members.map((member, i) => readOm(member.bytes, `model ${i}`));
  for (let bit = 0; bit < ((infer?.offsetBytes ?? 0) + 408) * 8; bit++) {
    const mask = 1 << (bit & 7);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ mask;
    failure(changed, read);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ mask;
  }
});
