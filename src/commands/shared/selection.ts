// Which constants a command line means: names, and expressions over what the constants are.
import type { Problem } from '../../base/errors.js';
import { chooseConsts } from '../../graph/choose.js';
import type { Graph } from '../../graph/graph.js';
import type { SelectOptions } from '../../graph/select.js';
import { parseSelector } from '../../graph/selector.js';
import { readNames } from './names.js';
import type { SelectionValues } from './selection-options.js';

export interface SelectionFields {
  readonly select: readonly string[];
  readonly exclude: readonly string[];
  /** What the expressions added to the names. */
  readonly matched: readonly string[];
  /** What they match and a build would refuse. */
  readonly skipped: readonly { readonly name: string; readonly code: string; readonly message: string }[];
}

export interface Selection {
  /** Empty when nothing was asked for. */
  readonly names: readonly string[];
  /** Null without expressions. */
  readonly fields: SelectionFields | null;
  readonly warnings: readonly Problem[];
}

/** The options, checked as far as they can be without the graph. */
export interface AskedSelection {
  readonly isEmpty: boolean;
  /** @throws CONST_NOT_FOUND, CONST_UNFIT */
  resolve(graph: Graph, options?: SelectOptions): Selection;
}

/** @throws VALUE_SYNTAX for an expression; errors of the files of names */
export function askedSelection({ consts, const: single, select, exclude }: SelectionValues): AskedSelection {
  const names = readNames(consts, single);
  const expressions = { select: select.map(parseSelector), exclude: exclude.map(parseSelector) };
  const isEmpty = names.length === 0 && select.length === 0;
  return {
    isEmpty,
    resolve(graph, options) {
      if (select.length === 0 && exclude.length === 0) return { names, fields: null, warnings: [] };
      const { names: chosen, matched, skipped, warnings } = chooseConsts(graph, names, expressions, options);
      const reasons = skipped.map(({ code, message, at = '' }) => ({ name: at, code, message }));
      return { names: chosen, fields: { select, exclude, matched, skipped: reasons }, warnings };
    },
  };
}
