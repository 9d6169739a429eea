// The way A → B → A over sessions that are wrong in each of the ways that are known of real ones.
import { expect, test } from 'vitest';
import type { Session, UpdateReport } from '../../src/backends/backend.js';
import { checkAba, checkUpdate } from '../../src/commands/verify/checks.js';
import { roundTrip } from '../../src/commands/verify/journey.js';
import type { Bundle } from '../../src/formats/om/index.js';
import { dtype } from '../../src/graph/dtype.js';
import { decodeElements } from '../../src/graph/elements.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { Allowances } from '../../src/weights/tolerance.js';
import { SILENT } from '../support/opened.js';
import { named, tensorOf } from '../support/tensors.js';

const vector = (...values: number[]): Tensor => tensorOf('float32', [values.length], values);
const SPEC = { dtype: dtype('float32'), shape: [2] };
const WEIGHTS = ['w', 'b'].map((constName, updateIndex) => ({
  constName,
  variableName: `${constName}_var`,
  updateIndex,
  spec: SPEC,
  variable: { ...SPEC, offsetBytes: 0, bytes: 8 },
  isConditional: true,
}));
const BUNDLE = { weights: WEIGHTS } as unknown as Bundle;

type Values = Map<string, Tensor>;

/** y = x·w + b, element by element. What an update does is the fault. */
function sessionOf(update: (values: Values, given: ReadonlyMap<string, Tensor>) => void, noise: () => number = () => 0): Session {
  const values: Values = new Map([
    ['w', vector(1, 2)],
    ['b', vector(0, 0)],
  ]);
  const numbers = (tensor: Tensor | undefined): number[] => decodeElements(tensor as Tensor).map(Number);
  return {
    inputs: [{ ...SPEC, name: 'x' }],
    outputs: [{ ...SPEC, name: 'y' }],
    initialize: async () => undefined,
    async update(given): Promise<UpdateReport> {
      update(values, given);
      return { updated: [...given.keys()], kept: [], warnings: [] };
    },
    snapshot: () => new Map(values),
    restore: async (snapshot) => right(values, snapshot),
    async run(inputs) {
      const [w, b, x] = [numbers(values.get('w')), numbers(values.get('b')), numbers(inputs.get('x'))];
      return [named('y', vector(...x.map((value, i) => value * (w[i] as number) + (b[i] as number) + noise())))];
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const right = (values: Values, given: ReadonlyMap<string, Tensor>): void => given.forEach((tensor, name) => void values.set(name, tensor));
const X = new Map([['x', vector(1, 1)]]);
const NEW = new Map([['w', vector(3, 4)]]);
const allowances = new Allowances({ atol: [], rtol: [], cosine: [] }, ['y']);
const predicted = { other: 'g', before: new Map([['y', vector(1, 2)]]), after: new Map([['y', vector(3, 4)]]) };

async function checks(session: Session, weights: ReadonlyMap<string, Tensor> = NEW) {
  const first = await session.run(X);
  const round = await roundTrip(session, BUNDLE, first, weights, X, SILENT);
  return {
    update: checkUpdate(first, round, [], allowances).failures,
    predicted: checkUpdate(first, round, [predicted], allowances).failures,
    aba: checkAba(first, round, 'new').failures,
  };
}

test('a session that updates as it should passes all of them', async () => {
  expect(await checks(sessionOf(right))).toEqual({ update: [], predicted: [], aba: [] });
});

test('an update that reports success and keeps the old weights', async () => {
  const { update, predicted: withGraph, aba } = await checks(sessionOf(() => undefined));
  expect(update).toEqual([expect.stringContaining('the new weights (w) moved no output')]);
  expect(withGraph).toEqual([
    'output "y": 2 of 2 elements are beyond the tolerance, the worst at [0]: 1 where 3 is expected',
    'in g the new weights move "y" by up to 2; here they moved no output',
  ]);
  expect(aba).toEqual(update);
});

test('an update that adds to what is there, as merged adapters do', async () => {
  const blend = (values: Values, given: ReadonlyMap<string, Tensor>): void =>
    given.forEach((tensor, name) => {
      const old = decodeElements(values.get(name) as Tensor).map(Number);
      values.set(name, vector(...decodeElements(tensor).map((value, i) => (Number(value) + (old[i] as number)) / 2)));
    });
  const { update, predicted: withGraph, aba } = await checks(sessionOf(blend));
  // (1 + 3) / 2 and (2 + 4) / 2; then (1 + 2) / 2 and (2 + 3) / 2.
  expect(withGraph[0]).toBe('output "y": 2 of 2 elements are beyond the tolerance, the worst at [0]: 2 where 3 is expected');
  const back = 'with the old weights again, output "y": 2 of 2 elements differ, the worst at [0]: 1.5 where 1 is expected';
  expect(update).toEqual([back]);
  expect(aba).toEqual([back]);
});

test('an update that touches a weight that was not given', async () => {
  const clumsy = (values: Values, given: ReadonlyMap<string, Tensor>): void => {
    right(values, given);
    values.set('b', vector(0, 1));
  };
  const { update, predicted: withGraph } = await checks(sessionOf(clumsy));
  expect(update[0]).toBe('weight "b" was not given, and has changed');
  expect(withGraph[0]).toContain('the worst at [1]: 5 where 4 is expected');
});

test('the same weights again move nothing, and that proves nothing', async () => {
  const { aba } = await checks(sessionOf(right), new Map([['w', vector(1, 2)]]));
  expect(aba).toEqual(['the new weights (w) moved no output: they are the ones that it has']);
});

test('a model that never gives the same twice is told from one whose weights are wrong', async () => {
  let runs = 0;
  const { aba } = await checks(sessionOf(right, () => runs++));
  expect(aba).toEqual([expect.stringContaining('with the old weights again'), expect.stringContaining('not deterministic')]);
});
