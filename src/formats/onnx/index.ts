// `.onnx` files, any size: structure is decoded, weights stay ranges of the file.
import { basename } from 'node:path';
import { AscendBundleError } from '../../base/errors.js';
import { type FileBytes, openFile } from '../../base/open-file.js';
import { decode } from '../../base/protobuf/index.js';
import type { Graph } from '../../graph/graph.js';
import { OnnxModel } from '../encodings/onnx-model.js';
import type { OnnxProgram } from '../encodings/onnx-program.js';
import { checkModel } from './check-model.js';
import { takeConstants } from './constants.js';
import { externalData } from './external.js';
import { nameNodes } from './names.js';
import { projectGraph } from './project.js';
import { settleTensors } from './settle.js';
import { upgradeModel } from './upgrade.js';
import { namedSpecs } from './values.js';

/** An ONNX model in two views: what is executed, and what is looked at. */
export interface OnnxSource extends OnnxProgram, Disposable {
  /** In the ONNX dialect: a `Data` per input, a `Const` per const, every other node as it is. */
  readonly graph: Graph;
}

/** The oldest IR version in which an initializer need not be a graph input too. */
const IR_OF_FREE_INITIALIZERS = 4;

/**
 * Reads a model of opset 1 to 26. The file stays open until the source is disposed of, or forgotten with all ranges of its
 * weights; external data is opened for each read.
 *
 * @throws FILE_NOT_FOUND, FILE_IO, FILE_EMPTY, FILE_KIND, FILE_MALFORMED, FILE_TRUNCATED, PATH_ESCAPES, GRAPH_INVALID,
 *   OP_UNSUPPORTED, DTYPE_UNSUPPORTED
 */
export function readOnnx(path: string): OnnxSource {
  const file = openFile(path);
  try {
    return Object.assign(readModel(file), { [Symbol.dispose]: () => file[Symbol.dispose]() });
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function readModel(file: FileBytes): Omit<OnnxSource, keyof Disposable> {
  const { path } = file;
  const what = basename(path);
  if (file.length === 0) {
    throw new AscendBundleError('FILE_EMPTY', { message: `${path} is empty (0 bytes).`, fix: 'Copy or export the file again.' });
  }
  const source = { what, external: externalData(path) };
  const decoded = decode(OnnxModel, file, what);
  checkModel(decoded, what);
  const model = settleTensors(upgradeModel(decoded, what), source);
  const { consts, graph: bare } = takeConstants(model.graph ?? {}, source);
  const inputs = namedSpecs(bare.input ?? [], 'input', what);
  const outputs = namedSpecs(bare.output ?? [], 'output', what);
  const reserved = [...consts.map(({ constName }) => constName), ...inputs.map(({ name }) => name)];
  const graph = { ...bare, node: nameNodes(bare.node ?? [], reserved) };
  return {
    model: { ...model, irVersion: Math.max(Number(model.irVersion), IR_OF_FREE_INITIALIZERS), graph },
    consts,
    inputs,
    outputs,
    graph: projectGraph({ name: graph.name ?? '', graph, inputs, consts, source }),
  };
}
