// Attribute compression: names of attributes, and texts that are their values, stored as numbers of lists. Source: om-format §3.6.
import { AscendBundleError } from '../../base/errors.js';
import { type AttrDef, LIST_TYPE, type ModelDef, type OpDef, type TensorDescriptor } from '../encodings/ge-model.js';

const MARK = '\0';
const BASE = 127;

/** The lists of one model. */
interface Dictionary {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** Per name: its value is a number of `values`. */
  readonly isText: readonly boolean[];
}

/**
 * The model with all names and texts in clear; the same object when nothing is compressed.
 *
 * @param root  the model of the first table, for the others: their attributes may be compressed twice, with their own lists
 *              and then with the root's
 * @throws FILE_MALFORMED
 */
export function decompressModel(model: ModelDef, what: string, root: ModelDef = model): ModelDef {
  const dictionaries = [model, ...(root === model ? [] : [root])].flatMap((owner) => dictionaryOf(owner, what) ?? []);
  if (dictionaries.length === 0 || model.attr?.get('om_compress_version') === undefined) return model;
  const decoder = new Decoder(dictionaries, what);
  return { ...model, graph: (model.graph ?? []).map((graph) => ({ ...graph, op: (graph.op ?? []).map((op) => decoder.op(op)) })) };
}

function dictionaryOf(model: ModelDef, what: string): Dictionary | undefined {
  if (model.attr?.get('om_compress_version') === undefined) return undefined;
  const list = (name: string) => model.attr?.get(name)?.list;
  const names = list('attr_name_enum')?.s ?? [];
  const values = list('attr_value_enum')?.s ?? [];
  const isText = list('attrs_use_string_value')?.b ?? [];
  if (names.length !== isText.length) {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${what} is damaged: ${names.length} attribute names are compressed, and ${isText.length} say how their values are.`,
      fix: 'Copy the file again, or compile the model again.',
    });
  }
  return { names, values, isText };
}

class Decoder {
  constructor(
    readonly dictionaries: readonly Dictionary[],
    readonly what: string,
  ) {}

  op(op: OpDef): OpDef {
    const descs = (list: TensorDescriptor[] | undefined) => list?.map((desc) => this.#with(desc, op));
    const inputDesc = descs(op.inputDesc);
    const outputDesc = descs(op.outputDesc);
    return {
      ...this.#with(op, op),
      ...(inputDesc === undefined ? {} : { inputDesc }),
      ...(outputDesc === undefined ? {} : { outputDesc }),
    };
  }

  #with<T extends { attr?: Map<string, AttrDef> }>(owner: T, op: OpDef): T {
    if (owner.attr === undefined) return owner;
    return { ...owner, attr: new Map([...owner.attr].map(([name, value]) => this.#attr(name, value, op))) };
  }

  #attr(name: string, value: AttrDef, op: OpDef): [string, AttrDef] {
    let clear = { name, value };
    for (let i = 0; clear.name.startsWith(MARK); i++) {
      const dictionary = this.dictionaries[i];
      if (dictionary === undefined) this.#fail(op, `attribute number ${digits(name)} has no name`);
      clear = this.#lookUp(dictionary, clear.name, clear.value, op);
    }
    return [clear.name, clear.value];
  }

  #lookUp(dictionary: Dictionary, key: string, value: AttrDef, op: OpDef): { name: string; value: AttrDef } {
    const index = digits(key);
    const name = dictionary.names[index];
    if (name === undefined) this.#fail(op, `attribute number ${index} is beyond the list of ${dictionary.names.length} names`);
    return { name, value: dictionary.isText[index] ? this.#text(dictionary, value, op) : value };
  }

  #text(dictionary: Dictionary, value: AttrDef, op: OpDef): AttrDef {
    const look = (index: number | bigint): string =>
      dictionary.values[Number(index)] ?? this.#fail(op, `text number ${index} is beyond the list of ${dictionary.values.length} texts`);
    if (value.i !== undefined) return { s: look(value.i) };
    if (value.list !== undefined && value.list.s === undefined) {
      return { list: { s: (value.list.i ?? []).map(look), valType: LIST_TYPE.string } };
    }
    return value;
  }

  #fail(op: OpDef, why: string): never {
    throw new AscendBundleError('FILE_MALFORMED', {
      message: `${this.what} is damaged: in node "${op.name ?? ''}", ${why}.`,
      at: op.name,
      fix: 'Copy the file again, or compile the model again.',
    });
  }
}

/** A zero byte, then digits of base 127 from the lowest, each stored plus one so that no other zero byte appears. */
function digits(key: string): number {
  let index = 0;
  for (let k = key.length - 1; k >= 1; k--) index = index * BASE + key.charCodeAt(k) - 1;
  return index;
}
