// The one error class of the tool. What a code means to a shell (its exit status) is a table here, so that text, JSON and exit status agree.

/** Exit status per class; the contract of the command line. */
export const EXIT_CODES = {
  internal: 1,
  usage: 2,
  'check-failed': 3,
  input: 4,
  backend: 5,
  native: 6,
  io: 7,
  incompatible: 8,
  timeout: 9,
  crash: 10,
  interrupted: 130,
} as const;

/** The shell's number for a process ended by SIGTERM; the class `interrupted` is SIGINT's. */
export const SIGTERM_EXIT = 143;

export type ErrorClass = keyof typeof EXIT_CODES;

/** Every code with its class. A code is a word that stays the same in text, JSON, documents and tests; error-meanings.ts says what it means. */
export const ERROR_CODES = {
  // usage
  USAGE: 'usage',
  CONSTS_REQUIRED: 'usage',
  VERB_UNKNOWN: 'usage',
  OPTION_UNKNOWN: 'usage',
  CONST_REPEATED: 'usage',
  VALUE_SYNTAX: 'usage',
  INPUT_REPEATED: 'usage',
  // checked, and the answer is no
  CHECK_FAILED: 'check-failed',
  // input: files that are not what they should be
  FILE_EMPTY: 'input',
  FILE_TRUNCATED: 'input',
  FILE_KIND: 'input',
  FILE_MALFORMED: 'input',
  PATH_ESCAPES: 'input',
  // input: graphs
  GRAPH_INVALID: 'input',
  OP_UNSUPPORTED: 'input',
  CONST_NOT_FOUND: 'input',
  CONST_UNFIT: 'input',
  SCALAR_WEIGHT: 'input',
  // input: tensors
  TENSOR_MISMATCH: 'input',
  TENSOR_NOT_FOUND: 'input',
  INPUT_MISSING: 'input',
  INPUT_UNKNOWN: 'input',
  WEIGHT_UNKNOWN: 'input',
  WEIGHTS_MISSING: 'input',
  WEIGHTS_NOT_INITIALIZED: 'input',
  DTYPE_UNSUPPORTED: 'input',
  BUNDLE_INVALID: 'input',
  INIT_MISSING: 'input',
  INITIAL_VALUE_UNKNOWN: 'input',
  WEIGHTS_SHARED: 'input',
  WEIGHT_UNPATCHABLE: 'input',
  // the tool worked, and the answer is no
  SOURCE_MISMATCH: 'check-failed',
  // backends
  BACKEND_UNAVAILABLE: 'backend',
  LIBRARY_UNUSABLE: 'backend',
  SYMBOL_MISSING: 'backend',
  WORKER_FAILED: 'backend',
  NATIVE_CALL: 'native',
  SAVE_UNCLEAR: 'native',
  NATIVE_CRASH: 'crash',
  NATIVE_TIMEOUT: 'timeout',
  ORT_MISSING: 'backend',
  HOST_EXECUTION: 'native',
  BACKEND_MISMATCH: 'incompatible',
  // file system
  FILE_NOT_FOUND: 'io',
  FILE_EXISTS: 'io',
  FILE_IO: 'io',
  INTERRUPTED: 'interrupted',
  TERMINATED: 'interrupted',
} as const satisfies Record<string, ErrorClass>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** Names the thing, the value, what was expected. */
  readonly message: string;
  /** The way out, as an instruction. */
  readonly fix?: string | undefined;
  /** Where: a JSON pointer, a node name, a byte offset such as "byte 256". */
  readonly at?: string | undefined;
  /** Several problems of one file, when they can be reported at once. */
  readonly problems?: readonly Problem[] | undefined;
  readonly cause?: unknown;
  readonly native?: NativeDetails | undefined;
}

/** What is known of a failure in the vendor's libraries. */
export interface NativeDetails {
  /** The function that failed, or was under way; its arguments with addresses as names. */
  readonly call: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The number it answered with, whose number that is, and its name. */
  readonly family: 'graphStatus' | 'aclError' | null;
  readonly status: number | null;
  readonly name: string | null;
  /** What the vendor says, without process ids, times and trace-backs. */
  readonly text: string | null;
  /** The first error lines of its log, or the last of what it printed. */
  readonly log: readonly string[];
  /** The signal that ended the process. */
  readonly signal: string | null;
  /** Where its logs were kept. */
  readonly folder: string | null;
}

/** One finding: an error among several, or a warning. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly at?: string | undefined;
  readonly fix?: string | undefined;
}

export class AscendBundleError extends Error {
  override readonly name = 'AscendBundleError';
  readonly code: ErrorCode;
  readonly fix: string | undefined;
  readonly at: string | undefined;
  readonly problems: readonly Problem[];
  readonly native: NativeDetails | undefined;

  constructor(code: ErrorCode, { message, fix, at, problems, cause, native }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.fix = fix;
    this.at = at;
    this.problems = problems ?? [];
    this.native = native;
  }

  get class(): ErrorClass {
    return ERROR_CODES[this.code];
  }

  get exitCode(): number {
    return this.code === 'TERMINATED' ? SIGTERM_EXIT : EXIT_CODES[this.class];
  }
}
