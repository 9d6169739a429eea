// New initial values in bundles of GE: which bytes change, and what happens to equal weights. Places are those of the corpus'
// description: constants at multiples of 512 in WEIGHTS_DATA, the first 512 bytes unused.
import { describe, expect, test } from 'vitest';
import { type Bytes, memoryBytes, patchedBytes } from '../../../src/base/bytes.js';
import { openFile } from '../../../src/base/open-file.js';
import { decode, encode } from '../../../src/base/protobuf/index.js';
import { ModelDef, type OpDef } from '../../../src/formats/encodings/ge-model.js';
import {
  type BundlePatch,
  findPartition,
  findSubmodel,
  PARTITION,
  patchBundle,
  readBundle,
  readInitialValues,
  readTaskInfo,
  type Submodel,
  writeBundle,
  writeOm,
} from '../../../src/formats/om/index.js';
import { ModelTaskDef } from '../../../src/formats/om/task-info.js';
import { corpus, hasCorpus } from '../../support/corpus.js';

interface Place {
  readonly offset: number;
  readonly bytes: number;
}

const PLACES: Readonly<Record<string, Readonly<Record<string, Place>>>> = {
  linear: { const_1: { offset: 512, bytes: 48 }, const_2: { offset: 1024, bytes: 16 } },
  linear_static: { const_1: { offset: 512, bytes: 48 }, const_2: { offset: 1024, bytes: 16 } },
  half: { w: { offset: 512, bytes: 1024 }, b: { offset: 1536, bytes: 64 } },
  scalar: { w: { offset: 512, bytes: 16 }, alpha: { offset: 1024, bytes: 4 } },
  lora_zero: { lora_a: { offset: 512, bytes: 64 }, lora_b: { offset: 512, bytes: 64 } },
  nz: { const1: { offset: 512, bytes: 96 }, const2: { offset: 512, bytes: 96 } },
};

type Values = Readonly<Record<string, Uint8Array>>;

/** Bytes that differ from what is there (zeros, small numbers) in every position. */
const fresh = (size: number, seed: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => 0x81 + ((i * 7 + seed * 31) % 0x3d));

function patched(file: Bytes, given: Values, what = 'b.om'): { readonly change: BundlePatch; readonly bytes: Bytes } {
  const initial = readInitialValues(readBundle(file, what));
  if (initial === undefined) throw new Error('no init');
  const change = patchBundle(file, initial, new Map(Object.entries(given).map(([name, data]) => [name, memoryBytes(data)])), what);
  return { change, bytes: change.kind === 'ranges' ? patchedBytes(file, change.patches) : change.bytes };
}

function valuesOf(file: Bytes): Record<string, Buffer> {
  const { values = [] } = readInitialValues(readBundle(file, 'b.om')) ?? {};
  return Object.fromEntries(values.map(({ weight, constant }) => [weight.constName, Buffer.from(constant.tensor.data.read())]));
}

const buffer = (bytes: Bytes): Buffer => Buffer.from(bytes.read());
const initOf = (file: Bytes): Submodel => findSubmodel(readBundle(file, 'b.om'), 'init') as Submodel;

function part(model: Submodel, type: number): Bytes {
  const found = findPartition(model.om.tables[0], type);
  if (found === undefined) throw new Error(`no partition ${type}`);
  return found.bytes;
}

describe.skipIf(!hasCorpus)('bundles compiled by GE', () => {
  const open = (name: string): Bytes => openFile(corpus('ge-bundles', `${name}.om`));

  /** Where WEIGHTS_DATA of init begins in the file. */
  const weightsStart = (file: Bytes): number => {
    const init = initOf(file);
    return init.offsetBytes + (findPartition(init.om.tables[0], PARTITION.weightsData)?.offsetBytes ?? Number.NaN);
  };

  const selections = Object.entries(PLACES).flatMap(([name, places]) => {
    const names = Object.keys(places);
    const areShared = name === 'nz' || name === 'lora_zero';
    return areShared ? [[name, names] as const] : [...names.map((one) => [name, [one]] as const), [name, names] as const];
  });

  test.each(selections)('%s: new values of %j change the bytes of these weights and no other', (name, names) => {
    const file = open(name);
    // Equal weights stay equal here.
    const areShared = name === 'nz' || name === 'lora_zero';
    const given = Object.fromEntries(names.map((one, i) => [one, fresh(PLACES[name]?.[one]?.bytes ?? 0, areShared ? 0 : i)]));
    const { change, bytes } = patched(file, given);

    const expected = buffer(file);
    const start = weightsStart(file);
    for (const one of names) expected.set(given[one] as Uint8Array, start + (PLACES[name]?.[one]?.offset ?? 0));
    expect(change.kind).toBe('ranges');
    expect(buffer(bytes).equals(expected)).toBe(true);
    // Equal weights are written once.
    if (areShared) expect(change).toMatchObject({ patches: [{ offsetBytes: start + 512 }] });

    const before = valuesOf(file);
    expect(valuesOf(bytes)).toEqual({ ...before, ...Object.fromEntries(names.map((one) => [one, Buffer.from(given[one] as Uint8Array)])) });
  });

  /** MODEL_DEF with the places of `names` put back to `offset`, and sizes and tasks as they were: must be what GE wrote. */
  function restored(init: Submodel, original: Submodel, names: readonly string[], offset: number): Bytes {
    const def = decode(ModelDef, part(init, PARTITION.modelDef));
    const oldSize = part(original, PARTITION.weightsData).length;
    const back = (op: OpDef): OpDef => {
      const value = op.attr?.get('value')?.t;
      const isMoved = (i: number): boolean => names.some((name) => op.input?.[i] === `${name}:0`);
      return {
        ...op,
        ...(op.attr !== undefined && value?.desc !== undefined && names.includes(op.name ?? '')
          ? { attr: new Map(op.attr).set('value', { t: { ...value, desc: { ...value.desc, dataOffset: offset } } }) }
          : {}),
        ...(op.inputI === undefined ? {} : { inputI: op.inputI.map((place, i) => (isMoved(i) ? offset : place)) }),
        ...(op.inputDesc === undefined
          ? {}
          : { inputDesc: op.inputDesc.map((desc, i) => (isMoved(i) ? { ...desc, dataOffset: offset } : desc)) }),
      };
    };
    const attr = new Map(def.attr);
    const sizes = attr.get('om_info_list')?.list;
    attr.set('weight_size', { i: oldSize }).set('tasks', { bt: part(original, PARTITION.taskInfo) });
    attr.set('om_info_list', { list: { ...sizes, i: [oldSize, ...(sizes?.i?.slice(1) ?? [])] } });
    return encode(ModelDef, { ...def, attr, graph: (def.graph ?? []).map((graph) => ({ ...graph, op: (graph.op ?? []).map(back) })) });
  }

  test.each([
    ['lora_b alone', { lora_b: fresh(64, 1) }, ['lora_b']],
    ['both, each to its own value', { lora_a: fresh(64, 1), lora_b: fresh(64, 2) }, ['lora_b']],
    ['lora_a alone', { lora_a: fresh(64, 3) }, ['lora_a']],
  ] as const)('lora_zero, %s: a constant gets a place of its own, and all that says where it is follows', (_, given: Values, moved) => {
    const file = open('lora_zero');
    const { change, bytes } = patched(file, given, 'lora_zero.om');
    expect(change).toMatchObject({ kind: 'rewrite', moved });
    expect(valuesOf(bytes)).toEqual({
      ...valuesOf(file),
      ...Object.fromEntries(Object.entries(given).map(([name, data]) => [name, Buffer.from(data)])),
    });

    // The container: nothing to warn of, and the other models byte for byte.
    const [before, after] = [readBundle(file, 'b.om'), readBundle(bytes, 'b.om')];
    expect([after.warnings, after.varSize, after.layout]).toEqual([[], before.varSize, before.layout]);
    for (const role of ['infer', 'update'] as const) {
      const [old, now] = [before, after].map((bundle) => buffer(findSubmodel(bundle, role)?.bytes as Bytes)) as [Buffer, Buffer];
      expect(now.equals(old)).toBe(true);
    }

    // WEIGHTS_DATA: the old bytes, then the new place and room behind it as a loader wants it.
    const [old, now] = [initOf(file), initOf(bytes)];
    const [oldWeights, weights] = [old, now].map((init) => buffer(part(init, PARTITION.weightsData))) as [Buffer, Buffer];
    const changed = Object.keys(given).filter((name) => !(moved as readonly string[]).includes(name));
    for (const name of changed) oldWeights.set(given[name] as Uint8Array, 512);
    expect(weights.subarray(0, oldWeights.length).equals(oldWeights)).toBe(true);
    const places = new Map(now.constants.map(({ name, offsetBytes }) => [name, offsetBytes]));
    const place = places.get(moved[0]) ?? 0;
    expect([place, place % 512]).toEqual([1536, 0]);
    expect(places.get(moved[0] === 'lora_a' ? 'lora_b' : 'lora_a')).toBe(512);
    expect(weights.length).toBeGreaterThanOrEqual(place + 64 + 32);

    // MODEL_DEF and TASK_INFO: the new size everywhere, and nothing else.
    expect(now.def.attr?.get('weight_size')?.i).toBe(weights.length);
    expect(now.def.attr?.get('om_info_list')?.list?.i?.[0]).toBe(weights.length);
    expect(readTaskInfo(part(now, PARTITION.taskInfo), 't')).toEqual({
      ...readTaskInfo(part(old, PARTITION.taskInfo), 't'),
      weightSize: weights.length,
    });
    expect(buffer(now.def.attr?.get('tasks')?.bt as Bytes).equals(buffer(part(now, PARTITION.taskInfo)))).toBe(true);
    expect(buffer(restored(now, old, moved, 512)).equals(buffer(part(old, PARTITION.modelDef)))).toBe(true);
    const others = [PARTITION.tbeKernels].map((type) => buffer(part(now, type)).equals(buffer(part(old, type))));
    expect(others).toEqual([true]);
  });

  test('a weight that was given a place of its own is patched there', () => {
    const first = patched(open('lora_zero'), { lora_b: fresh(64, 1) });
    const second = patched(first.bytes, { lora_b: fresh(64, 2), lora_a: fresh(64, 3) });
    expect(second.change.kind).toBe('ranges');
    expect(valuesOf(second.bytes)).toEqual({ lora_a: Buffer.from(fresh(64, 3)), lora_b: Buffer.from(fresh(64, 2)) });
  });

  test('a shared weight that is given its old value is left alone', () => {
    const zeros = new Uint8Array(64);
    expect(patched(open('lora_zero'), { lora_a: zeros }).change).toEqual({ kind: 'ranges', patches: [] });
  });

  test.each([[{ const1: fresh(96, 1), const2: fresh(96, 2) }], [{ const1: fresh(96, 1) }], [{ const2: fresh(96, 1) }]])(
    'nz: one Const for two weights cannot have two values, %#',
    (given: Values) => {
      const patch = () => patched(open('nz'), given, 'nz.om');
      expect(patch).toThrow(/"const1".*"const2"|"const2".*"const1"/);
      expect(patch).toThrow(
        expect.objectContaining({ code: 'WEIGHTS_SHARED', at: 'const1', fix: expect.stringContaining('run --update') }),
      );
    },
  );

  describe('addresses in tasks', () => {
    const BASE = 2n ** 31n;
    const address = (offset: number): Buffer => {
      const out = Buffer.alloc(8);
      out.writeBigUInt64LE(BASE + BigInt(offset));
      return out;
    };
    /** lora_zero with tasks of these bytes; the op of each is that of GE's own file: lora_a_assign, lora_b_assign. */
    const withTasks = (tasks: readonly Buffer[]): Bytes => {
      const bundle = readBundle(open('lora_zero'), 'b.om');
      const init = findSubmodel(bundle, 'init') as Submodel;
      const info = decode(ModelTaskDef, part(init, PARTITION.taskInfo));
      const taskInfo = encode(ModelTaskDef, { ...info, task: tasks.map(memoryBytes) });
      const partitions = init.om.tables[0]?.partitions.map((one) => (one.type === PARTITION.taskInfo ? { ...one, bytes: taskInfo } : one));
      const model = writeOm({ header: init.om.header, tables: [{ partitions: partitions ?? [] }] });
      return writeBundle(
        bundle.submodels.map((submodel) => (submodel === init ? model : submodel.bytes)),
        { varSize: bundle.varSize ?? 0 },
      );
    };
    const tasksOf = (file: Bytes): Buffer[] => (decode(ModelTaskDef, part(initOf(file), PARTITION.taskInfo)).task ?? []).map(buffer);
    const args = (offset: number): Buffer => Buffer.concat([Buffer.from('args'), address(1024 * 1024), address(offset), Buffer.of(9)]);

    test('those of the op that takes the moved constant follow it, those of others stay', () => {
      const { bytes } = patched(withTasks([args(512), args(512)]), { lora_b: fresh(64, 1) });
      expect(tasksOf(bytes)).toEqual([args(512), args(1536)]);
    });

    test('as a varint in the task of that op, one is not understood', () => {
      // 2^31 + 512 as a varint.
      const task = Buffer.concat([Buffer.from('copy'), Buffer.from([0x80, 0x84, 0x80, 0x80, 0x08])]);
      expect(() => patched(withTasks([args(512), task]), { lora_b: fresh(64, 1) })).toThrow(
        expect.objectContaining({ code: 'WEIGHT_UNPATCHABLE', message: expect.stringContaining('task 1 (of "lora_b_assign")') }),
      );
    });

    test('in a task of which the op is not told, one cannot be followed', () => {
      const file = withTasks([args(0), args(0), args(512)]);
      expect(() => patched(file, { lora_b: fresh(64, 1) })).toThrow(expect.objectContaining({ code: 'WEIGHT_UNPATCHABLE' }));
    });
  });
});
