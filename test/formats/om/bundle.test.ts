import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.js';
import { openFile } from '../../../src/base/open-file.js';
import { decode, encode } from '../../../src/base/protobuf/index.js';
import { readAir } from '../../../src/formats/air.js';
import { ModelDef } from '../../../src/formats/encodings/ge-model.js';
import {
  type Bundle,
  checkVariables,
  findPartition,
  findSubmodel,
  PARTITION,
  readBundle,
  type Submodel,
  writeBundle,
  writeOm,
} from '../../../src/formats/om/index.js';
import { dtype } from '../../../src/graph/dtype.js';
import { constValue, findNode, type Graph, type Node } from '../../../src/graph/graph.js';
import { describeSpec, UNKNOWN_RANK } from '../../../src/graph/tensor.js';
import { corpus, hasCorpus } from '../../support/corpus.js';
import { graphs, model } from '../../support/damaged.js';

const open = (name: string): Bundle => readBundle(openFile(corpus('ge-bundles', `${name}.om`)), `${name}.om`);

/** From the corpus' own description: weights in update order, and the size of variable memory. */
const BUNDLES: Readonly<Record<string, { readonly weights: readonly string[]; readonly varSize: number }>> = {
  linear: { weights: ['const_1 float32 [3, 4]', 'const_2 float32 [4]'], varSize: 3072 },
  linear_static: { weights: ['const_1 float32 [3, 4]', 'const_2 float32 [4]'], varSize: 3072 },
  lora_zero: { weights: ['lora_a float32 [8, 2]', 'lora_b float32 [2, 8]'], varSize: 3072 },
  half: { weights: ['w float16 [16, 32]', 'b float16 [32]'], varSize: 4096 },
  scalar: { weights: ['w float32 [2, 2]', 'alpha float32 []'], varSize: 3072 },
  nz: { weights: ['const1 float32 [2, 2, 3, 2]', 'const2 float32 [2, 2, 3, 2]'], varSize: 7168 },
};

describe.skipIf(!hasCorpus)('bundles compiled by GE', () => {
  test('all of the corpus are here', () => {
    const names = readdirSync(corpus('ge-bundles')).filter((name) => name.endsWith('.om'));
    expect(names.map((name) => name.slice(0, -3)).sort()).toEqual(Object.keys(BUNDLES).sort());
  });

  test.each(Object.keys(BUNDLES))('%s: roles, weights and variable memory', (name) => {
    const bundle = open(name);
    expect(bundle.warnings).toEqual([]);
    expect(checkVariables(bundle)).toEqual([]);
    expect(bundle.submodels.map(({ index, name: own, role }) => [index, own, role])).toEqual([
      [0, 'var_infer_graph', 'infer'],
      [1, 'var_init_graph', 'init'],
      [2, 'var_update_graph', 'update'],
    ]);
    expect(bundle.weights.map(({ constName, spec }) => `${constName} ${describeSpec(spec)}`)).toEqual(BUNDLES[name]?.weights);
    expect(bundle.weights.map(({ updateIndex, spec }) => [updateIndex, spec.format])).toEqual([
      [0, 'ND'],
      [1, 'ND'],
    ]);
    expect(bundle.weights.map(({ isConditional }) => isConditional)).toEqual([name !== 'linear_static', name !== 'linear_static']);
    expect(bundle.weights.map(({ variableName, constName }) => variableName === `${constName}_var`)).toEqual([true, true]);
    expect(bundle).toMatchObject({ layout: 'v2', varSize: BUNDLES[name]?.varSize });
  });

  test.each(['linear', 'lora_zero', 'half', 'scalar', 'nz'])('%s: the init model has the values of the graph it was built from', (name) => {
    const original = readAir(corpus('ge-bundles', `${name}.air`));
    const constants = findSubmodel(open(name), 'init')?.constants ?? [];
    expect(constants.length).toBeGreaterThan(0);
    for (const constant of constants) {
      const expected = constValue(findNode(original, constant.name) as Node);
      expect(describeSpec(constant.tensor)).toBe(describeSpec(expected as never));
      expect(Buffer.compare(constant.tensor.data.read(), expected?.data.read() as Uint8Array)).toBe(0);
      expect((constant.offsetBytes as number) % 512).toBe(0);
    }
  });

  test('equal constants share a place, or one of them is gone', () => {
    const init = (name: string) => findSubmodel(open(name), 'init')?.constants.map((constant) => [constant.name, constant.offsetBytes]);
    expect(init('lora_zero')).toEqual([
      ['lora_a', 512],
      ['lora_b', 512],
    ]);
    expect(init('nz')).toEqual([['const1', 512]]);
  });

  test('a variable compiled to another dtype and layout is told from its weight', () => {
    expect(
      open('nz').weights.map(({ variable }) => [describeSpec(variable), variable.format, variable.offsetBytes, variable.bytes]),
    ).toEqual([
      ['float16 [2, 2, 1, 1, 16, 16]', 'FRACTAL_NZ', 0, 2048],
      ['float16 [2, 2, 1, 1, 16, 16]', 'FRACTAL_NZ', 3584, 2048],
    ]);
  });

  test('inputs and outputs', () => {
    const { submodels } = open('linear');
    const specs = (list: Submodel['inputs']) => list.map((spec) => `${spec.name} ${describeSpec(spec)}`);
    expect(submodels.map(({ inputs }) => specs(inputs))).toEqual([
      ['x float32 [2, 3]'],
      [],
      ['const_1_var_data float32 [unknown rank]', 'const_2_var_data float32 [unknown rank]'],
    ]);
    expect(submodels.map(({ outputs }) => specs(outputs))).toEqual([['output_0_add_0 float32 [2, 4]'], [], []]);
  });

  test('opening reads tables and MODEL_DEFs, not weights or libraries', () => {
    const file = openFile(corpus('ge-bundles', 'linear.om'));
    const counter = { bytes: 0 };
    const bundle = readBundle(counted(file, counter), 'linear.om');
    expect(bundle.weights).toHaveLength(2);
    // The host libraries alone have 187,353 bytes.
    expect(counter.bytes).toBeLessThan(80_000);
  });
});

function counted(bytes: Bytes, counter: { bytes: number }): Bytes {
  return {
    length: bytes.length,
    read(start = 0, end = bytes.length) {
      counter.bytes += end - start;
      return bytes.read(start, end);
    },
    slice: (start, end) => counted(bytes.slice(start, end), counter),
  };
}

/** A bundle of the same models with another name in header and graph, without some, or in another order. */
function rebuilt(name: string, order: readonly number[], rename: (name: string) => string = (own) => own): Bundle {
  const { submodels, varSize } = open(name);
  const models = order.map((index) => {
    const { om } = submodels[index] as Submodel;
    const header = { ...om.header, raw: Buffer.from(om.header.raw) };
    header.raw.fill(0, 84, 116).write(rename(om.header.name), 84);
    const tables = om.tables.map(({ partitions }) => ({
      partitions: partitions.map((part) => {
        if (part.type !== PARTITION.modelDef) return part;
        const def = decode(ModelDef, part.bytes);
        return { ...part, bytes: encode(ModelDef, { ...def, name: rename(def.name ?? '') }) };
      }),
    }));
    return writeOm({ header, tables });
  });
  return readBundle(writeBundle(models, { varSize: varSize as number }), 'rebuilt.om');
}

describe.skipIf(!hasCorpus)('roles', () => {
  const rolesOf = (bundle: Bundle) => bundle.submodels.map(({ role }) => role);

  test('do not depend on the order', () => {
    expect(rolesOf(rebuilt('linear', [2, 0, 1]))).toEqual(['update', 'infer', 'init']);
    expect(rebuilt('linear', [2, 0, 1]).weights.map(({ constName }) => constName)).toEqual(['const_1', 'const_2']);
  });

  test('are found without names, by what the models do', () => {
    const bundle = rebuilt('nz', [1, 2, 0], (name) => `m${name.length}`);
    expect(rolesOf(bundle)).toEqual(['init', 'update', 'infer']);
    expect(bundle.warnings).toEqual([]);
    expect(bundle.weights).toHaveLength(2);
  });

  test('names with the number of a build are known', () => {
    expect(rolesOf(rebuilt('linear', [0, 1, 2], (name) => `${name}_7`))).toEqual(['infer', 'init', 'update']);
  });

  test('names that lie are noticed', () => {
    const swapped: Record<string, string> = { var_init_graph: 'var_update_graph', var_update_graph: 'var_init_graph' };
    const bundle = rebuilt('linear', [0, 1, 2], (name) => swapped[name] ?? name);
    expect(rolesOf(bundle)).toEqual(['infer', 'init', 'update']);
    expect(bundle.warnings.map(({ code }) => code)).toEqual(['BUNDLE_ROLE']);
  });

  test('a bundle without init works', () => {
    const bundle = rebuilt('linear', [0, 2]);
    expect(rolesOf(bundle)).toEqual(['infer', 'update']);
    expect(bundle.weights.map(({ constName, spec }) => `${constName} ${describeSpec(spec)}`)).toEqual(BUNDLES['linear']?.weights);
  });

  test('order is the last resort, and said', () => {
    const bundle = rebuilt('linear', [0, 0, 0]);
    expect(rolesOf(bundle)).toEqual(['infer', 'init', 'update']);
    expect(bundle.warnings.map(({ code }) => code)).toEqual(['BUNDLE_ROLE', 'BUNDLE_WEIGHT']);
    expect(bundle.weights).toEqual([]);
  });

  test('a bundle of models that have nothing to do with each other has no roles', () => {
    expect(rolesOf(rebuilt('linear', [0, 0, 0, 0]))).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe.skipIf(!hasCorpus)('variables', () => {
  test('too little variable memory is noticed', () => {
    const models = open('linear').submodels.map(({ bytes }) => bytes);
    const bundle = readBundle(writeBundle(models, { varSize: 1000 }), 'small.om');
    expect(checkVariables(bundle).map(({ message }) => message)).toEqual([expect.stringContaining('"const_2_var" ends at byte 1600')]);
  });

  test('the same name at another place is noticed', () => {
    const { submodels } = open('linear');
    const init = submodels[1] as Submodel;
    const tables = init.om.tables.map(({ partitions }) => ({
      partitions: partitions.map((part) => {
        if (part.type !== PARTITION.modelDef) return part;
        const def = decode(ModelDef, part.bytes);
        for (const op of def.graph?.[0]?.op ?? []) if (op.name === 'const_2_var') op.outputI = [2 ** 37 + 512];
        return { ...part, bytes: encode(ModelDef, def) };
      }),
    }));
    const models = [submodels[0], { bytes: writeOm({ header: init.om.header, tables }) }, submodels[2]].map(
      (model) => (model as Submodel).bytes,
    );
    const problems = checkVariables(readBundle(writeBundle(models, { varSize: 3072 }), 'moved.om'));
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['BUNDLE_VARIABLE', 'Variable "const_2_var" is float32 [4] at byte 1536 in model 0, and float32 [4] at byte 512 in model 1.'],
    ]);
  });
});

test.skipIf(!hasCorpus)('a model inside a bundle is found by type, not by position', () => {
  const table = open('linear').submodels[2]?.om.tables[0];
  expect(table?.partitions.map(({ type }) => type)).toEqual([PARTITION.soBins, PARTITION.modelInoutInfo, PARTITION.modelDef]);
  expect(findPartition(table, PARTITION.modelDef)?.typeName).toBe('MODEL_DEF');
});

describe('an Assign that cannot be followed is said, and is no weight', () => {
  const unknown = { dtype: dtype('float32'), shape: UNKNOWN_RANK };
  const withoutShape = (node: Node): Node => ({ ...node, inputDescs: node.inputDescs.map(() => unknown), outputDescs: [unknown] });
  const update = graphs.update;
  const changed = (change: (node: Node) => Node, root: (node: Node) => Node = (node) => node): Graph => ({
    ...update,
    nodes: update.nodes.map(root),
    subgraphs: update.subgraphs.map((graph) => ({ ...graph, nodes: graph.nodes.map(change) })),
  });
  const read = (graph: Graph) => readBundle(writeBundle([model(graphs.infer), model(graph)]), 'b.om');

  test.each<[string, Graph, RegExp]>([
    ['no shape', changed(withoutShape, withoutShape), /"assign" does not say the shape of what it gives "w_var"/],
    ['no variable', changed((node) => (node.name === 'w_var' ? { ...node, type: 'Identity' } : node)), /"assign" does not lead/],
    [
      'no input',
      changed((node) => (node.name === 'data' ? { ...node, type: 'Const', inputs: [], inputNames: [] } : node)),
      /"assign" does not lead/,
    ],
    ['no branch', { ...update, nodes: update.nodes.filter(({ type }) => type !== 'If') }, /input 0 is assigned to no Variable/],
  ])('%s', (_, graph, message) => {
    const { weights, warnings } = read(graph);
    expect(weights).toEqual([]);
    expect(warnings.filter(({ code }) => code === 'BUNDLE_WEIGHT').map((warning) => warning.message)).toEqual([
      expect.stringMatching(message),
    ]);
  });

  test('edges in a circle end', () => {
    const circle = changed((node) => (node.name === 'data' ? { ...node, type: 'Identity', inputs: ['data:0'], inputNames: ['x'] } : node));
    expect(read(circle).weights).toEqual([]);
  });

  test('conversions on the way are passed', () => {
    const cast = (name: string, input: string): Node => ({
      ...(graphs.infer.nodes[2] as Node),
      name,
      type: 'Cast',
      inputs: [input],
      inputNames: ['x'],
    });
    const graph = changed((node) => (node.name === 'assign' ? { ...node, inputs: ['c1:0', 'c2:0'] } : node));
    const [branch] = graph.subgraphs;
    const converted = { ...branch, nodes: [...(branch?.nodes ?? []), cast('c1', 'w_var:0'), cast('c2', 'data:0')] } as Graph;
    expect(read({ ...graph, subgraphs: [converted] }).weights.map(({ constName, updateIndex }) => [constName, updateIndex])).toEqual([
      ['w', 0],
    ]);
  });
});
