import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { equalBytes, memoryBytes, utf8Bytes } from '../../../src/base/bytes.js';
import { openFile } from '../../../src/base/open-file.js';
import { decode, encode } from '../../../src/base/protobuf/index.js';
import { type AttrDef, LIST_TYPE, ModelDef } from '../../../src/formats/encodings/ge-model.js';
import { decompressModel } from '../../../src/formats/om/decompress.js';
import {
  findPartition,
  type InoutInfo,
  inoutTensor,
  OmModel,
  PARTITION,
  readBundle,
  readHostLibraries,
  readInoutInfo,
  readKernels,
  readOm,
  readTaskInfo,
  writeHostLibraries,
  writeInoutInfo,
  writeKernels,
  writeOm,
  writeTaskInfo,
} from '../../../src/formats/om/index.js';
import { dtype } from '../../../src/graph/dtype.js';
import { findNode } from '../../../src/graph/graph.js';
import { describeSpec, tensorBytes } from '../../../src/graph/tensor.js';
import { corpus, hasCorpus } from '../../support/corpus.js';

const MODELS = {
  cann8: 'a-ircle_atlas200i-line-tracking-car__weights_my_122_anenet.om',
  cann5: 'Ascend_ModelZoo-TensorFlow__ACL_TensorFlow_contrib_cv_AutoEncoder_ID2495_for_ACL_hh_om.om',
  y2020: 'Ascend_modelzoo__a3c_pong_model.om',
  svp: 'DragonGongY_nanotrack_hisi_ss928__weights_nanotrack_fp32_head.om',
  merged: '946166920_hiai_ddk__test_framework_bin_tf_use_origin_format.om',
  inline: '946166920_hiai_ddk__test_framework_bin_aipp.om',
  dynamic: 'hicann_ge__tests_ge_st_st_run_data_origin_model_dynamic_and_static_graph_without_unfold.om',
} as const;
const open = (key: keyof typeof MODELS) => {
  const name = MODELS[key];
  return new OmModel(readOm(openFile(corpus('om', name)), name), name);
};
const specs = (list: OmModel['inputs']) => list.map((spec) => `${spec.name} ${describeSpec(spec)} ${spec.format}`);

describe.skipIf(!hasCorpus)('models of the corpus', () => {
  test.each<[keyof typeof MODELS, string[], string[]]>([
    [
      'svp',
      ['input1 float32 [1, 48, 8, 8] NCHW', 'input2 float32 [1, 48, 16, 16] NCHW'],
      ['Conv_56:0:output1 float32 [1, 2, 16, 16] NCHW', 'Exp_88:0:output2 float32 [1, 4, 16, 16] NCHW'],
    ],
    ['cann5', ['input float32 [100, 784] NHWC'], ['generation/output:0 float32 [100, 28, 28, 1] NHWC']],
    ['y2020', ['s float32 [1, 42, 42, 1] NHWC'], ['out_a:0 float32 [1] NHWC']],
    ['merged', ['Placeholder float32 [1, 3, 3, 5] NCHW'], ['output_0_FusedBatchNorm_0 float16 [1, 3, 3, 5] ND']],
    [
      'dynamic',
      ['data_1 float32 [2, 2] NCHW', 'data_2 float32 [2, 2] NCHW'],
      ['output_0_known_op_0 float32 [2, 2] NCHW', 'output_1_unknown_op_0 float32 [2, 2] NCHW'],
    ],
  ])('%s: inputs and outputs, from the table or the graph', (key, inputs, outputs) => {
    expect(specs(open(key).inputs)).toEqual(inputs);
    expect(specs(open(key).outputs)).toEqual(outputs);
  });

  // The counts are those of the description's own survey of the files.
  test.each<[keyof typeof MODELS, number]>([
    ['cann8', 393],
    ['cann5', 17],
    ['y2020', 11],
    ['svp', 58],
    ['merged', 5],
    ['inline', 14],
  ])('%s: every one of %i constants has its bytes', (key, count) => {
    const model = open(key);
    const { constants } = model;
    expect(constants).toHaveLength(count);
    for (const { tensor } of constants) expect(tensor.data.length).toBe(tensorBytes(tensor.dtype, tensor.shape));
    const isPlaced = constants.filter(({ offsetBytes }) => offsetBytes !== undefined);
    expect(isPlaced).toHaveLength(key === 'inline' ? 0 : count);
    if (key !== 'merged') expect(isPlaced.every(({ offsetBytes = 0 }) => offsetBytes >= 512 && offsetBytes % 512 === 0)).toBe(true);
  });

  test('constants are the bytes of WEIGHTS_DATA at their offset', () => {
    const model = open('cann5');
    const weights = findPartition(model.om.tables[0], PARTITION.weightsData)?.bytes;
    for (const { tensor, offsetBytes = 0 } of model.constants) {
      expect(equalBytes(tensor.data, weights?.slice(offsetBytes, offsetBytes + tensor.data.length) as never)).toBe(true);
    }
  });

  test('compressed attributes are read in clear', () => {
    const { graph } = open('cann8');
    const names = new Set(graph.nodes.flatMap((node) => [...node.attrs.keys()]));
    expect([...names].filter((name) => name.startsWith('\0'))).toEqual([]);
    expect(names).toContain('is_input_const');
    const conv = graph.nodes.find((node) => node.type === 'Conv2D');
    expect(conv?.attrs.get('strides')).toMatchObject({ kind: 'ints' });
    expect(conv?.attrs.get('data_format')).toEqual({ kind: 'string', value: 'NCHW' });
  });

  test('attributes that were compressed twice are read in clear', () => {
    const model = open('dynamic');
    const raw = [1, 2].map((i) => decode(ModelDef, findPartition(model.om.tables[i], PARTITION.modelDef)?.bytes as never));
    const keysOf = (def: ModelDef) => (def.graph ?? []).flatMap((graph) => (graph.op ?? []).flatMap((op) => [...(op.attr?.keys() ?? [])]));
    // Their own lists give numbers of the root's list: this is what the fixture is here for.
    for (const def of raw) expect(() => decompressModel(def, 'x')).toThrow(/has no name/);
    for (const i of [1, 2]) {
      const keys = keysOf(model.defOfTable(i));
      expect(keys).toEqual(expect.arrayContaining(['index', '_parent_node_index', '_ge_attr_op_kernel_lib_name']));
      expect(keys.filter((key) => key.startsWith('\0'))).toEqual([]);
    }
  });

  const files = hasCorpus
    ? [
        ...readdirSync(corpus('om')).map((name) => ['om', name] as const),
        ...readdirSync(corpus('ge-bundles')).map((name) => ['ge-bundles', name] as const),
      ].filter(([, name]) => name.endsWith('.om'))
    : [];

  test.each(files)('partitions of %s/%s are written as they were', (folder, name) => {
    const bytes = openFile(corpus(folder, name));
    const oms = folder === 'om' ? [readOm(bytes, name)] : readBundle(bytes, name).submodels.map(({ om }) => om);
    const partitions = oms.flatMap((om) =>
      om.tables.flatMap((table) => table.partitions.map((part) => ({ part, isSvp: name.includes('ss928') }))),
    );
    let checked = 0;
    for (const { part, isSvp } of partitions) {
      const again =
        part.type === PARTITION.modelInoutInfo || (isSvp && part.type === PARTITION.flowModel)
          ? writeInoutInfo(readInoutInfo(part.bytes, name))
          : part.type === PARTITION.tbeKernels
            ? writeKernels(readKernels(part.bytes, name))
            : part.type === PARTITION.soBins
              ? writeHostLibraries(readHostLibraries(part.bytes, name))
              : undefined;
      if (again === undefined) continue;
      expect(equalBytes(again, part.bytes)).toBe(true);
      checked++;
    }
    if (!/hiai|harmony|flow_model/.test(name)) expect(checked).toBeGreaterThan(0);
  });

  test('TASK_INFO agrees with the attributes of the model', () => {
    for (const key of ['cann8', 'cann5', 'y2020', 'svp'] as const) {
      const model = open(key);
      const info = readTaskInfo(findPartition(model.om.tables[0], PARTITION.taskInfo)?.bytes as never, key);
      expect(info.memorySize).toBe(model.def.attr?.get('memory_size')?.i);
      expect(info.weightSize).toBe(model.def.attr?.get('weight_size')?.i);
      expect(info.taskCount).toBeGreaterThan(0);
    }
  });
});

test('inputs and outputs with everything come back', () => {
  const spec = { name: 'größe:0', dtype: dtype('bfloat16'), shape: [-1, 3], format: 'NCHW' };
  const info: InoutInfo = {
    inputs: [
      {
        ...spec,
        sizeBytes: 2 ** 40,
        storageShape: [8, 3],
        ranges: [
          [1, 8],
          [3, 3],
        ],
      },
      inoutTensor({ ...spec, name: '' }, 0),
    ],
    outputs: [inoutTensor({ ...spec, shape: [] }, 2)],
    dynamicBatch: [1, 2, 8],
    dynamicImageSizes: [[224, 224], [], [448, 448]],
    dynamicDims: [[1, 2, 3]],
    dynamicOutputShapes: ['0:1,2', ''],
    userDesignateShapeOrder: ['b', 'a'],
  };
  expect(readInoutInfo(writeInoutInfo(info), 'x')).toEqual(info);
  expect(writeInoutInfo({}).length).toBe(0);
});

test('kernels and libraries come back', () => {
  const items = [
    { name: 'host.onnx', bytes: utf8Bytes('abc') },
    { name: '', bytes: utf8Bytes('') },
  ];
  const read = readKernels(writeKernels(items), 'x');
  expect(read.map(({ name, bytes }) => [name, Buffer.from(bytes.read()).toString()])).toEqual([
    ['host.onnx', 'abc'],
    ['', ''],
  ]);
  const libraries = [{ name: 'lib.so', vendor: 'v', kind: 3, bytes: utf8Bytes('elf') }];
  expect(readHostLibraries(writeHostLibraries(libraries), 'x').map(({ name, vendor, kind }) => ({ name, vendor, kind }))).toEqual([
    { name: 'lib.so', vendor: 'v', kind: 3 },
  ]);
  expect(readTaskInfo(writeTaskInfo({ memorySize: 2 ** 40, weightSize: 512 }), 'x')).toEqual({
    memorySize: 2 ** 40,
    weightSize: 512,
    streamNum: 0,
    eventNum: 0,
    taskCount: 0,
  });
});

describe('attribute compression', () => {
  const model = (attr: Map<string, AttrDef>, lists: { names?: string[]; values?: string[]; flags?: boolean[] } = {}): ModelDef => ({
    attr: new Map<string, AttrDef>([
      ['om_compress_version', { i: 1 }],
      ['attr_name_enum', { list: { s: lists.names ?? ['first', 'text'], valType: LIST_TYPE.string } }],
      ['attr_value_enum', { list: { s: lists.values ?? ['', 'hello'], valType: LIST_TYPE.string } }],
      ['attrs_use_string_value', { list: { b: lists.flags ?? [false, true], valType: LIST_TYPE.bool } }],
    ]),
    graph: [{ name: 'g', op: [{ name: 'n', attr, inputDesc: [{ attr }], outputDesc: [{ attr }] }] }],
  });
  const read = (def: ModelDef) => decompressModel(def, 'm').graph?.[0]?.op?.[0];

  test('numbers become names, and texts where the list says so', () => {
    const attr = new Map<string, AttrDef>([
      ['\0\x01', { i: 1 }],
      ['\0\x02', { i: 1 }],
      ['literal', { i: 1 }],
    ]);
    const expected = new Map<string, AttrDef>([
      ['first', { i: 1 }],
      ['text', { s: 'hello' }],
      ['literal', { i: 1 }],
    ]);
    const op = read(model(attr));
    expect([op?.attr, op?.inputDesc?.[0]?.attr, op?.outputDesc?.[0]?.attr]).toEqual([expected, expected, expected]);
    expect(read(model(new Map([['\0\x02', { list: { i: [1, 0] } }]])))?.attr?.get('text')).toEqual({
      list: { s: ['hello', ''], valType: LIST_TYPE.string },
    });
  });

  test('numbers have base 127, lowest digit first', () => {
    const names = Array.from({ length: 300 }, (_, i) => `a${i}`);
    const lists = { names, flags: names.map(() => false) };
    // 130 = 3 + 1·127, stored as 4 and 2; 127 = 0 + 1·127, stored as 1 and 2.
    expect([...(read(model(new Map([['\0\x04\x02', { i: 0 }]]), lists))?.attr?.keys() ?? [])]).toEqual(['a130']);
    expect([...(read(model(new Map([['\0\x01\x02', { i: 0 }]]), lists))?.attr?.keys() ?? [])]).toEqual(['a127']);
  });

  test.each([
    ['a name beyond the list', model(new Map([['\0\x03', { i: 0 }]])), /number 2 is beyond the list of 2 names/],
    ['a text beyond the list', model(new Map([['\0\x02', { i: 2 }]])), /number 2 is beyond the list of 2 texts/],
    ['a negative text', model(new Map([['\0\x02', { i: -1 }]])), /beyond the list/],
    ['lists of unequal length', model(new Map(), { flags: [] }), /2 attribute names are compressed, and 0/],
    ['a name that stays a number', model(new Map([['\0\x01', { i: 0 }]]), { names: ['\0\x01', 'b'] }), /has no name/],
  ])('%s is refused', (_, def, message) => {
    expect(() => read(def)).toThrow(expect.objectContaining({ code: 'FILE_MALFORMED', message: expect.stringMatching(message) }));
  });
});

describe('a model written from nothing', () => {
  const def: ModelDef = {
    name: 'm',
    graph: [
      {
        name: 'g',
        op: [
          {
            name: 'w',
            type: 'Const',
            attr: new Map([['value', { t: { desc: { dtype: 1, shape: { dim: [2] }, layout: 'ND', weightSize: 8, dataOffset: 512 } } }]]),
            outputDesc: [{ dtype: 1, shape: { dim: [2] }, layout: 'ND' }],
          },
        ],
      },
    ],
  };
  const om = (weights: Uint8Array | undefined) =>
    writeOm({
      header: { name: 'm' },
      tables: [
        {
          partitions: [
            { type: PARTITION.modelDef, bytes: encode(ModelDef, def) },
            ...(weights === undefined ? [] : [{ type: PARTITION.weightsData, bytes: memoryBytes(weights) }]),
          ],
        },
      ],
    });
  const model = (weights: Uint8Array | undefined) => new OmModel(readOm(om(weights), 'm.om'), 'm.om');

  test('finds its constant', () => {
    const weights = new Uint8Array(1024);
    weights.set([1, 2, 3, 4, 5, 6, 7, 8], 512);
    const value = findNode(model(weights).graph, 'w')?.attrs.get('value');
    expect(value?.kind === 'tensor' ? [...value.value.data.read()] : value).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test.each([
    ['too few weights', new Uint8Array(519), /8 bytes from byte 512 of WEIGHTS_DATA, which has 519/],
    ['no weights', undefined, /WEIGHTS_DATA, which the model does not have/],
  ])('says when there are %s', (_, weights, message) => {
    expect(() => model(weights).graph).toThrow(
      expect.objectContaining({ code: 'FILE_MALFORMED', at: 'w', message: expect.stringMatching(message) }),
    );
  });
});
