// What must be true of an ONNX model as a whole before anything is made of it.
import { AscendBundleError } from '../../base/errors.js';
import type { OnnxGraph, OnnxModel } from '../encodings/onnx-model.js';
import { innerGraphs } from './attributes.js';
import { opsetOf } from './upgrade.js';

/** The newest that ONNX Runtime 1.30 accepts. */
export const NEWEST_OPSET = 26;
export const NEWEST_IR_VERSION = 13;

const TRAINING_DOMAIN = 'ai.onnx.preview.training';

/**
 * @param what  names the file in errors
 * @throws FILE_KIND when it is no ONNX model; OP_UNSUPPORTED for versions that are too new and for training
 */
export function checkModel(model: OnnxModel, what: string): void {
  const { graph } = model;
  if (graph === undefined || model.irVersion === undefined) {
    throw new AscendBundleError('FILE_KIND', {
      message: `${what} is not an ONNX model: it has no ${graph === undefined ? 'graph' : 'ir_version'}.`,
      fix: 'Give a .onnx file; "inspect" tells what kind of file this is.',
    });
  }
  const fail = (message: string, fix: string): never => {
    throw new AscendBundleError('OP_UNSUPPORTED', { message: `${what} ${message}.`, fix });
  };
  if (model.irVersion > NEWEST_IR_VERSION) {
    fail(
      `is of IR version ${model.irVersion}; the newest that is understood is ${NEWEST_IR_VERSION}`,
      'Export it for an older version of ONNX.',
    );
  }
  const opset = opsetOf(model);
  if (!(opset >= 1 && opset <= NEWEST_OPSET)) {
    fail(`asks for opset ${opset}; opsets 1 to ${NEWEST_OPSET} are understood`, `Export it with an opset of at most ${NEWEST_OPSET}.`);
  }
  if ((model.trainingInfo ?? []).length > 0) fail('holds training information', 'Export the model for inference.');
  refuseTraining(graph, what);
}

function refuseTraining(graph: OnnxGraph, what: string): void {
  for (const [i, node] of (graph.node ?? []).entries()) {
    if (node.domain === TRAINING_DOMAIN) {
      throw new AscendBundleError('OP_UNSUPPORTED', {
        message: `Node "${node.name ?? ''}" of ${what} is ${node.opType ?? ''}, an operator of training (${TRAINING_DOMAIN}).`,
        at: `/graph/node/${i}`,
        fix: 'Export the model for inference.',
      });
    }
    for (const { graph: inner } of innerGraphs(node)) refuseTraining(inner, what);
  }
}
