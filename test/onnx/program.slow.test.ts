// Programs read from the corpus, executed by ONNX Runtime: ONNX's own expected outputs are the reference.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { readOnnx } from '../../src/formats/onnx/index.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { expectClose } from '../support/close.js';
import { onnxCaseNames, readOnnxCase } from '../support/onnx-cases.js';
import { elements } from '../support/ort.js';
import { openProgram } from '../support/program.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Cases that are refused by a documented limit. */
const REFUSED = /strnorm|gradient/;

test.each(onnxCaseNames().filter((name) => !REFUSED.test(name)))('%s', async (name) => {
  const { model, inputs, outputs } = readOnnxCase(name);
  const program = readOnnx(model);
  const weights = program.consts.filter(({ tensor }) => /float/.test(tensor.dtype.name)).map(({ constName }) => constName);
  await using session = await openProgram(program, weights, folder);
  const results = await session.run(new Map(program.inputs.map((input, i) => [input.name, inputs[i] as Tensor])));
  for (const [i, output] of program.outputs.entries()) expectClose(results.get(output.name), elements(outputs[i] as Tensor));
});
