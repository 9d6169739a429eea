// Bundles on the stand-in device: what is executed, with which buffers, and that all of it is given back.
// Expected values are the formula of the network (support/linear.ts).
import { mkdirSync } from 'node:fs';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openBundle } from '../../src/index.js';
import { driveBundle } from '../support/cann/bundles.js';
import { openOnDevice, processesWith } from '../support/cann/device.js';
import { b, EMPTY, expectClean, NEW_B, NEW_W, named, output, w, X, x } from '../support/cann/linear-device.js';
import { hasStandin, readRecord, standinEnv } from '../support/cann/standin.js';
import { Workplace } from '../support/cli.js';
import { testFolder } from '../support/folder.js';
import { linearGraph, linearOutput, W } from '../support/linear.js';
import { plain } from '../support/tensors.js';

const folder = testFolder();

describe.skipIf(!hasStandin)('a bundle on a device', () => {
  let path = '';
  beforeEach(() => {
    path = driveBundle(folder.path(), linearGraph(), ['w', 'b']);
  });

  test.each([
    ['on a server with cards', {}, {}],
    ['on the SoC itself', { runMode: 'device' }, {}],
    ['in memory of ours', {}, { memory: 'low' }],
    ['in memory of ours on the SoC', { runMode: 'device' }, { memory: 'low' }],
  ] as const)('%s: init, updates whole and partial, back again, several inferences', async (_, settings, request) => {
    const { session, finish } = await openOnDevice(folder.path(), path, settings, request);
    expect(session.inputs.map(({ name }) => name)).toEqual(['x']);
    await session.initialize();
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X)));
    expect(await session.update(new Map([b()]))).toEqual({ updated: ['b'], kept: ['w'], warnings: [] });
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X, W, NEW_B)));
    expect(await session.update(new Map([w(), ['b', EMPTY]]))).toEqual({ updated: ['w'], kept: ['b'], warnings: [] });
    expect((await session.run(x())).map(plain)).toEqual(output(linearOutput(X, NEW_W, NEW_B)));
    await session.initialize();
    expect((await session.run(x([0, 0, 1, 0, 0, 0]))).map(plain)).toEqual(output(linearOutput([0, 0, 1, 0, 0, 0])));
    expectClean(await finish());
  });

  test('has a tensor desc for each input of an update, and no buffer for a weight that it keeps', async () => {
    const { session, finish } = await openOnDevice(folder.path(), path);
    await session.initialize();
    await session.update(new Map([b()]));
    const { calls } = await finish();
    expect(named(calls, 'aclCreateTensorDesc').map(({ dims, dataType, format }) => [dims, dataType, format])).toEqual([
      [[0], 0, 2],
      [[4], 0, 2],
    ]);
    expect(named(calls, 'aclmdlSetDatasetTensorDesc').map(({ index }) => index)).toEqual([0, 1]);
    expect(named(calls, 'aclCreateDataBuffer').map(({ data, size }) => [data === '0x0', size])).toEqual([
      [true, 0],
      [false, 16],
    ]);
    expect(named(calls, 'aclmdlExecute').map(({ model, inputs, outputs }) => [model, inputs, outputs])).toEqual([
      ['var_init_graph', 0, 0],
      ['var_update_graph', 2, 0],
    ]);
  });

  test('is loaded once, in the order of the documentation', async () => {
    const { session, finish } = await openOnDevice(folder.path(), path);
    await session.initialize();
    await session.run(x());
    await session.run(x());
    const order = [
      'aclInit',
      'aclrtSetDevice',
      'aclrtGetRunMode',
      'aclmdlBundleLoadFromFile',
      'aclmdlExecute',
      'aclmdlBundleUnload',
      'aclrtResetDevice',
      'aclFinalize',
    ];
    const { calls } = await finish();
    expect(calls.map(({ call }) => call).filter((call) => order.includes(call))).toEqual([
      ...order.slice(0, 5),
      'aclmdlExecute',
      'aclmdlExecute',
      ...order.slice(5),
    ]);
    expect(named(calls, 'aclmdlBundleLoadFromFile')[0]?.['bundleId']).toBeGreaterThanOrEqual(2 ** 31);
  });
});

describe.skipIf(!hasStandin)('run on a device', () => {
  test('says which backend and why, takes --device, and writes what it called', async () => {
    const place = new Workplace();
    mkdirSync(place.path('made'));
    const path = driveBundle(place.path('made'), linearGraph(), ['w', 'b']);
    const record = place.path('made/calls.jsonl');
    const env = { ...standinEnv({ record }), STANDIN_CANN_DEVICES: '4' };
    const args = [
      'run',
      path,
      '--input',
      `x=2x3xf32=${X.join(',')}`,
      '--update',
      'b=7,8,9,10',
      '-d',
      '3',
      '--trace',
      'calls.trace',
      '-o',
      'out',
      '--json',
    ];
    const { status, stdout, stderr } = await place.call(args, { env });
    expect([status, stderr.includes('error')]).toEqual([0, false]);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      backend: { kind: 'ascend' },
      result: {
        initialized: true,
        update: { updated: ['b'], kept: ['w'] },
        outputs: [{ name: 'output_0_add_0', path: 'out/output_0_add_0.npy' }],
      },
    });
    const recorded = readRecord(record);
    expectClean(recorded);
    expect(named(recorded.calls, 'aclrtSetDevice')[0]).toMatchObject({ deviceId: 3 });
    expect(place.files()).toContain('calls.trace');
  });

  test('and so does the library, with the same options', async () => {
    const path = driveBundle(folder.path(), linearGraph(), ['w', 'b']);
    for (const [name, value] of Object.entries(standinEnv({ record: folder.path('calls.jsonl') }))) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('STANDIN_CANN_DEVICES', '2');
    const bundle = await openBundle(path, { device: 1, memory: 'low', timeout: 60 });
    await bundle.update({ b: { dtype: 'float32', shape: [4], data: Float32Array.from(NEW_B) } });
    const outputs = await bundle.run({ x: { dtype: 'float32', shape: [2, 3], data: Float32Array.from(X) } });
    expect([...(outputs['output_0_add_0']?.data ?? [])]).toEqual(linearOutput(X, W, NEW_B));
    await bundle.close();
    const recorded = readRecord(folder.path('calls.jsonl'));
    expectClean(recorded);
    expect(named(recorded.calls, 'aclrtSetDevice')[0]).toMatchObject({ deviceId: 1 });
  });

  test('is closed again by the library when its init graph fails', async () => {
    const path = driveBundle(folder.path(), linearGraph(), ['w', 'b']);
    const record = folder.path('calls.jsonl');
    for (const [name, value] of Object.entries(standinEnv({ record, faults: ['aclmdlExecute#1=text:207001:Out of memory.'] })))
      vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(openBundle(path)).rejects.toMatchObject({ code: 'NATIVE_CALL', at: 'aclmdlExecute' });
    expect(processesWith(record)).toEqual([]);
  });

  test('asks for the inputs of a model with gears without the one that takes the gear', async () => {
    const place = new Workplace();
    const path = driveBundle(place.folder, linearGraph({ batch: -1 }), ['w', 'b'], {
      options: ['input_shape=x:-1,3', 'ge.dynamicBatchSize=1,2,4'],
    });
    const { status, stdout } = await place.call(['run', path, '--input', `x=2x3xf32=${X.join(',')}`, '--json'], { env: standinEnv() });
    expect([status, JSON.parse(stdout).error]).toEqual([0, null]);
    expect(JSON.parse(stdout).result.outputs).toMatchObject([{ dtype: 'float32', shape: [2, 4] }]);
  });

  test('options for a device are refused for a bundle of the host, and a device that is not there ends with its words', async () => {
    const place = new Workplace();
    await place.call(['build', 'examples/linear/graph.json', '--consts', 'const_1', '--backend', 'host', '-o', 'h.om']);
    const refused = await place.call(['run', 'h.om', '--input', 'x=rand:1', '--device', '1']);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('--device is for an NPU')]);
    const path = driveBundle(place.folder, linearGraph(), ['w', 'b']);
    const absent = await place.call(['run', path, '--input', 'x=rand:1', '--device', '5'], { env: standinEnv() });
    expect([absent.status, absent.stderr]).toEqual([6, expect.stringContaining('valid device range is [0, 1)')]);
  });

  test.each([
    [['--device', '-1'], 'must be a whole number'],
    [['--memory', 'much'], 'auto, low'],
    [['--timeout', '0'], 'number of seconds'],
  ])('%j is refused', async (options, words) => {
    const place = new Workplace();
    const { status, stderr } = await place.call(['run', 'x.om', ...options]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
