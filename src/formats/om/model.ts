// What a single model holds: its graph, inputs, outputs, constants, variables. Everything is read when it is asked for, once.
// Sources: om-format §3 (MODEL_DEF), §3.7 (constants), §3.8 (variables), §4 (inputs and outputs).
import type { Bytes } from '../../base/bytes.js';
import { AscendBundleError } from '../../base/errors.js';
import { decode } from '../../base/protobuf/index.js';
import { UNDEFINED_DTYPE } from '../../graph/dtype.js';
import { constValue, dataNodes, type Graph, splitRef } from '../../graph/graph.js';
import { isStatic, type NamedSpec, type Tensor, type TensorSpec, tensorBytes, UNKNOWN_RANK } from '../../graph/tensor.js';
import { descriptorInt, descriptorSpec } from '../encodings/ge-desc.js';
import { graphFromModelDef } from '../encodings/ge-graph.js';
import { type GraphDef, ModelDef, type OpDef, type TensorDescriptor } from '../encodings/ge-model.js';
import { findPartition, type Om, type Partition } from './container.js';
import { decompressModel } from './decompress.js';
import { GEAR_INPUT } from './gear-input.js';
import { isFlow } from './header.js';
import { type InoutInfo, readInoutInfo } from './inout-info.js';
import { VARIABLE_BASE_ADDRESS } from './layout.js';
import { PARTITION } from './partition-types.js';

export interface Constant {
  readonly name: string;
  /** The (sub-)graph that holds the node. */
  readonly graph: string;
  readonly tensor: Tensor;
  /** In WEIGHTS_DATA; undefined when the bytes are in MODEL_DEF itself. */
  readonly offsetBytes: number | undefined;
  /** From the beginning of the file; undefined likewise. */
  readonly fileOffsetBytes: number | undefined;
}

export interface Variable extends TensorSpec {
  readonly name: string;
  /** In variable memory; undefined where the model does not say it. */
  readonly offsetBytes: number | undefined;
  /** Of its elements, without padding; undefined when the shape is not static. */
  readonly bytes: number | undefined;
}

/** An attribute that this project's host backend gives a model whose operators are not GE's, with their dialect as its value. */
export const OPERATORS_ATTR = 'ascend_bundle_operators';

export class OmModel {
  readonly #what: string;
  readonly #base: number;
  #def: ModelDef | undefined;
  #graph: Graph | undefined;
  #variables: readonly Variable[] | undefined;
  #weightsByGraph: ReadonlyMap<string, Partition> | undefined;

  /**
   * @param what  names the model in messages
   * @param base  where it begins in its file, for messages
   */
  constructor(
    readonly om: Om,
    what: string,
    base = 0,
  ) {
    this.#what = what;
    this.#base = base;
  }

  /**
   * MODEL_DEF of the first table, attributes in clear. In a model of dynamic shape it holds the graphs of all tables.
   *
   * @throws FILE_MALFORMED
   */
  get def(): ModelDef {
    this.#def ??= this.#readDef(0);
    return this.#def;
  }

  /**
   * MODEL_DEF of another table: a piece of a model of dynamic shape that was compiled apart.
   *
   * @throws FILE_MALFORMED
   */
  defOfTable(index: number): ModelDef {
    return index === 0 ? this.def : this.#readDef(index);
  }

  /**
   * The graph; values of constants are ranges of WEIGHTS_DATA.
   *
   * @throws FILE_MALFORMED
   */
  get graph(): Graph {
    this.#graph ??= this.#readGraph();
    return this.#graph;
  }

  /**
   * MODEL_INOUT_INFO, or what stands for it in files of the SVP line; undefined in older files.
   *
   * @throws FILE_MALFORMED
   */
  get inoutInfo(): InoutInfo | undefined {
    const [table] = this.om.tables;
    const own = findPartition(table, PARTITION.modelInoutInfo);
    if (own !== undefined) return readInoutInfo(own.bytes, `${this.#what}, ${own.typeName}`, this.#base + own.offsetBytes);
    const svp = isFlow(this.om.header) ? undefined : findPartition(table, PARTITION.flowModel);
    return svp === undefined ? undefined : readInoutInfo(svp.bytes, `${this.#what}, inputs and outputs`, this.#base + svp.offsetBytes);
  }

  /** In the order of the model's inputs, without the one that takes the gear. @throws FILE_MALFORMED */
  get inputs(): readonly NamedSpec[] {
    const inputs =
      this.inoutInfo?.inputs ??
      dataNodes(this.graph).map(({ name, outputDescs, inputDescs }) => named(name, outputDescs[0] ?? inputDescs[0]));
    return inputs.filter(({ name }) => name !== GEAR_INPUT);
  }

  /** @throws FILE_MALFORMED */
  get outputs(): readonly NamedSpec[] {
    const info = this.inoutInfo;
    if (info !== undefined) return info.outputs;
    const nodes = new Map(this.graph.nodes.map((node) => [node.name, node]));
    return this.graph.outputs.map(({ name, value }) => {
      const { node, output } = splitRef(value);
      return named(name, nodes.get(node)?.outputDescs[output]);
    });
  }

  /** Every Const with a value, sub-graphs included. @throws FILE_MALFORMED */
  get constants(): readonly Constant[] {
    const places = new Map<string, Pick<Constant, 'offsetBytes' | 'fileOffsetBytes'>>();
    for (const graph of this.def.graph ?? []) {
      for (const op of graph.op ?? []) places.set(`${graph.name}\0${op.name}`, this.#placeOf(op, graph));
    }
    return [this.graph, ...this.graph.subgraphs].flatMap((graph) =>
      graph.nodes.flatMap((node) => {
        const tensor = node.type === 'Const' || node.type === 'Constant' ? constValue(node) : undefined;
        return tensor === undefined
          ? []
          : [{ name: node.name, graph: graph.name, tensor, ...(places.get(`${graph.name}\0${node.name}`) ?? NOWHERE) }];
      }),
    );
  }

  /** Every Variable once, in order of appearance. @throws FILE_MALFORMED */
  get variables(): readonly Variable[] {
    this.#variables ??= this.#readVariables();
    return this.#variables;
  }

  #readGraph(): Graph {
    const resolve = (desc: TensorDescriptor, op: OpDef, graph: GraphDef): Bytes | undefined => this.#constantBytes(desc, op, graph);
    const graph = graphFromModelDef(this.def, { what: this.#what, resolve });
    return this.def.attr?.get(OPERATORS_ATTR)?.s === 'onnx' ? { ...graph, dialect: 'onnx' } : graph;
  }

  #readVariables(): readonly Variable[] {
    const base = this.#variableBase();
    const found = new Map<string, Variable>();
    for (const graph of this.def.graph ?? []) {
      for (const op of graph.op ?? []) {
        if (op.type === 'Variable' && !found.has(op.name ?? '')) found.set(op.name ?? '', this.#variable(op, base));
      }
    }
    return [...found.values()];
  }

  #variable(op: OpDef, base: number): Variable {
    const address = op.outputI?.[0];
    const spec = descriptorSpec(op.outputDesc?.[0] ?? {}, (why) => this.#fail(op, why));
    return {
      name: op.name ?? '',
      ...spec,
      offsetBytes: address === undefined ? undefined : Number(address) - base,
      bytes: isStatic(spec.shape) ? tensorBytes(spec.dtype, spec.shape) : undefined,
    };
  }

  /** The first table of a model of dynamic shape does not say it; the others do. */
  #variableBase(): number {
    for (let i = 0; i < this.om.tables.length; i++) {
      const address = this.defOfTable(i).attr?.get('task_gen_variable_addr')?.i;
      if (address !== undefined) return Number(address);
    }
    return VARIABLE_BASE_ADDRESS;
  }

  #readDef(index: number): ModelDef {
    const part = findPartition(this.om.tables[index], PARTITION.modelDef);
    if (part === undefined) {
      throw new AscendBundleError('FILE_MALFORMED', {
        message: `${this.#what} has no MODEL_DEF partition, so it has no graph.`,
        fix: 'Compile the model again.',
      });
    }
    const what = `${this.#what}, MODEL_DEF`;
    const model = decode(ModelDef, part.bytes, what, this.#base + part.offsetBytes);
    return decompressModel(model, what, index === 0 ? model : this.def);
  }

  #placeOf(op: OpDef, graph: GraphDef): Pick<Constant, 'offsetBytes' | 'fileOffsetBytes'> {
    const offsetBytes = placedOffset(op);
    const weights = offsetBytes === undefined ? undefined : this.#weightsOf(graph);
    if (offsetBytes === undefined || weights === undefined) return NOWHERE;
    return { offsetBytes, fileOffsetBytes: this.#base + weights.offsetBytes + offsetBytes };
  }

  #constantBytes(desc: TensorDescriptor, op: OpDef, graph: GraphDef): Bytes | undefined {
    const length = Number(descriptorInt(desc, 'weightSize') ?? 0);
    const offset = offsetOf(desc);
    if (length <= 0) return undefined;
    const weights = this.#weightsOf(graph);
    if (weights === undefined) this.#fail(op, `its value is at byte ${offset} of WEIGHTS_DATA, which the model does not have`);
    if (offset < 0 || offset + length > weights.bytes.length) {
      this.#fail(op, `its value has ${length} bytes from byte ${offset} of WEIGHTS_DATA, which has ${weights.bytes.length}`);
    }
    return weights.bytes.slice(offset, offset + length);
  }

  /** A graph that was compiled apart has its weights in the table whose model has the graph's name (§1.8). */
  #weightsOf(graph: GraphDef): Partition | undefined {
    const { tables } = this.om;
    if (tables.length > 1 && graph !== this.def.graph?.[0]) {
      this.#weightsByGraph ??= new Map(
        tables.slice(1).flatMap((table, i) => {
          const weights = findPartition(table, PARTITION.weightsData);
          return weights === undefined ? [] : [[this.#readDef(i + 1).name ?? '', weights] as const];
        }),
      );
      const own = this.#weightsByGraph.get(graph.name ?? '');
      if (own !== undefined) return own;
    }
    return findPartition(tables[0], PARTITION.weightsData);
  }

  #fail(op: OpDef, why: string): never {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${this.#what} is damaged: of node "${op.name ?? ''}" (${op.type ?? ''}), ${why}.`,
      at: op.name,
      fix: 'Copy the file again, or compile the model again.',
    });
  }
}

function named(name: string, spec: TensorSpec | undefined): NamedSpec {
  const { dtype, shape, format } = spec ?? UNKNOWN_SPEC;
  return { name, dtype, shape, ...(format === undefined ? {} : { format }) };
}

const NOWHERE = { offsetBytes: undefined, fileOffsetBytes: undefined } as const;
const UNKNOWN_SPEC: TensorSpec = { dtype: UNDEFINED_DTYPE, shape: UNKNOWN_RANK };

/** HiAI's models say `merged_offset`. A field that is not there is 0, as everywhere in proto3. */
function offsetOf(desc: TensorDescriptor): number {
  return Number(desc.attr?.get('merged_offset')?.i ?? descriptorInt(desc, 'dataOffset') ?? 0);
}

function placedOffset(op: OpDef): number | undefined {
  const value = op.attr?.get('value')?.t;
  const isInline = (value?.data?.length ?? 0) > 0;
  return value?.desc === undefined || isInline ? undefined : offsetOf(value.desc);
}
