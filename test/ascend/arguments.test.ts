// What reaches ffi-rs is what the table says: a wrong argument is a JavaScript error, never a dead process.
import { describe, expect, test } from 'vitest';
import { prepareArguments } from '../../src/backends/ascend/native/arguments.js';
import { type FunctionName, functionsFor, type NativeFunction, nativeFunctions } from '../../src/backends/ascend/native/symbols/index.js';

const functions = nativeFunctions();

function prepare(name: FunctionName, ...given: readonly unknown[]): unknown[] {
  return prepareArguments(functions.get(name) as NativeFunction, given).map(({ type, value }) => [type, value]);
}

describe('arguments', () => {
  test('travel as what the C function takes', () => {
    expect(prepare('aclmdlGetInputSizeByIndex', 140_000_000_000_000n, 3)).toEqual([
      ['address', 140_000_000_000_000n],
      ['address', 3n],
    ]);
    expect(prepare('aclInit', null)).toEqual([['address', 0n]]);
    expect(prepare('aclInit', 'ä.json')).toEqual([['bytes', Buffer.from('ä.json\0')]]);
    expect(prepare('aclmdlBundleUnload', 2 ** 32 - 1)).toEqual([['u32', 2 ** 32 - 1]]);
    expect(prepare('insertAndRebalance', true, 16n, 32n, 48n)[0]).toEqual(['i32', 1]);
  });

  test('what a call fills is not given; its memory is made', () => {
    expect(prepare('aclrtMalloc', 8, 0)).toEqual([
      ['bytes', Buffer.alloc(8)],
      ['address', 8n],
      ['i32', 0],
    ]);
    expect(prepare('aclmdlGetInputDims', 16n, 0)[2]).toEqual(['bytes', Buffer.alloc(1160)]);
  });

  test.each<[string, FunctionName, unknown[], RegExp]>([
    ['too few', 'aclrtMalloc', [8], /takes 2 arguments and was given 1/],
    ['too many', 'aclFinalize', [8], /takes 0 arguments and was given 1/],
    ['a text with a NUL', 'aclInit', ['a\0b'], /configPath has a NUL inside/],
    ['a text that is none', 'aclmdlBundleLoadFromFile', [5], /modelPath is number 5 and no text/],
    ['no text where one is needed', 'aclmdlBundleLoadFromFile', [null], /modelPath is null and no text/],
    ['half a character', 'aclInit', ['\ud800'], /not well-formed/],
    ['a number of another range', 'aclmdlBundleUnload', [2 ** 32], /bundleId is 4294967296 and does not fit u32/],
    ['a negative one', 'aclmdlBundleUnload', [-1], /does not fit u32/],
    ['a size beyond 64 bits', 'aclrtMalloc', [2n ** 64n, 0], /does not fit u64/],
    ['a fraction', 'aclrtSetDevice', [0.5], /no whole number/],
    ['a number that is not exact', 'aclrtMalloc', [2 ** 60, 0], /no whole number/],
    ['NULL for a handle', 'aclrtFree', [0n], /devPtr is NULL/],
    ['a number for a handle', 'aclrtFree', [16], /is number 16 and no address/],
    ['an address below zero', 'aclrtFree', [-16n], /no address/],
    ['a bare ArrayBuffer', 'aclrtMemcpy', [new ArrayBuffer(8), 8, 16n, 8, 0], /dst is a ArrayBuffer and no address/],
    ['a number for a boolean', 'insertAndRebalance', [1, 16n, 16n, 16n], /no boolean/],
  ])('%s is an error that names it', (_, name, given, words) => {
    expect(() => prepare(name, ...given)).toThrow(words);
  });
});

describe('the table', () => {
  test('has every call of a bundle build and of a bundle run', () => {
    expect(functionsFor('build').map(({ name }) => name)).toEqual([
      'aclgrphBuildInitialize',
      'aclgrphBuildFinalize',
      'aclgrphConvertToWeightRefreshableGraphs',
      'aclgrphBundleBuildModel',
      'aclgrphBundleSaveModel',
      'Graph.Graph',
      'Graph.LoadFromFile',
      'Graph.SaveToFile',
      'AscendString.AscendString',
      'insertAndRebalance',
    ]);
    expect(functionsFor('onnx').map(({ name }) => name)).toEqual(['aclgrphParseONNX']);
    expect(functionsFor('run').map(({ name }) => name)).not.toContain('aclGetRecentErrMsg');
  });

  test('has no symbol twice, and every parameter can be prepared', () => {
    const rows = [...functions.values()];
    expect(new Set(rows.map(({ symbol }) => symbol)).size).toBe(rows.length);
    const some: Record<string, unknown> = { text: 'x', 'text?': null, handle: 16n, object: 16n, address: 0n, bytes: 16n, bool: true };
    for (const row of rows) {
      const ins = row.parameters.filter(({ kind }) => !kind.startsWith('out ')).map(({ kind }) => (kind in some ? some[kind] : 1));
      expect(prepareArguments(row, ins)).toHaveLength(row.parameters.length);
    }
  });
});
