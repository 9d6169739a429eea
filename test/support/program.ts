// Runs an OnnxProgram with ONNX Runtime as a host bundle is run: fixed consts from a file at odd offsets, refreshable ones fed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { locateWeights, toExecutable } from '../../src/backends/host/executable.js';
import { widenTensor } from '../../src/backends/host/widen-small-floats.js';
import { encode } from '../../src/base/protobuf/index.js';
import { OnnxModel } from '../../src/formats/encodings/onnx-model.js';
import type { OnnxProgram, ProgramConst } from '../../src/formats/encodings/onnx-program.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { type elements, toOrt } from './ort.js';

export interface OpenedProgram extends AsyncDisposable {
  /** `inputs` and `weights` by the user's names; the outputs likewise. Weights that are not given have their own value. */
  run(
    inputs: ReadonlyMap<string, Tensor>,
    weights?: ReadonlyMap<string, Tensor>,
  ): Promise<ReadonlyMap<string, ReturnType<typeof elements>>>;
}

export async function openProgram(program: OnnxProgram, weightNames: readonly string[], folder: string): Promise<OpenedProgram> {
  const parts: Uint8Array[] = [Buffer.alloc(13)];
  let size = 13;
  const place = ({ tensor }: ProgramConst): { offset: number; length: number } => {
    const bytes = tensor.data.read();
    const offset = size;
    parts.push(bytes, Buffer.alloc(1));
    size += bytes.length + 1;
    return { offset: offset - 13, length: bytes.length };
  };
  const executable = toExecutable(program, weightNames, place);
  writeFileSync(join(folder, 'weights.bin'), Buffer.concat(parts));
  const session = await InferenceSession.create(encode(OnnxModel, locateWeights(executable, 'weights.bin', 13)).read(), {
    logSeverityLevel: 4,
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  });
  const own = new Map(program.consts.map(({ constName, tensor }) => [constName, tensor]));
  const inputNames = (executable.graph?.input ?? []).map(({ name = '' }) => name);
  return {
    async run(inputs, weights = new Map()) {
      const given = [
        ...program.inputs.map(({ name }) => inputs.get(name)),
        ...weightNames.map((name) => weights.get(name) ?? own.get(name)),
      ];
      const feeds = Object.fromEntries(given.map((tensor, i) => [inputNames[i] ?? '', toOrt(widenTensor(tensor as Tensor))]));
      const results = await session.run(feeds);
      const outputs = executable.graph?.output ?? [];
      return new Map(program.outputs.map(({ name }, i) => [name, results[outputs[i]?.name ?? '']?.data as ReturnType<typeof elements>]));
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}
