import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { memoryBytes, utf8Bytes } from '../../src/base/bytes.js';
import { openFile } from '../../src/base/open-file.js';
import { detectKind, type Kind, requireKind } from '../../src/formats/kind.js';
import { newHeader } from '../../src/formats/om/header.js';
import { corpus, hasCorpus } from '../support/corpus.js';

const head = (fields: Parameters<typeof newHeader>[0]) => memoryBytes(newHeader(fields).raw);
const zip = (name: string) => {
  const out = Buffer.alloc(60);
  out.write('PK\x03\x04');
  out.writeUInt16LE(name.length, 26);
  out.write(name, 30);
  return memoryBytes(out);
};
const bundleHead = Buffer.alloc(264);
bundleHead[82] = 5;

test.each<[Kind, ReturnType<typeof memoryBytes>]>([
  ['lfs-pointer', utf8Bytes('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')],
  ['om2', zip('manifest.json')],
  ['unknown', zip('w.npy')],
  ['pico', utf8Bytes('PICO....')],
  ['bundle', memoryBytes(bundleHead)],
  ['bundle', head({ modelType: 5 })],
  ['om-flow', head({ modelType: 3 })],
  ['om-nano', head({ modelType: 4 })],
  ['om', head({ modelType: 0 })],
  ['om', utf8Bytes('IMOD')],
  ['graph-json', utf8Bytes(' \n{ "name": 1')],
  ['graph-json', utf8Bytes('\ufeff{}')],
  ['unknown', utf8Bytes('hello')],
  ['unknown', utf8Bytes('\n\n: some text\n')],
  ['unknown', utf8Bytes('')],
  ['unknown', memoryBytes(bundleHead.subarray(0, 200))],
  ['onnx', memoryBytes(Uint8Array.of(0x08, 8, 0x12, 0x7f))],
  ['onnx', memoryBytes(Uint8Array.of(0x3a, 0, 0x42, 0))],
  ['air', memoryBytes(Uint8Array.of(0x3a, 3, 0x0a, 1, 0x61))],
  ['air', memoryBytes(Uint8Array.of(0x0a, 1, 0x61, 0x10, 2, 0x3a, 0))],
  ['unknown', memoryBytes(Uint8Array.of(0x0a, 1, 0x61))],
])('%s is told from its first bytes', (kind, bytes) => {
  expect(detectKind(bytes)).toBe(kind);
});

describe.skipIf(!hasCorpus)('the corpus', () => {
  const KIND_OF: readonly (readonly [RegExp, Kind])[] = [
    [/hiai_ddk|harmony/, 'om-mobile'],
    [/ss928/, 'om-svp'],
    [/flow_model/, 'om-flow'],
    [/./, 'om'],
  ];
  const models = hasCorpus ? readdirSync(corpus('om')).filter((name) => name.endsWith('.om')) : [];
  test.each(models)('om/%s', (name) => {
    expect(detectKind(openFile(corpus('om', name)))).toBe(KIND_OF.find(([pattern]) => pattern.test(name))?.[1]);
  });

  const bundles = hasCorpus ? readdirSync(corpus('ge-bundles')) : [];
  test.each(bundles)('ge-bundles/%s', (name) => {
    expect(detectKind(openFile(corpus('ge-bundles', name)))).toBe(name.endsWith('.om') ? 'bundle' : 'air');
  });

  test('every ONNX model', () => {
    const cases = ['pytorch-converted', 'pytorch-operator', 'simple', 'light'].flatMap((folder) =>
      readdirSync(corpus('onnx', folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.onnx'))
        .map((name) => corpus('onnx', folder, name)),
    );
    expect(cases.length).toBeGreaterThan(30);
    expect(cases.filter((path) => detectKind(openFile(path)) !== 'onnx')).toEqual([]);
  });
});

const refusal = (bytes: Parameters<typeof requireKind>[0]) => {
  try {
    return requireKind(bytes, 'm.om', ['bundle']);
  } catch (error) {
    return error;
  }
};

test.each([
  ['', 'FILE_EMPTY', /m\.om is empty; a weight-updatable bundle is expected/, /copy/],
  ['hello\n', 'FILE_KIND', /m\.om is a text file/, /damaged/],
  ['version https://git-lfs.github.com/spec/v1', 'FILE_KIND', /Git LFS pointer/, /git lfs pull/],
  ['{"a": 1}', 'FILE_KIND', /a JSON file/, /ascend-bundle build m\.om/],
  ['\0'.repeat(100), 'FILE_TRUNCATED', /100 bytes/, /Copy/],
  ['\x93NUMPY\x01\0', 'FILE_KIND', /a file of tensors \(npy\)/, /weights check m\.om/],
  [`PK\x03\x04${'\0'.repeat(22)}\x05\0\0\0w.npy`, 'FILE_KIND', /a file of tensors \(npz\)/, /weights check m\.om/],
  [`\x02${'\0'.repeat(7)}{}`, 'FILE_KIND', /a file of tensors \(safetensors\)/, /weights check m\.om/],
  ['\x89PNG\r\n\x1a\n', 'FILE_KIND', /begins with 89 50 4e 47 0d 0a 1a 0a/, /damaged/],
])('another file than a bundle is named: %j', (content, code, message, fix) => {
  expect(refusal(memoryBytes(Buffer.from(content, 'latin1')))).toMatchObject({
    code,
    message: expect.stringMatching(message),
    fix: expect.stringMatching(fix),
  });
});

test('a wanted kind is given back', () => {
  expect(requireKind(memoryBytes(bundleHead), 'm.om', ['om', 'bundle'])).toBe('bundle');
});
