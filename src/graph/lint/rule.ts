// What a lint rule is and what it sees.
import type { Problem } from '../../base/errors.js';
import type { PAUSE } from '../../base/pauses.js';
import type { ConstUser } from '../const-users.js';
import type { ConstContent } from '../consts.js';
import type { Graph, Node } from '../graph.js';

export type Severity = 'error' | 'warning';

export interface Finding extends Problem {
  readonly severity: Severity;
  /** The const that it is about. */
  readonly constName: string;
  /** Further consts that it is about in the same way. */
  readonly others?: readonly string[];
}

/** A const that is a weight, or could be one. */
export interface Candidate {
  readonly name: string;
  readonly node: Node;
  /** The root or a sub-graph. */
  readonly graph: Graph;
  readonly content: ConstContent;
  readonly users: readonly ConstUser[];
}

export interface Lint {
  readonly graph: Graph;
  /** In the order in which they were named. */
  readonly candidates: readonly Candidate[];
}

export interface Found {
  readonly constName: string;
  readonly others?: readonly string[];
  readonly message: string;
  readonly fix?: string | undefined;
}

export interface Rule {
  readonly severity: Severity;
  /** One line, for lists of rules and SARIF. */
  readonly description: string;
  /** Reads the data of the consts, which takes time for large ones. */
  readonly readsData?: boolean;
  /** About the graph and not about the consts that were chosen. */
  readonly isAboutGraph?: boolean;
  /** A rule that reads data pauses between two pieces of it. */
  check(lint: Lint): Iterable<Found | typeof PAUSE>;
}
