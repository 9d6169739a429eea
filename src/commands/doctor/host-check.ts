// Whether the host backend works, proven by using it: a small bundle is built, opened, run, updated and run again.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadBackend } from '../../backends/registry.js';
import { memoryBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { writeFileAtomically } from '../../base/output-file.js';
import { makeTemporaryFolder, scratchFileError } from '../../base/temporary-folder.js';
import { dtype } from '../../graph/dtype.js';
import { elementsOf } from '../../graph/elements.js';
import { refreshSplit } from '../../graph/refresh.js';
import { selectWeights } from '../../graph/select.js';
import type { Tensor } from '../../graph/tensor.js';
import { openBundleAt } from '../shared/bundle.js';
import { readGraphSource } from '../shared/source.js';

export interface HostCheck {
  readonly isUsable: boolean;
  readonly message: string;
  readonly fix: string | null;
}

/** y = x w, with small numbers that every float format has exactly. */
const GRAPH = {
  name: 'doctor',
  inputs: [{ name: 'x', dtype: 'float32', shape: [1, 2] }],
  consts: [
    {
      name: 'w',
      dtype: 'float32',
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
  nodes: [{ name: 'y', type: 'MatMul', inputs: ['x', 'w'] }],
  outputs: ['y'],
};
const X = [1, 2];
const NEW_W = [0, 1, 1, 0];
/** Of the built-in w, then of the new one; by hand. */
const EXPECTED = [
  [7, 10],
  [2, 1],
];

/** Never throws for what is wrong with the machine. */
export async function checkHost(): Promise<HostCheck> {
  let folder: string | undefined;
  try {
    folder = makeTemporaryFolder('ascend-bundle-doctor');
    const outputs = await buildAndRun(folder);
    const isRight = JSON.stringify(outputs) === JSON.stringify(EXPECTED);
    const given = outputs.map((values) => `[${values.join(', ')}]`).join(', then ');
    return isRight
      ? { isUsable: true, message: `a bundle was built, run, updated and run again: y = ${given}`, fix: null }
      : { isUsable: false, message: `a small model gave y = ${given} instead of [7, 10], then [2, 1]`, fix: 'Reinstall onnxruntime-node.' };
  } catch (error) {
    if (!(error instanceof AscendBundleError)) throw error;
    return { isUsable: false, message: error.message, fix: error.fix ?? null };
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function buildAndRun(folder: string): Promise<number[][]> {
  const path = join(folder, 'doctor.json');
  const bundlePath = join(folder, 'doctor.om');
  writeScratch(path, JSON.stringify(GRAPH));
  const source = await readGraphSource(path);
  const weights = selectWeights(source.graph, ['w']);
  const backend = await loadBackend({ kind: 'host', reason: 'doctor' });
  const graphs = refreshSplit(source.graph, weights, { updateGraph: 'ge' });
  await using compiler = await backend.openCompiler();
  const { bytes } = await compiler.compile({ source, weights, graphs, withInit: true, updateGraph: 'ge' });
  await writeFileAtomically(bundlePath, bytes);
  await using session = await backend.open(openBundleAt(bundlePath), bundlePath);
  const inputs = new Map([['x', float32([1, 2], X)]]);
  const run = async (): Promise<number[]> => {
    const [y] = await session.run(inputs);
    return y === undefined ? [] : Array.from(elementsOf(y) as Float32Array);
  };
  await session.initialize();
  const first = await run();
  await session.update(new Map([['w', float32([2, 2], NEW_W)]]));
  return [first, await run()];
}

function writeScratch(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw scratchFileError(path, cause);
  }
}

function float32(shape: readonly number[], values: readonly number[]): Tensor {
  return { dtype: dtype('float32'), shape, data: memoryBytes(new Uint8Array(Float32Array.from(values).buffer)) };
}
