// LoRA: what is merged equals a sum in doubles, rounded once; which layer is which weight; how the weight stands.
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { computedBytes } from '../../../src/base/bytes.js';
import { AscendBundleError } from '../../../src/base/errors.js';
import { dtype } from '../../../src/graph/dtype.js';
import { decodeElements } from '../../../src/graph/elements.js';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  fromBfloat16,
  fromFloat16,
  roundToOdd,
  toBfloat16,
  toFloat16,
} from '../../../src/graph/float16.js';
import type { RefreshableWeight } from '../../../src/graph/refreshable.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import type { WeightMap } from '../../../src/weights/apply-map.js';
import { openAdapter } from '../../../src/weights/lora/adapter.js';
import { type LoraPlan, planWithAdapters } from '../../../src/weights/lora/plan.js';
import { parseAdapterSpecs } from '../../../src/weights/lora/spec.js';
import { kohyaPair, mergedInDoubles, numbers, peftPair, randomTensor, saveTensors } from '../../support/adapters.js';
import { caught } from '../../support/caught.js';
import { testFolder } from '../../support/folder.js';
import { named, tensorOf } from '../../support/tensors.js';

const folder = testFolder();

const weight = (name: string, type: string, ...shape: number[]): RefreshableWeight => {
  return { constName: name, variableName: `${name}_var`, updateIndex: 0, spec: { dtype: dtype(type), shape } };
};

interface Case {
  readonly weights: readonly RefreshableWeight[];
  readonly bases?: Readonly<Record<string, Tensor>>;
  readonly adapters: readonly string[];
  readonly map?: WeightMap;
}

function planned({ weights, bases = {}, adapters, map }: Case): LoraPlan {
  const opened = parseAdapterSpecs(adapters).map(openAdapter);
  return planWithAdapters(weights, [], { adapters: opened, map, current: (name) => bases[name] }, {});
}

const ROUND: Readonly<Record<string, (value: number) => number>> = {
  float32: Math.fround,
  float16: (value) => fromFloat16(toFloat16(value)),
  bfloat16: (value) => fromBfloat16(toBfloat16(value)),
  float64: (value) => value,
};

/** Equal to the reference rounded once. Another order of adding moves it by 1e-13 at most, which may tip a value that lies on a tie. */
function expectRounded(tensor: Tensor | undefined, reference: readonly number[]): void {
  const round = ROUND[tensor?.dtype.name ?? ''] as (value: number) => number;
  const values = decodeElements(tensor as Tensor).map(Number);
  expect(values).toHaveLength(reference.length);
  const off = values.filter((value, i) => {
    const exact = reference[i] as number;
    if (tensor?.dtype.name === 'float64') return Math.abs(value - exact) > 1e-13;
    return ![exact, exact - 1e-13, exact + 1e-13].some((one) => Object.is(round(one), value) || round(one) === value);
  });
  expect(off).toEqual([]);
}

const config = (fields: object): void => {
  folder.write('adapter_config.json', JSON.stringify({ peft_type: 'LORA', r: 4, lora_alpha: 8, ...fields }));
};

test('doubles are rounded to 16 bits once, by way of odd singles', () => {
  const special = [
    0,
    -0,
    1 + 2 ** -11,
    1 + 2 ** -11 + 2 ** -40,
    1 + 2 ** -11 - 2 ** -40,
    65519.9999,
    65520,
    2 ** -25,
    2 ** -25 + 2 ** -60,
    3e38,
    3.4e38,
    1e39,
    1e-45,
    NaN,
    Infinity,
  ];
  const values = Float64Array.from([
    ...special,
    ...special.map((value) => -value),
    ...numbers(20000, 1).map((value, i) => value * 2 ** ((i % 60) - 40) * (1 + 2 ** -30)),
  ]);
  const singles = roundToOdd(values);
  const half = float16ToFloat32(float32ToFloat16(singles));
  const brain = bfloat16ToFloat32(float32ToBfloat16(singles));
  for (const [i, value] of values.entries()) {
    expect(half[i]).toBe(fromFloat16(toFloat16(value)));
    expect(brain[i]).toBe(fromBfloat16(toBfloat16(value)));
  }
});

describe.each(['float32', 'float16', 'bfloat16', 'float64'])('into a weight of %s', (type) => {
  test('PEFT: the sum in doubles, rounded once, as the weight stands', () => {
    const [down, up] = [randomTensor('float32', [4, 37], 1), randomTensor('float32', [23, 4], 2)];
    config({});
    const path = saveTensors(folder.path('a.safetensors'), peftPair('layers.0.fc', down, up));
    for (const isTransposed of [false, true]) {
      const shape = isTransposed ? [37, 23] : [23, 37];
      const base = randomTensor(type, shape, 3);
      const plan = planned({
        weights: [weight('layers.0.fc.weight', type, ...shape)],
        bases: { 'layers.0.fc.weight': base },
        adapters: [`${path}:0.7`],
      });
      expectRounded(plan.tensors.get('layers.0.fc.weight'), mergedInDoubles(base, [{ down, up, scale: (0.7 * 8) / 4 }], isTransposed));
      expect(plan.lora).toEqual([
        {
          ...{ weight: 'layers.0.fc.weight', as: 'merged', transposed: isTransposed, by: 'by its shape' },
          adapters: [{ path, layer: 'layers.0.fc', rank: 4, scale: (0.7 * 8) / 4 }],
        },
      ]);
      expect(plan.updated).toEqual(['layers.0.fc.weight']);
    }
  });

  test('Kohya: kernels of 1 and 3, a factor in half precision, an alpha of its own, dots as underscores', () => {
    const kernels = {
      one: { down: [2, 5, 1, 1], up: [7, 2, 1, 1], shape: [7, 5, 1, 1] },
      three: { down: [2, 5, 3, 3], up: [7, 2, 1, 1], shape: [7, 5, 3, 3] },
    };
    const bases: Record<string, Tensor> = {};
    const tensors = Object.entries(kernels).flatMap(([name, { down, up, shape }], i) => {
      bases[`down_blocks.${name}.conv.weight`] = randomTensor(type, shape, 10 + i);
      return kohyaPair(`down_blocks.${name}.conv`, randomTensor('float16', down, 20 + i), randomTensor('float16', up, 30 + i), 1);
    });
    const path = saveTensors(folder.path('k.safetensors'), tensors);
    const weights = Object.entries(bases).map(([name, { shape }]) => weight(name, type, ...shape));
    const plan = planned({ weights, bases, adapters: [path] });
    Object.entries(bases).forEach(([name, base], i) => {
      const pair = Object.values(kernels)[i] as (typeof kernels)['one'];
      const product = { down: randomTensor('float16', pair.down, 20 + i), up: randomTensor('float16', pair.up, 30 + i), scale: 1 / 2 };
      expectRounded(plan.tensors.get(name), mergedInDoubles(base, [product]));
    });
    expect(plan.warnings).toEqual([]);
  });
});

test('a merged weight is computed once, by whoever reads it, and what is not finite is told then', () => {
  const [down, up] = [randomTensor('float32', [2, 5], 1), tensorOf('float32', [3, 2], [1, 1, 1, Number.NaN, 1, 1])];
  const path = saveTensors(folder.path('a.safetensors'), kohyaPair('fc', down, up, 2));
  const whole = randomTensor('float32', [3, 5], 2);
  let read = 0;
  const data = computedBytes(whole.data.length, (start, end) => {
    read += end - start;
    return whole.data.read(start, end);
  });
  const plan = planned({ weights: [weight('fc', 'float32', 3, 5)], bases: { fc: { ...whole, data } }, adapters: [path] });
  expect([plan.warnings, read]).toEqual([[], 0]);
  plan.tensors.get('fc')?.data.read();
  const warning = { code: 'WEIGHT_NOT_FINITE', message: expect.stringContaining('5 values that are NaN or infinite, the first at [1, 0]') };
  expect(plan.lateWarnings()).toMatchObject([warning]);
  expect(read).toBe(whole.data.length);
});

test('several adapters add up, with one rounding for all', () => {
  const base = randomTensor('float16', [6, 9], 1);
  const products = [1, 2, 3].map((i) => ({
    down: randomTensor('float32', [i, 9], i * 10),
    up: randomTensor('float32', [6, i], i * 20),
    scale: i / 10,
  }));
  const paths = products.map(({ down, up }, i) => saveTensors(folder.path(`${i}.safetensors`), kohyaPair('fc', down, up, i + 1)));
  const plan = planned({
    weights: [weight('fc', 'float16', 6, 9)],
    bases: { fc: base },
    adapters: [paths.map((path, i) => `${path}:${(i + 1) / 10}`).join()],
  });
  expectRounded(plan.tensors.get('fc'), mergedInDoubles(base, products));
  expect(plan.lora[0]?.adapters.map(({ rank, scale }) => [rank, scale])).toEqual([1, 2, 3].map((i) => [i, i / 10]));
});

test('a large weight is merged in windows: any range of it is what the whole has there', () => {
  const [down, up] = [randomTensor('float32', [3, 101], 1), randomTensor('float32', [97, 3], 2)];
  const path = saveTensors(folder.path('a.safetensors'), kohyaPair('w', down, up, 3));
  for (const shape of [
    [97, 101],
    [101, 97],
  ]) {
    const plan = planned({
      weights: [weight('w', 'float16', ...shape)],
      bases: { w: randomTensor('float16', shape, 3) },
      adapters: [path],
    });
    const data = (plan.tensors.get('w') as Tensor).data;
    const whole = Buffer.from(data.read());
    for (const [start, end] of [
      [0, 1],
      [1, 2],
      [199, 607],
      [3, whole.length],
      [whole.length - 1, whole.length],
    ] as const) {
      expect(Buffer.from(data.read(start, end)).equals(whole.subarray(start, end))).toBe(true);
    }
  }
});

describe('how much an adapter counts', () => {
  const scaleOf = (module = 'fc', rank = 4): number => {
    const path = saveTensors(
      folder.path('a.safetensors'),
      peftPair(module, randomTensor('float32', [rank, 3], 1), randomTensor('float32', [2, rank], 2)),
    );
    const name = `${module}.weight`;
    return planned({ weights: [weight(name, 'float32', 2, 3)], bases: { [name]: randomTensor('float32', [2, 3], 3) }, adapters: [path] })
      .lora[0]?.adapters[0]?.scale as number;
  };

  test.each([
    ['alpha by rank', {}, 'fc', 4, 2],
    ['alpha by its root', { use_rslora: true }, 'fc', 4, 4],
    ['a rank of its own', { rank_pattern: { fc: 2 } }, 'layers.1.fc', 2, 4],
    ['of the layer that the pattern means', { rank_pattern: { 'layers.2.fc': 2 } }, 'layers.1.fc', 4, 2],
    ['a pattern with any number', { rank_pattern: { 'layers\\.\\d+\\.fc': 2 } }, 'layers.11.fc', 2, 4],
    ['an alpha of its own', { alpha_pattern: { fc: 16 } }, 'a.fc', 4, 4],
    ['no alpha', { lora_alpha: null }, 'fc', 4, 1],
  ])('%s', (_, fields, module, rank, scale) => {
    config(fields);
    expect(scaleOf(module, rank)).toBe(scale);
  });

  test('without a configuration beside it alpha is the rank, and that is a warning', () => {
    const path = saveTensors(
      folder.path('a.safetensors'),
      peftPair('fc', randomTensor('float32', [4, 3], 1), randomTensor('float32', [2, 4], 2)),
    );
    const plan = planned({
      weights: [weight('fc', 'float32', 2, 3)],
      bases: { fc: randomTensor('float32', [2, 3], 3) },
      adapters: [`${path}:0.5`],
    });
    expect(plan.lora[0]?.adapters[0]?.scale).toBe(0.5);
    expect(plan.warnings).toMatchObject([{ code: 'LORA_ALPHA_UNKNOWN' }]);
  });

  test('a configuration of another rank, or of another method, is refused', () => {
    config({});
    expect(caught(() => scaleOf('fc', 2))).toMatchObject({
      code: 'TENSOR_MISMATCH',
      message: expect.stringContaining('the rank of "fc" is 4'),
    });
    config({ use_dora: true });
    expect(caught(() => scaleOf())).toMatchObject({ code: 'FILE_KIND', message: expect.stringContaining('DoRA') });
    config({ peft_type: 'LOHA' });
    expect(caught(() => scaleOf())).toMatchObject({ code: 'FILE_KIND' });
    config({ lora_alpha: 'much' });
    expect(caught(() => scaleOf())).toMatchObject({ code: 'FILE_MALFORMED', at: '/lora_alpha' });
    folder.write('adapter_config.json', '[1');
    expect(caught(() => scaleOf())).toMatchObject({ code: 'FILE_MALFORMED' });
  });

  test('a pattern that would keep a regular expression busy is read at once', () => {
    config({ rank_pattern: { [`${'.*'.repeat(30)}x`]: 2, '(a+)+$': 3 } });
    expect(scaleOf('a'.repeat(200))).toBe(2);
  });
});

test('the value of --lora: files with scales, and paths that hold a comma or a colon', () => {
  expect(parseAdapterSpecs(['a.safetensors:0.8,b.safetensors:-.5', 'c', 'd:1e-1'])).toEqual([
    { path: 'a.safetensors', scale: 0.8 },
    { path: 'b.safetensors', scale: -0.5 },
    { path: 'c', scale: 1 },
    { path: 'd', scale: 0.1 },
  ]);
  const odd = folder.write('x,y:2', '');
  expect(parseAdapterSpecs([odd, `${odd}:0.5`])).toEqual([
    { path: odd, scale: 1 },
    { path: odd, scale: 0.5 },
  ]);
  expect(caught(() => parseAdapterSpecs(['a,,b']))).toMatchObject({ code: 'VALUE_SYNTAX' });
});

describe('which weight', () => {
  const pair = (module: string) => peftPair(module, randomTensor('float32', [1, 3], 1), randomTensor('float32', [2, 1], 2));
  const updated = (names: readonly string[], path: string, map?: WeightMap): readonly string[] => {
    const bases = Object.fromEntries(names.map((name) => [name, randomTensor('float32', [2, 3], 3)]));
    return planned({
      weights: names.map((name) => weight(name, 'float32', 2, 3)),
      bases,
      adapters: [path],
      ...(map === undefined ? {} : { map }),
    }).updated;
  };

  test.each([
    ['layers.0.q', ['layers.0.q.weight', 'layers.0.k.weight'], 'layers.0.q.weight'],
    ['model.layers.0.q', ['layers.0.q', 'layers.1.q'], 'layers.0.q'],
    ['layers.0.q', ['bert.layers.0.q.weight', 'bert.layers.1.q.weight'], 'bert.layers.0.q.weight'],
    ['layers.0.q', ['model.layers.0.q.base_layer.weight'], 'model.layers.0.q.base_layer.weight'],
  ])('layer %s of PEFT among %j', (module, names, name) => {
    config({ r: 1 });
    expect(updated(names, saveTensors(folder.path('a.safetensors'), pair(module)))).toEqual([name]);
  });

  test('of Kohya, whose dots are underscores', () => {
    const tensors = kohyaPair('down_blocks.0.to_q', randomTensor('float32', [1, 3], 1), randomTensor('float32', [2, 1], 2), 1);
    const path = saveTensors(folder.path('a.safetensors'), tensors);
    expect(updated(['down_blocks.0.to_q.weight', 'down_blocks.0.to_k.weight'], path)).toEqual(['down_blocks.0.to_q.weight']);
    expect(updated(['unet.down_blocks.0.to_q.weight'], path)).toEqual(['unet.down_blocks.0.to_q.weight']);
  });

  test('a map tells it, with the names of the checkpoint', () => {
    config({ r: 1 });
    const path = saveTensors(folder.path('a.safetensors'), pair('fc'));
    const map = { path: 'map.json', entries: [{ from: 'model.fc.weight', to: 'onnx::MatMul_7' }] };
    expect(updated(['onnx::MatMul_7'], path, map)).toEqual(['onnx::MatMul_7']);
  });

  test('layers without one are an error that names near weights, all at once', () => {
    config({ r: 1 });
    const path = saveTensors(folder.path('a.safetensors'), [...pair('layers.0.fcc'), ...pair('head')]);
    const error = caught(() => updated(['layers.0.fc.weight'], path));
    expect(error).toMatchObject({ code: 'WEIGHT_UNKNOWN', problems: { length: 2 } });
    expect(error.problems.map(({ fix }) => fix)).toContain('Did you mean "layers.0.fc.weight"?');
    expect(error.problems.map(({ message }) => message)).toContain(`Layer "head" of ${path} is no updatable weight of the bundle.`);
  });

  test('two that may be meant are an error', () => {
    config({ r: 1 });
    const path = saveTensors(folder.path('a.safetensors'), pair('q'));
    expect(caught(() => updated(['a.q', 'b.q'], path))).toMatchObject({
      code: 'WEIGHT_UNKNOWN',
      message: expect.stringContaining('may be "a.q", "b.q"'),
    });
  });
});

describe('how a square weight stands', () => {
  const square = { fc: weight('fc', 'float32', 2, 2), wide: weight('wide', 'float32', 3, 2) };
  const bases = { fc: randomTensor('float32', [2, 2], 1), wide: randomTensor('float32', [3, 2], 2) };
  const fc = peftPair('fc', randomTensor('float32', [1, 2], 3), randomTensor('float32', [2, 1], 4));
  // [out, in] is [2, 3]: so `wide` is stored [in, out].
  const wide = peftPair('wide', randomTensor('float32', [1, 3], 5), randomTensor('float32', [2, 1], 6));
  const stands = (tensors: typeof fc, map?: WeightMap) => {
    const path = saveTensors(folder.path('a.safetensors'), tensors);
    const plan = planned({ weights: Object.values(square), bases, adapters: [path], ...(map === undefined ? {} : { map }) });
    return { ...plan.lora[0], warnings: plan.warnings.map(({ code }) => code) };
  };

  test('as in torch, where nothing else is known', () => {
    config({ r: 1 });
    expect(stands(fc)).toMatchObject({ transposed: false, by: 'square: as in torch, [out, in]', warnings: ['LORA_SQUARE'] });
  });

  test('as the other weights of the adapter stand', () => {
    config({ r: 1 });
    expect(stands([...fc, ...wide])).toMatchObject({ transposed: true, by: 'square: as the other weights of the adapter stand' });
  });

  test('by fan_in_fan_out', () => {
    config({ r: 1, fan_in_fan_out: true });
    expect(stands(fc)).toMatchObject({ transposed: true, by: 'square: by fan_in_fan_out of the adapter' });
  });

  test('by the map, before all of these', () => {
    config({ r: 1 });
    const entry = { from: 'fc.weight', to: 'fc' };
    expect(stands(fc, { path: 'm', entries: [{ ...entry, transpose: [1, 0] }] })).toMatchObject({
      transposed: true,
      by: 'by the map',
      warnings: [],
    });
    expect(stands([...fc, ...wide], { path: 'm', entries: [entry] })).toMatchObject({ transposed: false, by: 'by the map' });
  });
});

describe('factors that the bundle keeps apart', () => {
  const weights = (rank: number, isTransposed = false) => [
    weight('fc.lora_A.weight', 'float16', ...(isTransposed ? [3, rank] : [rank, 3])),
    weight('fc.lora_B.weight', 'float16', ...(isTransposed ? [rank, 2] : [2, rank])),
  ];
  const product = (rank: number, seed: number) => ({
    down: randomTensor('float16', [rank, 3], seed),
    up: randomTensor('float16', [2, rank], seed + 1),
  });

  test.each([false, true])(
    'take the adapters side by side, zeros up to the built rank, the scale in the second: transposed %s',
    (isTransposed) => {
      config({ r: 2, lora_alpha: 4, rank_pattern: {} });
      const [one, two] = [product(2, 1), product(2, 5)];
      const paths = [one, two].map(({ down, up }, i) => saveTensors(folder.path(`${i}.safetensors`), peftPair('fc', down, up)));
      const plan = planned({ weights: weights(5, isTransposed), adapters: [`${paths[0]}:0.5,${paths[1]}`] });
      const [a, b] = ['fc.lora_A.weight', 'fc.lora_B.weight'].map((name) =>
        decodeElements(plan.tensors.get(name) as Tensor).map(Number),
      ) as [number[], number[]];
      const expected = mergedInDoubles(tensorOf('float64', [2, 3], Array(6).fill(0)), [
        { ...one, scale: 0.5 * 2 },
        { ...two, scale: 2 },
      ]);
      for (let i = 0; i < 2; i++) {
        for (let j = 0; j < 3; j++) {
          let sum = 0;
          for (let k = 0; k < 5; k++)
            sum += (isTransposed ? b[k * 2 + i] : (b[i * 5 + k] as number))! * (isTransposed ? a[j * 5 + k] : (a[k * 3 + j] as number))!;
          expect(sum).toBeCloseTo(expected[i * 3 + j] as number, 12);
        }
      }
      expect(a.filter((value) => value === 0)).toHaveLength(3);
      expect(plan.lora.map(({ as, transposed, by }) => [as, transposed, by])).toEqual([
        ['down', isTransposed, 'rank 4 of 5, the rest are zeros'],
        ['up', isTransposed, 'rank 4 of 5, the rest are zeros; the scale is in this factor'],
      ]);
    },
  );

  test('refuse a rank that they were not built for', () => {
    config({ r: 4 });
    const { down, up } = product(4, 1);
    const path = saveTensors(folder.path('a.safetensors'), peftPair('fc', down, up));
    expect(caught(() => planned({ weights: weights(3), adapters: [path] }))).toMatchObject({
      code: 'TENSOR_MISMATCH',
      message: expect.stringContaining('needs the rank 4; the bundle was built for 3'),
    });
  });
});

describe('refused', () => {
  const [down, up] = [tensorOf('float32', [1, 3], [1, 2, 3]), tensorOf('float32', [2, 1], [1, 2])];
  test.each([
    ['a tensor that is no factor', [named('fc.weight', down)], 'FILE_KIND', 'is no factor of a LoRA'],
    ['DoRA', [...peftPair('fc', down, up), named('base_model.model.fc.lora_magnitude_vector', up)], 'FILE_KIND', 'DoRA'],
    ['three factors', [named('lora_unet_fc.lora_mid.weight', down)], 'FILE_KIND', 'three factors'],
    ['one factor', peftPair('fc', down, up).slice(1), 'TENSOR_MISMATCH', 'has no factor "down (A)"'],
    ['factors of two ranks', peftPair('fc', tensorOf('float32', [2, 3], numbers(6, 1)), up), 'TENSOR_MISMATCH', 'give no product'],
    ['factors of integers', peftPair('fc', tensorOf('int32', [1, 3], [1, 2, 3]), up), 'TENSOR_MISMATCH', 'floats are expected'],
    [
      'a weight of another size',
      peftPair('fc', tensorOf('float32', [1, 4], [1, 2, 3, 4]), up),
      'TENSOR_MISMATCH',
      'weight "fc" is float32 [2, 3]',
    ],
    ['no tensor at all', [], 'FILE_KIND', 'has no tensors'],
  ])('%s', (_, tensors, code, words) => {
    const path = saveTensors(folder.path('a.safetensors'), tensors);
    const error = caught(() =>
      planned({ weights: [weight('fc', 'float32', 2, 3)], bases: { fc: randomTensor('float32', [2, 3], 1) }, adapters: [path] }),
    );
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  test('a weight without a value', () => {
    const path = saveTensors(folder.path('a.safetensors'), peftPair('fc', down, up));
    expect(caught(() => planned({ weights: [weight('fc', 'float32', 2, 3)], adapters: [path] }))).toMatchObject({
      code: 'WEIGHTS_NOT_INITIALIZED',
    });
    expect(caught(() => planned({ weights: [], adapters: [`${path}.gone`] }))).toBeInstanceOf(AscendBundleError);
  });
});

test('a folder, as PEFT saves one, is its adapter_model.safetensors', () => {
  config({ r: 1, lora_alpha: 3 });
  writeFileSync(folder.path('adapter_model.safetensors'), '');
  saveTensors(
    folder.path('adapter_model.safetensors'),
    peftPair('fc', tensorOf('float32', [1, 3], [1, 2, 3]), tensorOf('float32', [2, 1], [1, 2])),
  );
  const plan = planned({
    weights: [weight('fc', 'float32', 2, 3)],
    bases: { fc: tensorOf('float32', [2, 3], Array(6).fill(1)) },
    adapters: [`${folder.path()}:2`],
  });
  expect(decodeElements(plan.tensors.get('fc') as Tensor)).toEqual([7, 13, 19, 13, 25, 37]);
});
