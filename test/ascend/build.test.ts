// Builds by GE, on the stand-in CANN. What it saw is compared with what a C++ program makes it see, and with the reference's own tables.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encode } from '../../src/base/protobuf/index.js';
import { openBundleAt } from '../../src/commands/shared/bundle.js';
import { readAir, writeAir } from '../../src/formats/air.js';
import { OnnxModel, type OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { readInitialValues } from '../../src/formats/om/index.js';
import { decodeElements } from '../../src/graph/elements.js';
import { AscendWorkplace } from '../support/ascend-build.js';
import { ARCH } from '../support/cann/install-files.js';
import type { CannLayout } from '../support/cann/libraries.js';
import { cannRoot, driveProgram, hasStandin, type RecordedCall, readRecord, standinEnv } from '../support/cann/standin.js';
import { constant, float32s } from '../support/graphs.js';
import { B, linearGraph, W } from '../support/linear.js';
import { floats, type ModelParts, model, node, value } from '../support/onnx-models.js';

/** x [2, 3] · w [3, 4] + b [4]. */
const LINEAR: ModelParts = {
  nodes: [node('MatMul', 'x w', 'h', {}, 'mm'), node('Add', 'h b', 'y', {}, 'add')],
  initializers: [floats('w', [3, 4], W), floats('b', [4], B)],
  inputs: [value('x', [2, 3])],
  outputs: [value('y', [2, 4])],
};

function onnx(place: AscendWorkplace, parts: Partial<ModelParts>): string {
  const path = place.path('net.onnx');
  writeFileSync(path, encode(OnnxModel, model({ ...LINEAR, ...parts })).read());
  return path;
}

function air(place: AscendWorkplace, graph = linearGraph()): string {
  writeFileSync(place.path('net.air'), writeAir(graph).read());
  return place.path('net.air');
}

/** Without what differs from run to run. */
function comparable(calls: readonly RecordedCall[]): unknown[] {
  return calls
    .filter(({ call }) => call !== 'Graph::Graph')
    .map(({ tid: _, file, bytes: __, written: ___, ...call }) => ({ ...call, ...(file === undefined ? {} : { file: 'a file' }) }));
}

const valuesIn = (path: string): unknown => {
  const bundle = openBundleAt(path);
  return Object.fromEntries(
    (readInitialValues(bundle)?.values ?? []).map(({ weight, constant: { tensor } }) => [weight.constName, decodeElements(tensor)]),
  );
};

describe.skipIf(!hasStandin)('a build by GE', () => {
  test.each<CannLayout>(['8.1', '9.2'])('makes the calls that a C++ program makes, with CANN %s', async (layout) => {
    const place = new AscendWorkplace();
    const path = air(place);
    const { document, calls, violations, jobs } = await place.build(
      [path, '--consts', 'w,b', '--soc-version', 'Ascend910B1', '--log', 'error', '-O', 'oo.level=O1'],
      { layout },
    );
    expect([document.error, violations, jobs]).toEqual([null, [], []]);
    const record = place.path('driven.jsonl');
    const args = ['-g', 'ge.socVersion=Ascend910B1', '-g', 'ge.oo.level=O1', '-b', 'log=error', path, place.path('driven'), 'w', 'b'];
    const { status } = spawnSync(driveProgram(layout), args, {
      env: { ...standinEnv({ layout, record }), LD_LIBRARY_PATH: join(cannRoot(layout), 'lib64') },
    });
    expect(status).toBe(0);
    expect(comparable(calls)).toEqual(comparable(readRecord(record).calls));
    expect(place.files().filter((file) => file.endsWith('.om'))).toEqual([`driven_linux_${ARCH}.om`, 'net.om']);
  });

  test('gives the bundle the asked name, and says what host it is bound to', async () => {
    const place = new AscendWorkplace();
    const { document } = await place.build([air(place), '--consts', 'b,w', '-o', 'deep.om', '--soc_version=Ascend310P3']);
    expect(document.result).toMatchObject({
      bundle: { path: 'deep.om', hostEnv: { os: 'linux', cpu: ARCH } },
      compiler: { cann: '9.2.0', soc: 'Ascend310P3' },
      updateGraph: 'ge',
      weights: [
        { name: 'b', updateIndex: 0 },
        { name: 'w', updateIndex: 1 },
      ],
    });
    expect(document.result.compiler?.steps.map(({ step }) => step)).toEqual(['initialize', 'load', 'convert', 'compile', 'save']);
    expect(document.result.bundle.bytes).toBe(statSync(place.path('deep.om')).size);
    expect(statSync(place.path('deep.om')).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(valuesIn(place.path('deep.om'))).toEqual({ w: W, b: B });
    expect(place.files()).toEqual(['deep.om', 'net.air']);
  });

  test('without the init graph builds two graphs', async () => {
    const place = new AscendWorkplace();
    const { document, calls } = await place.build([air(place), '--consts', 'w', '--no-init', '--backend', 'ascend']);
    expect(document.result.submodels.map(({ role }) => role)).toEqual(['infer', 'update']);
    const built = calls.find(({ call }) => call === 'aclgrphBundleBuildModel');
    expect(built?.['graphs']).toMatchObject([{ graph: 'var_infer_graph' }, { graph: 'var_update_graph' }]);
  });

  test('in the static form is bound to no host and takes a weight of rank 0', async () => {
    const place = new AscendWorkplace();
    const graph = linearGraph();
    const scaled = {
      ...graph,
      nodes: [...graph.nodes, constant('alpha', float32s([3], []))],
      outputs: [...graph.outputs, { name: 'a', value: 'alpha:0' }],
    };
    const { document } = await place.build([air(place, scaled), '--consts', 'w,alpha', '--update-graph', 'static', '--backend', 'ascend']);
    expect(document.error).toBe(null);
    expect(document.result).toMatchObject({
      updateGraph: 'static',
      bundle: { hostEnv: null },
      weights: [{ name: 'w' }, { name: 'alpha', shape: [] }],
    });
  });

  test('saves the graph and its conversions when asked', async () => {
    const place = new AscendWorkplace();
    const { document } = await place.build([air(place), '--consts', 'w', '-o', 'm.om', '--emit-graphs', 'graphs']);
    expect(document.result.graphs?.toSorted()).toEqual([
      'graphs/m.air',
      'graphs/m.infer.air',
      'graphs/m.var_init.air',
      'graphs/m.var_update.air',
    ]);
    const names = ['m.air', 'm.infer.air', 'm.var_init.air', 'm.var_update.air'].map((name) => readAir(place.path('graphs', name)).name);
    expect(names).toEqual(['g', 'var_infer_graph', 'var_init_graph', 'var_update_graph']);
    expect(readAir(place.path('graphs/m.infer.air')).nodes.map(({ name }) => name)).toContain('w_var');
  });

  test('leaves a bundle that is there alone, and does not even begin', async () => {
    const place = new AscendWorkplace();
    writeFileSync(place.path('net.om'), 'precious');
    const { document, calls } = await place.build([air(place), '--consts', 'w', '--backend', 'ascend']);
    expect([document.error?.code, calls]).toEqual(['FILE_EXISTS', []]);
    expect(readFileSync(place.path('net.om'), 'utf8')).toBe('precious');
  });

  test('is traced call by call', async () => {
    const place = new AscendWorkplace();
    await place.build([air(place), '--consts', 'w', '--trace', 't.jsonl']);
    const lines = readFileSync(place.path('t.jsonl'), 'utf8').trim().split('\n');
    const calls = lines.map((line) => JSON.parse(line));
    expect(calls.at(-2)).toMatchObject({ call: 'aclgrphBundleSaveModel', status: 'GRAPH_SUCCESS' });
    expect(calls.find(({ call }) => call === 'aclgrphBundleBuildModel').arguments.graphWithOptions).toHaveLength(3);
  });

  test('of an operator that the host does not know works all the same', async () => {
    const place = new AscendWorkplace();
    const graph = {
      name: 'odd',
      inputs: [{ name: 'x', dtype: 'float32', shape: [4] }],
      consts: [{ name: 'w', dtype: 'float32', shape: [4], data: { fill: 1 } }],
      nodes: [
        { name: 'm', type: 'Mul', inputs: ['x', 'w'] },
        { name: 'n', type: 'Lgamma', inputs: ['m'], outputs: [{ dtype: 'float32', shape: [4] }] },
      ],
      outputs: ['n'],
    };
    writeFileSync(place.path('odd.json'), JSON.stringify(graph));
    expect((await place.build(['odd.json', '--consts', 'w', '--backend', 'host'])).document.error?.code).toBe('OP_UNSUPPORTED');
    expect((await place.build(['odd.json', '--consts', 'w', '--backend', 'ascend'])).document.error).toBe(null);
  });

  test('a chip that CANN does not have, and a wrong option, are told before GE starts', async () => {
    const place = new AscendWorkplace();
    const path = air(place);
    for (const args of [
      ['--soc-version', 'ascend910b1'],
      ['-O', 'ge.oo.levle=O1'],
      ['--input-shape', 'y:1,3'],
    ]) {
      const { document, calls } = await place.build([path, '--consts', 'w', ...args]);
      expect([document.error?.code, document.exitCode, calls]).toEqual(['USAGE', 2, []]);
      expect(document.error?.fix).toBeTruthy();
    }
    expect(place.files()).toEqual(['net.air']);
  });

  test('a line of atc works as it is', async () => {
    const place = new AscendWorkplace();
    const atc = [
      '--framework=5',
      '--soc_version=Ascend910B1',
      '--output=o',
      '--input_format=ND',
      '--precision_mode_v2=origin',
      '--log=error',
    ];
    const { document, calls } = await place.build([onnx(place, {}), ...atc, '--consts', 'w']);
    expect(document.error).toBe(null);
    expect(calls[0]?.['options']).toEqual([
      ['ge.exec.precision_mode_v2', 'origin'],
      ['ge.socVersion', 'Ascend910B1'],
    ]);
    expect((await place.build([onnx(place, {}), '--framework=1', '--consts', 'w', '-o', 'p.om'])).document.error?.message).toContain(
      '--framework 1',
    );
  });
});

describe.skipIf(!hasStandin)('an ONNX model', () => {
  test('keeps the names of its initializers', async () => {
    const place = new AscendWorkplace();
    // Byte order is not the order of the model; an initializer is called as GE calls another; a node is called as an initializer.
    const names = ['z/w:0', 'Ä b', 'a', 'a_Initializer_0'];
    const path = onnx(place, {
      nodes: [
        node('MatMul', 'x W', 'h', {}, 'a'),
        node('Add', 'h B', 'i', {}, 'node'),
        node('Mul', 'i a', 'j'),
        node('Sub', 'j a_Initializer_0', 'y'),
      ].map((one) => ({ ...one, input: one.input?.map((name) => ({ W: 'z/w:0', B: 'Ä b' })[name] ?? name) ?? [] })),
      initializers: [floats('z/w:0', [3, 4], W), floats('Ä b', [4], B), floats('a', [1], [2]), floats('a_Initializer_0', [1], [3])],
    });
    const { document, calls, violations } = await place.build([
      path,
      ...names.flatMap((name) => ['--const', name]),
      '--backend',
      'ascend',
      '-o',
      'm.om',
      '--emit-graphs',
      'g',
    ]);
    expect([document.error, violations]).toEqual([null, []]);
    expect(document.result.weights.map(({ name, variable }) => [name, variable])).toEqual(names.map((name) => [name, `${name}_var`]));
    expect(calls.find(({ call }) => call.includes('Convert'))?.['constNames']).toEqual(names);
    expect(valuesIn(place.path('m.om'))).toEqual({ 'z/w:0': W, 'Ä b': B, a: [2], a_Initializer_0: [3] });
    // The node gave way.
    const origin = readAir(place.path('g/m.air'));
    expect(
      origin.nodes
        .filter(({ type }) => type === 'Const')
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(names.toSorted());
    expect(origin.nodes.find(({ type }) => type.startsWith('BatchMatMul'))?.inputs).toEqual(['x:0', 'z/w:0:0']);
  });

  test('goes to the parser as it is where nothing has to change', async () => {
    const place = new AscendWorkplace();
    const path = onnx(place, {});
    const { calls } = await place.build([path, '--consts', 'w', '--backend', 'ascend', '--input_shape=x:2,3']);
    expect(calls.find(({ call }) => call === 'aclgrphParseONNX')).toMatchObject({
      file: path,
      params: [
        ['input_shape', 'x:2,3'],
        ['output', 'g'],
      ],
    });
  });

  test('with a Constant that GE would empty keeps its value, and can be updated', async () => {
    const place = new AscendWorkplace();
    const path = onnx(place, {
      nodes: [node('Constant', '', 'c', { value_floats: { floats: [1, 2, 3, 4] } }), ...LINEAR.nodes.slice(0, 1), node('Add', 'h c', 'y')],
      initializers: LINEAR.initializers?.slice(0, 1) ?? [],
    });
    const { document } = await place.build([path, '--consts', 'c,w', '--backend', 'ascend', '-o', 'm.om']);
    expect(document.error).toBe(null);
    expect(valuesIn(place.path('m.om'))).toEqual({ c: [1, 2, 3, 4], w: W });
  });

  test('with a node that is called as GE calls a constant is no trouble', async () => {
    const place = new AscendWorkplace();
    const path = onnx(place, {
      nodes: [node('MatMul', 'x w', 'h', {}, 'w_Initializer_1'), node('Add', 'h b', 'y', {}, 'w_Initializer_1')],
    });
    const { document } = await place.build([path, '--consts', 'w', '--backend', 'ascend']);
    expect(document.error).toBe(null);
  });

  test('with external data keeps its weights updatable, slices and checksums too', async () => {
    const place = new AscendWorkplace();
    mkdirSync(place.path('data'));
    const bytes = new Uint8Array(Float32Array.from([...W, ...B]).buffer);
    writeFileSync(place.path('data/all.bin'), bytes);
    const external = (name: string, dims: number[], offset: number, length: number): OnnxTensor => ({
      name,
      dims,
      dataType: 1,
      dataLocation: 1,
      externalData: Object.entries({ location: 'data/all.bin', offset: String(offset), length: String(length), checksum: 'abc' }).map(
        ([key, one]) => ({ key, value: one }),
      ),
    });
    const path = onnx(place, { initializers: [external('w', [3, 4], 0, 48), external('b', [4], 48, 16)] });
    const { document, jobs } = await place.build([path, '--consts', 'w,b', '--backend', 'ascend', '-o', 'm.om']);
    expect([document.error, jobs]).toEqual([null, []]);
    expect(valuesIn(place.path('m.om'))).toEqual({ w: W, b: B });
    expect(readFileSync(place.path('data/all.bin'))).toEqual(Buffer.from(bytes));
  });

  test.for([1, 6, 7])('of opset %d, older than the plug-ins, is raised to opset 8', async (opset) => {
    const place = new AscendWorkplace();
    const add = opset < 7 ? node('Add', 'h b', 'y', { broadcast: 1 }) : node('Add', 'h b', 'y');
    const path = onnx(place, { opset, nodes: [node('MatMul', 'x w', 'h'), add] });
    const { document } = await place.build([path, '--consts', 'w,b', '--backend', 'ascend', '-o', 'm.om']);
    expect(document.error).toBe(null);
    expect(valuesIn(place.path('m.om'))).toEqual({ w: W, b: B });
  });

  test('that imports an operator set twice is refused before the call', async () => {
    const place = new AscendWorkplace();
    const path = onnx(place, {
      model: {
        opsetImport: [
          { domain: '', version: 17 },
          { domain: 'ai.onnx', version: 13 },
        ],
      },
    });
    const { document, calls } = await place.build([path, '--consts', 'w', '--backend', 'ascend']);
    expect([document.error?.code, document.exitCode, calls]).toEqual(['GRAPH_INVALID', 4, []]);
    expect(document.error?.message).toContain('E16005');
  });

  test('whose external data is missing is refused before the call', async () => {
    const place = new AscendWorkplace();
    const path = onnx(place, {
      initializers: [
        { name: 'w', dims: [3, 4], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: 'gone.bin' }] },
        floats('b', [4], B),
      ],
    });
    const { document, calls } = await place.build([path, '--consts', 'w', '--backend', 'ascend']);
    expect([document.error?.code, calls]).toEqual(['FILE_NOT_FOUND', []]);
  });

  test('with an operator without a plug-in: GE says which', async () => {
    const place = new AscendWorkplace();
    const { document, jobs } = await place.build([
      onnx(place, { nodes: [node('MatMul', 'x w', 'h'), node('Softplus', 'h', 'y', {}, 'soft')] }),
      '--consts',
      'w',
      '--backend',
      'ascend',
    ]);
    expect([document.error?.code, document.exitCode]).toEqual(['NATIVE_CALL', 6]);
    expect(document.error?.message).toContain('Softplus');
    expect(jobs).toHaveLength(1);
  });
});

test('a dry run makes no call and shows those of a build, on a machine without CANN too', async () => {
  const place = new AscendWorkplace();
  const path = air(place);
  const args = [path, '--consts', 'w', '--soc-version', 'Ascend910B1', '--log', 'error', '-o', 'm.om'];
  const { document, calls } = await place.build([...args, '--dry-run'], { root: place.path('nowhere') });
  expect([document.error, calls, place.files()]).toEqual([null, [], ['net.air']]);
  expect(document.warnings.map(({ code }) => code)).toContain('BACKEND_UNAVAILABLE');
  expect(document.result.calls?.map(({ call }) => call)).toEqual([
    'aclgrphBuildInitialize',
    'Graph.Graph',
    'Graph.LoadFromFile',
    'aclgrphConvertToWeightRefreshableGraphs',
    'aclgrphBundleBuildModel',
    'aclgrphBundleSaveModel',
    'aclgrphBuildFinalize',
  ]);
  expect(document.result.calls?.[0]?.arguments).toEqual({ globalOptions: { 'ge.socVersion': 'Ascend910B1' } });
  expect(JSON.stringify(document.result.calls)).toContain('"log":"error"');
  // A structure of three graphs, which begins where the first of them does.
  expect(document.result.calls?.[3]?.arguments['weightRefreshableGraphs']).toEqual(['inferGraph', 'initGraph', 'updateGraph']);
  if (!hasStandin) return;
  await place.build([...args, '--trace', 't.jsonl']);
  const traced = readFileSync(place.path('t.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(document.result.calls?.map(({ call }) => call)).toEqual(traced.map(({ call }) => call));
  expect(traced[3].arguments.weightRefreshableGraphs).toEqual(['inferGraph', 'initGraph', 'updateGraph']);
});

test('a machine without CANN: exit 5, and the way to the host', async () => {
  const place = new AscendWorkplace();
  const { document } = await place.build([air(place), '--consts', 'w', '--backend', 'ascend'], { root: place.path('nowhere') });
  expect([document.exitCode, document.error?.code]).toEqual([5, 'BACKEND_UNAVAILABLE']);
  expect(document.error?.fix).toContain('--backend host');
  expect(existsSync(place.path('net.om'))).toBe(false);
});
