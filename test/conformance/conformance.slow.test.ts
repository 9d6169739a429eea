// The list of cases on every backend that works here. On a machine with CANN and a device: npx vitest run test/conformance
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Session, WeightsSnapshot } from '../../src/backends/backend.js';
import { loadBackend } from '../../src/backends/registry.js';
import { openBundleAt } from '../../src/commands/shared/bundle.js';
import { type DType, dtype } from '../../src/graph/dtype.js';
import { decodeElements } from '../../src/graph/elements.js';
import type { NamedSpec, Tensor } from '../../src/graph/tensor.js';
import { caughtLater } from '../support/caught-later.js';
import { BIN } from '../support/cli.js';
import { expectClose } from '../support/close.js';
import { testFolder } from '../support/folder.js';
import { tensorOf } from '../support/tensors.js';
import { type Conformer, conformers } from './backends.js';
import { CASES, type ConformanceCase, type Step } from './cases.js';

const folder = testFolder();
const { usable, unusable } = conformers(process.env);
const left = unusable.length === 0 ? '' : ` Not on ${unusable.join('; ')}.`;
console.warn(`Conformance runs on: ${usable.map(({ name }) => name).join(', ')}.${left}`);

test('the host is among the backends, and every backend runs most of the list', () => {
  expect(usable.map(({ name }) => name)).toContain('host');
  for (const backend of usable) expect(CASES.filter((one) => isComputed(one, backend)).length).toBeGreaterThan(CASES.length / 2);
});

describe.each(usable)('on $name', (backend) => {
  test.each(CASES.filter((one) => isComputed(one, backend)))('$name', async (one) => {
    const path = build(one, backend);
    const bundle = openBundleAt(path);
    const weights = bundle.weights.map(({ constName, spec }) => ({ name: constName, ...spec }));
    expect(weights.map(({ name }) => name)).toEqual(one.consts);
    const { kind, env } = backend;
    await using session = await (await loadBackend({ kind, reason: 'a test' })).open(
      bundle,
      path,
      kind === 'host' ? {} : { device: { env } },
    );
    const player = new Player(session, weights, backend);
    if (!one.build?.includes('--no-init')) await session.initialize();
    for (const step of one.steps) await player.play(step);
  });
});

function isComputed({ operators }: ConformanceCase, { operators: known }: Conformer): boolean {
  return known === undefined || operators.every((name) => known.has(name));
}

function build({ graph, consts, build: more = [] }: ConformanceCase, { build: own, env }: Conformer): string {
  const source = folder.path('onnx' in graph ? 'graph.onnx' : 'graph.json');
  writeFileSync(source, 'onnx' in graph ? graph.onnx : JSON.stringify(graph.json));
  const args = ['build', source, '--consts', consts.join(','), '-o', folder.path('bundle.om'), ...own, ...more];
  const { status, stderr } = spawnSync(process.execPath, [BIN, ...args], { env, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return folder.path('bundle.om');
}

class Player {
  #snapshot: WeightsSnapshot = new Map();

  constructor(
    readonly session: Session,
    readonly weights: readonly NamedSpec[],
    readonly backend: Conformer,
  ) {}

  async play(step: Step): Promise<void> {
    const { session } = this;
    switch (step.do) {
      case 'init':
        return session.initialize();
      case 'snapshot':
        this.#snapshot = session.snapshot();
        return;
      case 'restore':
        return session.restore(this.#snapshot);
      case 'update': {
        const given = Object.entries(step.weights).map(([name, values]) => [name, this.#weight(name, values)] as const);
        const { updated, kept } = await session.update(new Map(given));
        expect(updated).toEqual(step.updated);
        expect([...updated, ...kept].sort()).toEqual(this.weights.map(({ name }) => name).sort());
        return;
      }
      case 'infer': {
        const types = new Map(session.inputs.map(({ name, dtype: type }) => [name, type]));
        const inputs = Object.entries(step.inputs).map(
          ([name, { shape, values }]) => [name, tensorOf((types.get(name) as DType).name, shape, values)] as const,
        );
        const outputs = await session.run(new Map(inputs));
        expect(outputs).toHaveLength(step.outputs.length);
        for (const [i, output] of outputs.entries()) {
          expectClose(decodeElements(output).map(Number), step.outputs[i] as readonly number[], this.backend.tolerance);
        }
        return;
      }
      case 'refused':
        expect(await caughtLater(this.play(step.step))).toMatchObject({ code: step.code });
    }
  }

  #weight(name: string, values: readonly number[] | 'empty'): Tensor {
    const { dtype: type, shape } = this.weights.find((weight) => weight.name === name) ?? { dtype: dtype('float32'), shape: [4] };
    if (values === 'empty') return tensorOf(type.name, [0], []);
    const count = shape.reduce((product, dim) => product * dim, 1);
    return tensorOf(type.name, count === values.length ? shape : [values.length], values);
  }
}
