import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Bytes, equalBytes, memoryBytes } from '../../../src/base/bytes.js';
import { openFile } from '../../../src/base/open-file.js';
import { decode, encode } from '../../../src/base/protobuf/index.js';
import { ModelDef } from '../../../src/formats/encodings/ge-model.js';
import { readBundleContainer, writeBundle } from '../../../src/formats/om/bundle-container.js';
import { findPartition, type Om, readOm } from '../../../src/formats/om/container.js';
import { PARTITION } from '../../../src/formats/om/partition-types.js';
import { writeOm } from '../../../src/formats/om/write.js';
import { corpus, hasCorpus } from '../../support/corpus.js';

const sha256 = (bytes: Bytes) => createHash('sha256').update(bytes.read()).digest('hex');
const hex = (text: string) => memoryBytes(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** The minimal example of the format's description (§1.10). */
const minimal = writeOm({
  header: { name: 't', omIrVersion: 2, platformVersion: '1.11.z.0' },
  tables: [
    {
      partitions: [
        { type: PARTITION.modelDef, bytes: encode(ModelDef, { name: 't', version: 2, customVersion: '1.11.z.0', graph: [{ name: 't' }] }) },
        { type: PARTITION.taskInfo, bytes: hex('58 80 04') },
      ],
    },
  ],
});

test('the minimal model is written byte for byte', () => {
  expect(minimal.length).toBe(335);
  expect(sha256(minimal)).toBe('ef7de9d0b2cccab487edca0dcaee61ea7c862a77ca9293723281ff2c4642696a');
});

test.each([
  ['v2', 1014, '1d952ded29df5078317234f73c55fedead1e7e5504175e7f291ccf5dd559401c'],
  ['v1', 982, '5db48ae50fcfd5fb3700fea91267ade1867593cc193c413eded13de1a881def7'],
] as const)('a bundle of two is written byte for byte (%s)', (layout, size, digest) => {
  const bundle = writeBundle([minimal, minimal], { layout, varSize: 4608 });
  expect(bundle.length).toBe(size);
  expect(sha256(bundle)).toBe(digest);
});

test.each(['v1', 'v2'] as const)('a bundle of layout %s is read as it was written', (layout) => {
  const { members, ...rest } = readBundleContainer(writeBundle([minimal, minimal], { layout, varSize: 4608 }), 'b.om');
  expect(rest).toEqual({ layout, varSize: layout === 'v2' ? 4608 : undefined, warnings: [] });
  expect(members.map(({ bytes }) => equalBytes(bytes, minimal))).toEqual([true, true]);
});

/** Models of every family, and those inside bundles: [name, bytes, the file's offset]. */
function models(): readonly (readonly [string, Bytes])[] {
  if (!hasCorpus) return [];
  const single = readdirSync(corpus('om')).filter((name) => name.endsWith('.om'));
  const bundles = readdirSync(corpus('ge-bundles')).filter((name) => name.endsWith('.om'));
  return [
    ...single.map((name) => [name, openFile(corpus('om', name))] as const),
    ...bundles.flatMap((name) =>
      readBundleContainer(openFile(corpus('ge-bundles', name)), name).members.map(({ bytes }, i) => [`${name} #${i}`, bytes] as const),
    ),
  ];
}

const layoutOf = (om: Om) => om.tables.map((table) => table.partitions.map(({ type }) => type).join(' '));

describe.skipIf(!hasCorpus)('the corpus', () => {
  test.each(models())('%s is read and written back byte for byte', (name, bytes) => {
    const om = readOm(bytes, name);
    expect(om.warnings).toEqual([]);
    expect(om.rest.length).toBe(0);
    expect(equalBytes(writeOm(om), bytes)).toBe(true);
  });

  test.each(models())('the MODEL_DEFs of %s decode and encode to the same bytes', (name, bytes) => {
    const results = readOm(bytes, name).tables.flatMap((table) => {
      const part = findPartition(table, PARTITION.modelDef);
      return part === undefined ? [] : [equalBytes(encode(ModelDef, decode(ModelDef, part.bytes)), part.bytes)];
    });
    console.log(`${name}: ${results.map((isEqual) => (isEqual ? 'equal' : 'DIFFERENT')).join(', ')}`);
    expect(results.length).toBeGreaterThan(0);
    expect(results).not.toContain(false);
  });

  // From the list of partitions in the description of the files.
  test.each([
    ['a-ircle_atlas200i-line-tracking-car__weights_my_122_anenet.om', ['8 0 1 3 2']],
    ['Ascend_ModelZoo-TensorFlow__ACL_TensorFlow_contrib_cv_AutoEncoder_ID2495_for_ACL_hh_om.om', ['0 1 3 2']],
    ['Ascend_modelzoo__a3c_pong_model.om', ['0 1 3 2']],
    ['DragonGongY_nanotrack_hisi_ss928__weights_nanotrack_fp32_head.om', ['6 0 1 3 2']],
    ['hicann_ge__tests_ge_st_st_run_data_origin_model_flow_model.om', ['0 6 7 7']],
    ['946166920_hiai_ddk__test_framework_bin_om_tf_softmax_hcs_npucl.om', ['0 1 2']],
    ['hicann_ge__tests_ge_st_st_run_data_origin_model_dynamic_and_static_graph_without_unfold.om', ['0 3 2', '0 1 3 2', '0 1 3 2']],
  ])('%s has partitions %j', (name, expected) => {
    expect(layoutOf(readOm(openFile(corpus('om', name)), name))).toEqual(expected);
  });

  test('headers of all three histories are read', () => {
    const header = (name: string) => readOm(openFile(corpus('om', name)), name).header;
    expect(header('a-ircle_atlas200i-line-tracking-car__weights_my_122_anenet.om')).toMatchObject({
      version: 0x20000000,
      length: 0,
      modelLength: 3960562 - 256,
      modelNum: 1,
      platformVersion: '1.11.z.0',
      platformType: 1,
      omIrVersion: 2,
    });
    expect(header('Ascend_ModelZoo-TensorFlow__ACL_TensorFlow_contrib_cv_AutoEncoder_ID2495_for_ACL_hh_om.om')).toMatchObject({
      version: 0x20000000,
      length: 618993 - 256,
      modelLength: 0,
      modelNum: 1,
      name: 'hh_om',
    });
    expect(header('946166920_hiai_ddk__test_framework_bin_aipp.om')).toMatchObject({
      version: 0x10000000,
      modelNum: 1,
      modelType: 3,
      name: 'ge_default',
    });
    expect(header('Ascend_modelzoo__a3c_pong_model.om')).toMatchObject({
      version: 0x10000000,
      modelNum: 1,
      platformVersion: expect.stringMatching(/^1\.11/),
    });
  });

  const bundles = hasCorpus ? readdirSync(corpus('ge-bundles')).filter((name) => name.endsWith('.om')) : [];
  test.each(bundles)('bundle %s is written back byte for byte', (name) => {
    const bytes = openFile(corpus('ge-bundles', name));
    const { members, layout, varSize, warnings } = readBundleContainer(bytes, name);
    expect(warnings).toEqual([]);
    expect(members).toHaveLength(3);
    expect(
      equalBytes(
        writeBundle(
          members.map((member) => member.bytes),
          { layout, varSize: varSize as number },
        ),
        bytes,
      ),
    ).toBe(true);
  });
});

test('a model with its graph only is said not to be compiled', () => {
  const graph = { type: PARTITION.modelDef, bytes: hex('3a 03 0a 01 74') };
  const codes = readOm(writeOm({ header: { name: 't' }, tables: [{ partitions: [graph] }] }), 't.om').warnings.map(({ code }) => code);
  expect(codes).toEqual(['OM_NOT_COMPILED']);
});

// The layout that the C runtime of nano chips reads (§1.7); no file of that family is at hand.
test('aligned partitions are found by their offsets and written back with their gaps', () => {
  const align = 64;
  const zeros = (length: number) => memoryBytes(new Uint8Array(length));
  // The table has 8 + 3·24 = 80 bytes after a header of 256, so it is padded by 48.
  const bytes = writeOm({
    header: { modelType: 4, name: 'nano' },
    tables: [
      {
        partitions: [
          { type: PARTITION.preModelDesc, bytes: hex('01 02 03'), gapBefore: zeros(48) },
          { type: PARTITION.preModelSqe, bytes: hex('04'), gapBefore: zeros(align - 3) },
          { type: PARTITION.modelDef, bytes: hex('3a 03 0a 01 74'), gapBefore: zeros(align - 1) },
        ],
      },
    ],
    rest: zeros(align - 5),
  });
  const om = readOm(bytes, 'nano.om');
  expect(om.warnings).toEqual([]);
  expect(om.tables[0]?.partitions.map(({ typeName, offsetBytes, memOffset }) => [typeName, offsetBytes, memOffset])).toEqual([
    ['PRE_MODEL_DESC', 384, 48],
    ['PRE_MODEL_SQE', 448, 112],
    ['MODEL_DEF', 512, 176],
  ]);
  expect([...(om.tables[0]?.partitions[1]?.bytes.read() ?? [])]).toEqual([4]);
  expect(equalBytes(writeOm(om), bytes)).toBe(true);
});

describe('what is strange but readable is said', () => {
  const partitions = [
    { type: PARTITION.modelDef, bytes: hex('3a 03 0a 01 74') },
    { type: PARTITION.taskInfo, bytes: hex('58 00') },
  ];
  const changed = (at: number, value: number) => {
    const raw = Uint8Array.from(writeOm({ header: { name: 't' }, tables: [{ partitions }] }).read());
    raw[at] = value;
    return readOm(memoryBytes(raw), 't.om').warnings;
  };
  test.each([
    ['another header size', 4, 1, 'OM_HEADER', 'byte 4'],
    ['encryption', 80, 1, 'OM_ENCRYPTED', 'byte 80'],
    ['reserved bytes', 250, 1, 'OM_RESERVED', 'byte 0'],
    ['a checksum', 12, 1, 'OM_RESERVED', 'byte 0'],
    ['an unknown partition', 264, 99, 'OM_PARTITION_UNKNOWN', 'byte 312'],
    ['an offset that is not the place', 296, 7, 'OM_MEM_OFFSET', 'byte 256'],
    ['fewer tables than counted', 156, 2, 'OM_MODEL_NUM', 'byte 156'],
  ])('%s', (_, at, value, code, where) => {
    expect(changed(at, value).map((warning) => [warning.code, warning.at])).toEqual([[code, where]]);
  });

  test('more partitions than GE loads', () => {
    const many = Array.from({ length: 9 }, () => ({ type: PARTITION.taskInfo, bytes: hex('58 00') }));
    const om = readOm(writeOm({ header: {}, tables: [{ partitions: many }] }), 't.om');
    expect(om.warnings.map(({ code }) => code)).toEqual(['OM_PARTITION_COUNT']);
  });
});

test('several tables are written and read, and the header counts them', () => {
  const table = (type: number) => ({ partitions: [{ type, bytes: hex('01') }] });
  const om = readOm(writeOm({ header: { isUnknownModel: 1 }, tables: [table(0), table(1), table(2)] }), 'd.om');
  expect([om.header.modelNum, layoutOf(om)]).toEqual([3, ['0', '1', '2']]);
  expect(om.warnings).toEqual([]);
});
