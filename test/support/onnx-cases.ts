// ONNX's own backend test cases in the corpus: a model, its inputs and the outputs that are expected.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFile } from '../../src/base/open-file.js';
import { decode } from '../../src/base/protobuf/index.js';
import { OnnxModel, OnnxTensor } from '../../src/formats/encodings/onnx-model.js';
import { toTensor } from '../../src/formats/onnx/tensor.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { corpus, hasCorpus } from './corpus.js';

export interface OnnxCase {
  readonly path: string;
  /** As decoded, nothing changed. */
  readonly model: OnnxModel;
  /** By name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** In the order of the model's outputs. */
  readonly outputs: readonly Tensor[];
}

const GROUPS = ['pytorch-converted', 'pytorch-operator', 'simple'];

export function onnxCaseNames(): readonly string[] {
  if (!hasCorpus) return [];
  return GROUPS.flatMap((group) => readdirSync(corpus('onnx', group)).map((name) => `${group}/${name}`));
}

export function readOnnxCase(name: string): OnnxCase {
  const path = corpus('onnx', name, 'model.onnx');
  const model = decode(OnnxModel, openFile(path), path);
  const initialized = new Set(model.graph?.initializer?.map((one) => one.name));
  const inputNames = (model.graph?.input ?? []).flatMap((one) => (initialized.has(one.name) ? [] : [one.name ?? '']));
  const tensors = readTensors(name, 'input');
  return {
    path,
    model,
    inputs: new Map(inputNames.map((input, i) => [input, tensors[i] as Tensor])),
    outputs: readTensors(name, 'output'),
  };
}

function readTensors(name: string, role: string): readonly Tensor[] {
  const tensors: Tensor[] = [];
  for (let i = 0; ; i++) {
    const path = corpus('onnx', name, join('test_data_set_0', `${role}_${i}.pb`));
    if (!existsSync(path)) return tensors;
    tensors.push(toTensor(decode(OnnxTensor, openFile(path), path), { what: path }));
  }
}
