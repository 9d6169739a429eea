// The constants of a stored executable that are no weights, with their values: inline, or where WEIGHTS_DATA has them.
import { type Bytes, equalBytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import type { OnnxGraph, OnnxTensor } from '../../formats/encodings/onnx-model.js';
import { findPartition, PARTITION, type Submodel } from '../../formats/om/index.js';
import { constValue } from '../../graph/graph.js';
import type { Tensor } from '../../graph/tensor.js';
import { SMALL_FLOATS, widenTensor } from './widen-small-floats.js';

const FLOAT = 1;
const BFLOAT16 = SMALL_FLOATS.bfloat16;

/** A constant of the executable that is no weight. */
export interface StoredConstant {
  /** The value that the program reads. */
  readonly value: string;
  /** With its bytes, under whatever name. */
  readonly initializer: OnnxTensor;
}

export class StoredConstants {
  readonly #data: Bytes | undefined;
  readonly #narrow: ReadonlyMap<string, Tensor>;
  /** What Casts make, by what they take. */
  readonly #casts: ReadonlyMap<string, string>;

  constructor(infer: Submodel, { node = [] }: OnnxGraph) {
    this.#casts = new Map(
      node.flatMap(({ opType, input: [from = ''] = [], output: [to = ''] = [] }) => (opType === 'Cast' ? [[from, to]] : [])),
    );
    this.#data = findPartition(infer.om.tables[0], PARTITION.weightsData)?.bytes;
    this.#narrow = new Map(
      infer.graph.nodes.flatMap((node) => {
        const tensor = constValue(node);
        return tensor?.dtype.name === 'bfloat16' ? [[node.name, tensor]] : [];
      }),
    );
  }

  /** @throws BUNDLE_INVALID when it is not in WEIGHTS_DATA */
  read(tensor: OnnxTensor, path: string): StoredConstant {
    const { name = '', externalData, dataLocation: _, ...rest } = tensor;
    if (externalData === undefined) return { value: name, initializer: this.#asItWas(tensor) };
    const entry = (wanted: string): number => Number(externalData.find(({ key }) => key === wanted)?.value);
    const offset = entry('offset');
    const end = offset + entry('length');
    if (this.#data === undefined || !(0 <= offset && offset <= end && end <= this.#data.length)) {
      throw new AscendBundleError('BUNDLE_INVALID', {
        message: `The executable of ${path} has "${name}" at bytes ${offset} to ${end} of WEIGHTS_DATA, which has ${this.#data?.length ?? 0}.`,
        fix: 'Build the bundle again.',
      });
    }
    const value = tensor.dataType === BFLOAT16 ? (this.#casts.get(name) ?? name) : name;
    return { value, initializer: { ...rest, name, rawData: this.#data.slice(offset, end) } };
  }

  /** A small bfloat16 constant was widened when it was stored. It is known again by its name and its value. */
  #asItWas(tensor: OnnxTensor): OnnxTensor {
    const narrow = tensor.dataType === FLOAT ? this.#narrow.get(tensor.name ?? '') : undefined;
    if (narrow === undefined || tensor.rawData === undefined || !equalBytes(widenTensor(narrow).data, tensor.rawData)) return tensor;
    return { ...tensor, dataType: BFLOAT16, rawData: narrow.data };
  }
}
