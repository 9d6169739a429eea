// What holds of every bundle and every sequence of updates, bit for bit. The reference is a bundle that was built with the new
// values in its graph, or a second session of the same bundle.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Session } from '../../src/backends/backend.js';
import { openSession } from '../../src/commands/shared/open-session.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { build } from '../../src/index.js';
import { SILENT } from './opened.js';
import { type Net, nets, randomTensor, type Seeds, tensorsOf, updatesOf, wholeUpdatesOf, writeNet } from './random-nets.js';

/** A net as a bundle, for the time of one run. */
class Bench implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ascend-bundle-test-'));
  readonly #sessions: Session[] = [];
  #count = 0;

  constructor(readonly net: Net) {}

  /** A session of the bundle, with the weights of `seeds` in the graph that it is built from. */
  async open(seeds?: Seeds): Promise<Session> {
    const { weights, updateGraph } = this.net;
    const number = this.#count++;
    const output = join(this.#folder, `${number}.om`);
    const consts = weights.map(({ name }) => name);
    await build(writeNet(this.net, this.#folder, `${number}.json`, seeds), { consts, output, updateGraph, backend: 'host' });
    const { session } = await openSession(output, 'auto', SILENT);
    this.#sessions.push(session);
    await session.initialize();
    return session;
  }

  /** The outputs for a fixed input, as hexadecimal text. */
  async outputs(session: Session): Promise<readonly string[]> {
    const [{ dtype, shape }] = session.inputs as unknown as readonly [Tensor];
    const x = randomTensor(dtype.name, shape, 77);
    return (await session.run(new Map([['x', x]]))).map(({ name, data }) => `${name} ${Buffer.from(data.read()).toString('hex')}`);
  }

  tensors(seeds: Seeds): ReadonlyMap<string, Tensor> {
    return tensorsOf(this.net, seeds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) await session[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

type Bad = 'unknown name' | 'wrong dtype' | 'wrong shape';

/** An update of which one part cannot be. */
function spoil(net: Net, tensors: ReadonlyMap<string, Tensor>, how: Bad): ReadonlyMap<string, Tensor> {
  if (how === 'unknown name') return new Map([...tensors, ['no such weight', randomTensor('float32', [1], 1)]]);
  const { name, dtype, shape } = net.weights.at(-1) as Net['weights'][number];
  const wrong =
    how === 'wrong dtype' ? randomTensor(dtype === 'float32' ? 'float64' : 'float32', shape, 1) : randomTensor(dtype, [...shape, 2], 1);
  return new Map([...tensors, [name, wrong]]);
}

type Step =
  | { readonly kind: 'update' | 'fail'; readonly seeds: Seeds; readonly how: Bad }
  | { readonly kind: 'reset' | 'snapshot' | 'restore' };

function stepsOf(net: Net): fc.Arbitrary<readonly Step[]> {
  const how = fc.constantFrom<Bad>('unknown name', 'wrong dtype', 'wrong shape');
  const change = fc.record({ kind: fc.constantFrom('update' as const, 'update' as const, 'fail' as const), seeds: updatesOf(net), how });
  const other = fc.record({ kind: fc.constantFrom('reset' as const, 'snapshot' as const, 'restore' as const) });
  return fc.array(fc.oneof(change, other), { minLength: 1, maxLength: 8 });
}

/** @param runs  random cases of each property */
export function updateProperties(runs: number): void {
  const holds = <T>(more: (net: Net) => fc.Arbitrary<T>, check: (bench: Bench, given: T) => Promise<void>): Promise<void> =>
    fc.assert(
      fc.asyncProperty(
        nets.chain((net) => fc.tuple(fc.constant(net), more(net))),
        async ([net, given]) => {
          await using bench = new Bench(net);
          await check(bench, given);
        },
      ),
      { numRuns: runs },
    );
  const twoOf = (net: Net): fc.Arbitrary<readonly [Seeds, Seeds]> => fc.tuple(updatesOf(net), updatesOf(net));

  test('partial updates compose: A then B is A and B at once, and is a bundle built with those values', () =>
    holds(twoOf, async (bench, [a, b]) => {
      const both = new Map([...a, ...b]);
      const [stepwise, atOnce, built] = [await bench.open(), await bench.open(), await bench.open(both)];
      await stepwise.update(bench.tensors(a));
      await stepwise.update(bench.tensors(b));
      await atOnce.update(bench.tensors(both));
      const expected = await bench.outputs(built);
      expect(await bench.outputs(stepwise)).toEqual(expected);
      expect(await bench.outputs(atOnce)).toEqual(expected);
    }));

  test('after A, B and reset the weights are those of init', () =>
    holds(twoOf, async (bench, [a, b]) => {
      const session = await bench.open();
      const initial = await bench.outputs(session);
      await session.update(bench.tensors(a));
      await session.update(bench.tensors(b));
      await session.initialize();
      expect(await bench.outputs(session)).toEqual(initial);
    }));

  test('A, B and A again give the outputs of A, whatever B was', () =>
    holds(
      (net) => fc.tuple(wholeUpdatesOf(net), updatesOf(net)),
      async (bench, [a, b]) => {
        const session = await bench.open();
        await session.update(bench.tensors(a));
        const first = await bench.outputs(session);
        await session.update(bench.tensors(b));
        await session.update(bench.tensors(a));
        expect(await bench.outputs(session)).toEqual(first);
      },
    ));

  test('an update that fails leaves the outputs as they were', () =>
    holds(
      (net) => fc.tuple(updatesOf(net), updatesOf(net), fc.constantFrom<Bad>('unknown name', 'wrong dtype', 'wrong shape')),
      async (bench, [a, b, how]) => {
        const session = await bench.open();
        await session.update(bench.tensors(a));
        const before = await bench.outputs(session);
        await expect(session.update(spoil(bench.net, bench.tensors(b), how))).rejects.toMatchObject({ name: 'AscendBundleError' });
        expect(await bench.outputs(session)).toEqual(before);
      },
    ));

  test('updates, failures, resets, snapshots and restores in any order: the weights are what they were last given', () =>
    holds(stepsOf, async (bench, steps) => {
      const session = await bench.open();
      const reference = await bench.open();
      // The model: which seed each weight's value came from; none for the built-in value.
      let weights: Seeds = new Map();
      let saved: { readonly weights: Seeds; readonly snapshot: ReadonlyMap<string, Tensor> } | undefined;
      for (const step of steps) {
        if (step.kind === 'update') {
          await session.update(bench.tensors(step.seeds));
          weights = new Map([...weights, ...step.seeds]);
        } else if (step.kind === 'fail') {
          await expect(session.update(spoil(bench.net, bench.tensors(step.seeds), step.how))).rejects.toThrow();
        } else if (step.kind === 'reset') {
          await session.initialize();
          weights = new Map();
        } else if (step.kind === 'snapshot') saved = { weights, snapshot: session.snapshot() };
        else if (saved !== undefined) {
          await session.restore(saved.snapshot);
          weights = saved.weights;
        }
        const whole = new Map(bench.net.weights.map(({ name, seed }) => [name, weights.get(name) ?? seed]));
        await reference.update(bench.tensors(whole));
        expect(await bench.outputs(session)).toEqual(await bench.outputs(reference));
      }
    }));
}
