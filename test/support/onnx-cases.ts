// ONNX's own backend test cases in the corpus: a model, its inputs and the outputs that are expected.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFile } from '../../src/base/bytes.js';
import { decode } from '../../src/base/protobuf/index.js';
import { OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { toTensor } from '../../src/formats/onnx/tensor.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { corpus, hasCorpus } from './corpus.js';

export interface OnnxCase {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

const GROUPS = ['pytorch-converted', 'pytorch-operator', 'simple'];

/** Paths only: a case that cannot be read is a finding of the test, not of the list. */
export function onnxCaseNames(): readonly string[] {
  if (!hasCorpus) return [];
  return GROUPS.flatMap((group) => readdirSync(corpus('onnx', group)).map((name) => `${group}/${name}`));
}

export function readOnnxCase(name: string): OnnxCase {
  const folder = corpus('onnx', name);
  return { name, model: join(folder, 'model.onnx'), inputs: readTensors(folder, 'input'), outputs: readTensors(folder, 'output') };
}

function readTensors(folder: string, role: string): readonly Tensor[] {
  const tensors: Tensor[] = [];
  for (let i = 0; ; i++) {
    const path = join(folder, 'test_data_set_0', `${role}_${i}.pb`);
    if (!existsSync(path)) return tensors;
    tensors.push(toTensor(decode(OnnxTensor, openFile(path), path), { what: path }));
  }
}
