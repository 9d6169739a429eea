// The build side of the stand-in CANN, driven by a C++ program that is compiled and linked as any user's would be.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bundleFields, openBundleAt } from '../../src/commands/shared/bundle.js';
import { airFiles, readAir, writeAir } from '../../src/formats/air.js';
import { checkVariables } from '../../src/formats/om/bundle.js';
import { readInitialValues } from '../../src/formats/om/initial-values.js';
import { decodeElements } from '../../src/graph/elements.js';
import { ARCH } from '../support/cann/install-files.js';
import type { CannLayout } from '../support/cann/libraries.js';
import {
  cannRoot,
  driveProgram,
  hasStandin,
  type Recorded,
  readRecord,
  type StandinSettings,
  standinEnv,
} from '../support/cann/standin.js';
import { corpus, hasCorpus } from '../support/corpus.js';
import { testFolder } from '../support/folder.js';
import { B, linearGraph, W } from '../support/linear.js';
import { floats, modelBytes, node, value } from '../support/onnx-models.js';

const folder = testFolder();
const SUFFIX = `_linux_${ARCH}.om`;

interface Driven extends Recorded {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function drive(args: readonly string[], settings: StandinSettings = {}, timeout = 20_000): Driven {
  const record = folder.path(`record-${readdirSync(folder.path()).length}.jsonl`);
  const { status, signal, stdout, stderr } = spawnSync(driveProgram(settings.layout), args, {
    env: {
      ...standinEnv({ ...settings, record }),
      LD_LIBRARY_PATH: join(cannRoot(settings.layout), 'lib64'),
      ASCEND_PROCESS_LOG_PATH: folder.path('log'),
    },
    encoding: 'utf8',
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 256 << 20,
  });
  return { status, signal, stdout, stderr, ...readRecord(record) };
}

const plog = () =>
  readdirSync(folder.path('log/debug/plog'))
    .map((name) => readFileSync(folder.path('log/debug/plog', name), 'utf8'))
    .join('');

describe.skipIf(!hasStandin)('the stand-in builds', () => {
  let air = '';
  beforeEach(() => {
    air = folder.write('linear.air', writeAir(linearGraph()));
  });

  test.each<CannLayout>(['8.1', '9.2'])('a bundle that the reader reads, laid out as %s does', (layout) => {
    const { status, violations, stderr } = drive([air, folder.path('out/m'), 'w', 'b'], { layout });
    expect([status, violations, stderr]).toEqual([0, [], '']);
    const bundle = openBundleAt(folder.path('out', `m${SUFFIX}`));
    expect(bundle.warnings).toEqual([]);
    expect(checkVariables(bundle)).toEqual([]);
    expect(bundleFields(bundle)).toMatchObject({
      layout: layout === '8.1' ? 'v1' : 'v2',
      updateGraph: 'ge',
      submodels: [
        { role: 'infer', inputs: [{ name: 'x', shape: [2, 3] }], outputs: [{ name: 'output_0_add_0', dtype: 'float32', shape: [2, 4] }] },
        { role: 'init', inputs: [], outputs: [] },
        {
          role: 'update',
          inputs: [
            { name: 'w_var_data', shape: [-2] },
            { name: 'b_var_data', shape: [-2] },
          ],
          outputs: [],
        },
      ],
      weights: [
        { name: 'w', dtype: 'float32', shape: [3, 4], variableOffset: 0 },
        { name: 'b', dtype: 'float32', shape: [4], variableOffset: 1536 },
      ],
    });
    expect(bundle.varSize).toBe(layout === '8.1' ? undefined : 3072);
    const values = readInitialValues(bundle)?.values.map(({ constant }) => decodeElements(constant.tensor));
    expect(values).toEqual([W, B]);
  });

  test.skipIf(!hasCorpus)("as GE does from GE's own graphs: the same weights, places and names", () => {
    for (const [name, consts] of [
      ['linear', ['const_1', 'const_2']],
      ['lora_zero', ['lora_a', 'lora_b']],
      ['half', ['w', 'b']],
    ] as const) {
      const { status } = drive([corpus('ge-bundles', `${name}.air`), folder.path(name), ...consts]);
      expect(status).toBe(0);
      const [ours, ges] = [folder.path(`${name}${SUFFIX}`), corpus('ge-bundles', `${name}.om`)].map((path) =>
        bundleFields(openBundleAt(path)),
      );
      expect(ours?.weights).toEqual(ges?.weights);
      expect([ours?.varSize, ours?.updateGraph, ours?.submodels[0]?.inputs]).toEqual([
        ges?.varSize,
        ges?.updateGraph,
        ges?.submodels[0]?.inputs,
      ]);
      expect(ours?.submodels.map(({ name: own, role, inputs }) => [own, role, inputs])).toEqual(
        ges?.submodels.map(({ name: own, role, inputs }) => [own, role, inputs]),
      );
    }
  });

  test.skipIf(!hasCorpus)('a static update graph into a file that is bound to no system', () => {
    const { status } = drive([
      '-u',
      corpus('ge-bundles/linear_static.update.air'),
      corpus('ge-bundles/linear.air'),
      folder.path('s'),
      'const_1',
      'const_2',
    ]);
    expect(status).toBe(0);
    const [ours, ges] = [folder.path('s.om'), corpus('ge-bundles/linear_static.om')].map((path) => bundleFields(openBundleAt(path)));
    expect(ours?.weights).toEqual(ges?.weights);
    expect(ours?.updateGraph).toBe('static');
  });

  test('without an init graph', () => {
    expect(drive(['-n', air, folder.path('n'), 'b']).status).toBe(0);
    expect(bundleFields(openBundleAt(folder.path(`n${SUFFIX}`))).submodels.map(({ role }) => role)).toEqual(['infer', 'update']);
  });

  test('weights that lie beside the graph file', () => {
    const files = airFiles(linearGraph(), { weightFile: ({ name }) => `weights-${name}` });
    const graph = folder.write('outside.air', files.graph);
    for (const [name, bytes] of files.weights) folder.write(name, bytes);
    expect(drive([graph, folder.path('o'), 'w', 'b']).status).toBe(0);
    const bundle = openBundleAt(folder.path(`o${SUFFIX}`));
    expect(readInitialValues(bundle)?.values.map(({ constant }) => decodeElements(constant.tensor))).toEqual([W, B]);
    folder.write('weights-w', 'too short');
    expect(drive([graph, folder.path('o'), 'w', 'b']).stderr).toContain('Load: 4294967295');
  });

  test('and records what it was called with, in order', () => {
    const { calls } = drive([
      '-g',
      'ge.socVersion=Ascend910B1',
      '-g',
      'ge.deterministic=1',
      '-b',
      'input_format=ND',
      air,
      folder.path('m'),
      'b',
      'w',
    ]);
    expect(calls.filter(({ call }) => call.startsWith('aclgrph')).map(({ call, status }) => [call, status])).toEqual([
      ['aclgrphBuildInitialize', 0],
      ['aclgrphConvertToWeightRefreshableGraphs', 0],
      ['aclgrphBundleBuildModel', 0],
      ['aclgrphBundleSaveModel', 0],
      ['aclgrphBuildFinalize', 0],
    ]);
    expect(calls[0]).toMatchObject({
      options: [
        ['ge.deterministic', '1'],
        ['ge.socVersion', 'Ascend910B1'],
      ],
    });
    expect(calls.find(({ call }) => call.includes('Convert'))).toMatchObject({ constNames: ['b', 'w'] });
    expect(calls.find(({ call }) => call.includes('BundleBuild'))).toMatchObject({
      graphs: [
        { graph: 'var_infer_graph', options: [['input_format', 'ND']] },
        { graph: 'var_init_graph', options: [] },
        { graph: 'var_update_graph', options: [] },
      ],
    });
  });
});

describe.skipIf(!hasStandin)('the stand-in refuses as the real one did', () => {
  let air = '';
  beforeEach(() => {
    air = folder.write('linear.air', writeAir(linearGraph()));
  });

  test.each([
    [['nope'], 50331649, '', 'cannot find const name nope in graph'],
    [['w', 'w'], 50331649, '', 'cannot insert repeat name w'],
    [['x'], 50331649, '', 'cannot find const name x in graph'],
  ])('consts %j: %d, no text, the reason in the log', (consts, status, text, log) => {
    const driven = drive([air, folder.path('m'), ...consts]);
    expect(driven.stderr).toBe(`Convert: ${status}\n${text}`);
    expect(plog()).toContain(log);
  });

  test.each([
    [['-b', 'ge.nope=1'], 0x50100001, 'E19999'],
    [['-b', 'input_format=ABCD'], 0x50100001, 'E10001'],
    [['-b', 'log=loud'], 0x50100001, 'E19999'],
    [['-g', 'ge.deterministic=5'], 50331649, 'E10001'],
    [['-g', 'ge.exec.precision_mode=force_fp16', '-g', 'ge.exec.precision_mode_v2=fp16'], 50331649, 'E10056'],
    [['-b', 'ge.exec.precision_mode=fast'], 50331649, 'E10001'],
  ])('options %j: %d, %s', (options, status, code) => {
    const { stderr, stdout } = drive([...options, air, folder.path('m'), 'w']);
    expect(stderr).toMatch(new RegExp(`^\\w+: ${status}\n`));
    expect(stderr).toContain(code);
    expect(stdout).not.toContain(code);
  });

  test('an unknown global option is accepted, with a warning in the log', () => {
    expect(drive(['-g', 'ge.nope=1', air, folder.path('m'), 'w']).status).toBe(0);
    expect(plog()).toContain('[WARNING] GE(');
  });

  test('texts have the form of their version', () => {
    const text = (layout: CannLayout) => drive(['-g', 'ge.deterministic=5', air, folder.path('m'), 'w'], { layout }).stderr.split('\n')[1];
    expect(text('9.2')).toMatch(/^\[PID: \d+\] [\d.:-]+ Invalid_Argument\(E10001\): /);
    expect(text('8.1')).toMatch(/^E10001: \[PID: \d+\] [\d.:-]+ /);
  });

  test.each([
    ['aclgrphBundleBuildModel=status:50331649', 1, null, 'BundleBuild: 50331649\n'],
    ['aclgrphBundleBuildModel=text:4294967295:No such kernel.', 1, null, 'No such kernel.'],
    ['Graph::LoadFromFile=segv', null, 'SIGSEGV', ''],
    ['aclgrphBuildFinalize=abort', null, 'SIGABRT', ''],
    ['aclgrphBuildInitialize=throw', null, 'SIGABRT', ''],
    ['aclgrphBundleSaveModel=exit:7', 7, null, ''],
    ['aclgrphBundleSaveModel=enospc', 1, null, 'No space left on device'],
    ['aclgrphBundleSaveModel#2=status:1', 0, null, ''],
  ])('fault %s', (fault, status, signal, text) => {
    const driven = drive([air, folder.path('m'), 'w'], { faults: [fault] });
    expect([driven.status, driven.signal]).toEqual([status, signal]);
    expect(driven.stderr).toContain(text);
  });

  test('and hangs, floods and writes other files when it is asked to', () => {
    expect(drive([air, folder.path('m'), 'w'], { faults: ['aclgrphBuildInitialize=hang'] }, 500).signal).toBe('SIGKILL');
    expect(drive([air, folder.path('m'), 'w'], { faults: ['aclgrphBundleBuildModel=flood:1000000'] }).stdout.length).toBeGreaterThan(
      1_000_000,
    );
    drive([air, folder.path('two/m'), 'w'], { faults: ['aclgrphBundleSaveModel=second'] });
    expect(readdirSync(folder.path('two')).sort()).toEqual([`m${SUFFIX}`, 'second.om']);
    drive([air, folder.path('other/m'), 'w'], { faults: ['aclgrphBundleSaveModel=rename:other'] });
    expect(readdirSync(folder.path('other'))).toEqual(['other.om']);
    drive([air, folder.path('none.om'), 'w']);
    expect(readdirSync(folder.path())).toContain(`none.om${SUFFIX}`);
  });
});

describe.skipIf(!hasStandin)('the stand-in reads ONNX as the real one did', () => {
  const parse = (model: string): ReturnType<typeof readAir> => {
    const { status, stderr } = drive([model, folder.path('parsed.air'), '-']);
    expect([status, stderr]).toEqual([0, '']);
    return readAir(folder.path('parsed.air'));
  };

  test('initializers get the number of their rank in byte order', () => {
    const nodes = [node('MatMul', '0 1', '2'), node('Add', '2 +', '3')];
    const initializers = [floats('1', [2, 2], [1, 2, 3, 4]), floats('+', [2], [5, 6])];
    writeFileSync(
      folder.path('model.onnx'),
      modelBytes({ opset: 8, nodes, initializers, inputs: [value('0', [2, 2])], outputs: [value('3', [2, 2])] }),
    );
    const graph = parse(folder.path('model.onnx'));
    const consts = graph.nodes.filter(({ type }) => type === 'Const').map(({ name }) => name);
    expect(consts.toSorted()).toEqual(['+_Initializer_0', '1_Initializer_1']);
    expect(graph.nodes.find(({ type }) => type === 'Data')?.name).toBe('0');
  });

  test.skipIf(!hasCorpus)('a model of an opset before the plug-ins is refused', () => {
    copyFileSync(corpus('onnx/pytorch-converted/test_Linear_no_bias/model.onnx'), folder.path('model.onnx'));
    const { status, stderr } = drive([folder.path('model.onnx'), folder.path('parsed.air'), '-']);
    expect(status).toBe(1);
    expect(stderr).toContain('E13010');
    expect(stderr).toContain('ai.onnx::6::Transpose');
  });

  test('a file that is none is refused with its code', () => {
    writeFileSync(folder.path('broken.onnx'), 'not a model');
    expect(drive([folder.path('broken.onnx'), folder.path('m'), 'w']).stderr).toContain('E13005');
    expect(drive([folder.path('absent.onnx'), folder.path('m'), 'w']).stderr).toContain('E13026');
  });
});

describe.skipIf(!hasStandin)('the stand-in has the symbols of the real one', () => {
  const MAP = 'St3mapINS_12AscendString';
  const SYMBOLS: Readonly<Record<string, readonly string[]>> = {
    'libge_compiler.so': [
      `_ZN2ge22aclgrphBuildInitializeER${MAP}ES1_St4lessIS1_ESaISt4pairIKS1_S1_EEE`,
      '_ZN2ge20aclgrphBuildFinalizeEv',
      '_ZN2ge39aclgrphConvertToWeightRefreshableGraphsERKNS_5GraphERKSt6vectorINS_12AscendStringESaIS4_EERNS_23WeightRefreshableGraphsE',
      '_ZN2ge23aclgrphBundleBuildModelERKSt6vectorINS_16GraphWithOptionsESaIS1_EERNS_15ModelBufferDataE',
      '_ZN2ge22aclgrphBundleSaveModelEPKcRKNS_15ModelBufferDataE',
      '_ZN2ge19aclgrphGetIRVersionEPiS0_S0_',
      '_ZN2ge16aclgrphDumpGraphERKNS_5GraphEPKcm',
      '_ZN2ge16aclgrphSetOpAttrERNS_5GraphENS_15aclgrphAttrTypeEPKc',
    ],
    'libfmk_onnx_parser.so': [
      `_ZN2ge16aclgrphParseONNXEPKcRK${MAP}ES3_St4lessIS3_ESaISt4pairIKS3_S3_EEERNS_5GraphE`,
      `_ZN2ge23aclgrphParseONNXFromMemEPKcmRK${MAP}ES3_St4lessIS3_ESaISt4pairIKS3_S3_EEERNS_5GraphE`,
    ],
    'libgraph.so': [
      '_ZN2ge5GraphC1EPKc',
      '_ZN2ge5Graph12LoadFromFileEPKc',
      '_ZN2ge5Graph11LoadFromMemEPKhm',
      '_ZN2ge5Graph28LoadFromSerializedModelArrayEPKvm',
      '_ZNK2ge5Graph10SaveToFileEPKc',
      '_ZNK2ge5Graph7GetNameERNS_12AscendStringE',
      '_ZNK2ge5Graph7IsValidEv',
    ],
    'libgraph_base.so': [
      '_ZN2ge12AscendStringC1EPKc',
      '_ZN2ge12AscendStringC1EPKcm',
      '_ZNK2ge12AscendString9GetStringEv',
      '_ZNK2ge12AscendString9GetLengthEv',
      '_ZNK2ge12AscendStringltERKS0_',
    ],
  };

  test.each(Object.entries(SYMBOLS))('%s: the names of cann-api.md §1.3, as the compiler makes them', (library, expected) => {
    for (const layout of ['8.1', '9.2'] as const) {
      const listed = execFileSync('nm', ['-D', '--defined-only', join(cannRoot(layout), 'lib64', library)], { encoding: 'utf8' });
      const names = listed.split('\n').map((line) => line.split(' ')[2]);
      expect(names).toEqual(expect.arrayContaining([...expected]));
    }
  });
});
