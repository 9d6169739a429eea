// Every native call goes through here: checked before, noted while it runs, its status checked after. A status that is not success
// becomes one error with the call, the status by name, what the vendor says about it and the first lines of its log.
import { AscendBundleError, type NativeDetails } from '../../../base/errors.js';
import { describeCode, explainFailure, type GeMessage, parseGeText, vendorWords } from '../codes/index.js';
import { isOut, outValue, type Prepared, prepareArguments } from './arguments.js';
import { freshText } from './error-text.js';
import type { Ffi, FfiType } from './ffi.js';
import { type Libraries, symbolsMissing } from './libraries.js';
import type { Address, Memory } from './memory.js';
import { type AddressNames, shownArguments, stemOf } from './names.js';
import type { Plog } from './plog.js';
import {
  type CallArguments,
  type CallResult,
  type FunctionName,
  type NativeFunction,
  nativeFunctions,
  type Returns,
} from './symbols/index.js';
import { type Journal, rounded } from './trace.js';

export interface CallerParts {
  readonly ffi: Ffi;
  readonly memory: Memory;
  readonly libraries: Libraries;
  readonly names: AddressNames;
  readonly journal: Journal;
  readonly plog: Plog;
}

export interface CallOptions {
  /** Statuses that count as success besides 0: 100002 of a second aclInit. */
  readonly accept?: readonly number[];
}

export interface Caller {
  /**
   * Calls `name` with its arguments but the `out` ones.
   *
   * @returns what it filled, by parameter name; where it fills nothing, what it returns; nothing of a mere status
   * @throws NATIVE_CALL when it fails, SYMBOL_MISSING when no opened library has it
   */
  call<N extends FunctionName>(name: N, ...given: CallArguments<N>): CallResult<N>;
  callAccepting<N extends FunctionName>(options: CallOptions, name: N, ...given: CallArguments<N>): CallResult<N>;
  has(name: FunctionName): boolean;
}

/** What our own layouts are made of; a trace shows their content where they are used. */
const UNTRACED: ReadonlySet<FunctionName> = new Set(['AscendString.AscendString', 'insertAndRebalance']);

export function isTraced(name: FunctionName): boolean {
  return !UNTRACED.has(name);
}

const LOG_LINES = 3;

const LOG_FLUSHES = ['DlogFlush', 'DlogFlush of C++'] as const satisfies readonly FunctionName[];
/** Answers that only a failed call gives. */
const FAILS_AS_NULL: ReadonlySet<Returns> = new Set(['handle']);

const RETURN_TYPES: Record<Returns, Exclude<FfiType, 'bytes'>> = {
  graphStatus: 'u32',
  aclError: 'i32',
  handle: 'address',
  address: 'address',
  text: 'address',
  u64: 'address',
  i32: 'i32',
  u32: 'u32',
  bool: 'u8',
  void: 'void',
};

export function createCaller({ ffi, memory, libraries, names, journal, plog }: CallerParts): Caller {
  const functions = nativeFunctions();
  const present = new Map<FunctionName, boolean>();
  let lastText = '';

  const has = (name: FunctionName): boolean => {
    // Only what is there is remembered: a library may still be opened.
    const isPresent = present.get(name) ?? libraries.whereIs(name) !== undefined;
    if (isPresent) present.set(name, true);
    return isPresent;
  };

  /** What the vendor says, once: reading clears its store. */
  const recentText = (): string => {
    if (!has('aclGetRecentErrMsg')) return '';
    const text = memory.readCString(ffi.call({ symbol: 'aclGetRecentErrMsg', returns: 'address', types: [], values: [] }) as Address) ?? '';
    const fresh = freshText(text, lastText);
    lastText = text;
    return fresh;
  };

  /** A thread of the log writes five times a second: what was said of a failure is not in the file yet, and a killed process loses it. */
  const flushLog = (): void => {
    const flush = LOG_FLUSHES.find(has);
    if (flush !== undefined) ffi.call({ symbol: (functions.get(flush) as NativeFunction).symbol, returns: 'void', types: [], values: [] });
  };

  const callAccepting = (options: CallOptions, name: FunctionName, ...given: readonly unknown[]): unknown => {
    const row = functions.get(name) as NativeFunction;
    const prepared = prepareArguments(row, given);
    if (!has(name)) throw symbolsMissing([row], libraries.opened);
    const record = { call: name, arguments: shownArguments(row, prepared, names) };
    journal.begin(record);
    const start = performance.now();
    const returned = ffi.call({
      symbol: row.symbol,
      returns: RETURN_TYPES[row.returns],
      types: prepared.map(({ type }) => type),
      values: prepared.map(({ value }) => value),
    });
    const ms = rounded(performance.now() - start);
    const status = statusOf(row, returned, options);
    const results = status.isFailure ? {} : resultsOf(row, prepared, returned, memory, names);
    journal.end(record, isTraced(name) ? { results: results.shown, status: status.name, ms } : undefined);
    if (!status.isFailure) return results.value;
    const text = recentText();
    flushLog();
    throw callError(row, record.arguments, status, text, plog.freshErrors(LOG_LINES));
  };

  return {
    has,
    callAccepting: callAccepting as Caller['callAccepting'],
    call: ((name: FunctionName, ...given: readonly unknown[]) => callAccepting({}, name, ...given)) as Caller['call'],
  };
}

interface Status {
  readonly isFailure: boolean;
  /** Null of a call that answers with none. */
  readonly code: number | null;
  readonly name: string | null;
}

function statusOf({ returns }: NativeFunction, returned: unknown, { accept = [] }: CallOptions): Status {
  if (FAILS_AS_NULL.has(returns)) return { isFailure: returned === 0n, code: null, name: returned === 0n ? 'NULL' : null };
  if (returns !== 'graphStatus' && returns !== 'aclError') return { isFailure: false, code: null, name: null };
  const code = returned as number;
  return { isFailure: code !== 0 && !accept.includes(code), code, name: describeCode(returns, code).name };
}

interface Results {
  readonly value?: unknown;
  readonly shown?: Record<string, unknown>;
}

function resultsOf(row: NativeFunction, prepared: readonly Prepared[], returned: unknown, memory: Memory, names: AddressNames): Results {
  const outs = prepared.filter(({ parameter }) => isOut(parameter.kind));
  if (outs.length > 0) {
    const filled = outs.map((one) => [one.parameter, outValue(one)] as const);
    const shown = filled.map(([{ name, kind }, value]) => {
      if (kind === 'out handle' && value !== 0n) names.add(value as Address, stemOf(row, name));
      return [name, kind === 'out handle' ? names.of(value as Address, name) : shownValue(value)];
    });
    return { value: Object.fromEntries(filled.map(([{ name }, value]) => [name, value])), shown: Object.fromEntries(shown) };
  }
  switch (row.returns) {
    case 'handle': {
      const stem = row.name.replace(/^acl(?:mdl)?(?:Create|Get)?/, '').replace(/^./, (first) => first.toLowerCase());
      if (/Create/.test(row.name)) names.add(returned as Address, stem);
      return { value: returned, shown: { returns: names.of(returned as Address, stem) } };
    }
    case 'address':
      return { value: returned, shown: { returns: names.of(returned as Address, 'memory') } };
    case 'text': {
      const text = memory.readCString(returned as Address);
      return { value: text, shown: { returns: text ?? null } };
    }
    case 'bool':
      return { value: returned !== 0, shown: { returns: returned !== 0 } };
    case 'u64':
    case 'i32':
    case 'u32':
      return { value: returned, shown: { returns: shownValue(returned) } };
    default:
      return {};
  }
}

function shownValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value !== 'bigint') return value;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
}

function callError(
  { name, returns }: NativeFunction,
  shown: Readonly<Record<string, unknown>>,
  { code, name: statusName }: Status,
  text: string,
  log: readonly string[],
): AscendBundleError {
  const family = returns === 'graphStatus' ? 'graphStatus' : 'aclError';
  const { said, fix } = code === null ? { said: vendorWords(text), fix: undefined } : explainFailure({ family, status: code, text });
  const reason = said ?? (text.trim().split('\n', 1)[0] || log[0]);
  const native: NativeDetails = {
    call: name,
    arguments: shown,
    family: code === null ? null : family,
    status: code,
    name: statusName,
    text: plainText(text),
    log,
    signal: null,
    folder: null,
  };
  return new AscendBundleError('NATIVE_CALL', {
    message: `${name} failed with ${shownStatus(code, statusName)}${reason === undefined ? ', and gives no reason.' : `: ${reason}`}`,
    fix,
    at: name,
    native,
  });
}

/** `GRAPH_PARAM_INVALID (50331649, 0x3000001)`; some people know the number, others its bits. */
function shownStatus(code: number | null, name: string | null): string {
  if (code === null) return 'NULL';
  const number = `${code}, 0x${(code >>> 0).toString(16)}`;
  return name === null ? `status ${number}` : `${name} (${number})`;
}

/** The vendor's messages without process ids, times and trace-backs. */
function plainText(text: string): string | null {
  const messages = parseGeText(text);
  if (messages.length === 0) return text.trim() || null;
  return messages.map(plainMessage).join('\n');
}

function plainMessage({ code, message, cause, solution, trace }: GeMessage): string {
  // An inner error says nothing but that there was one; where it came from is the best there is.
  const [innermost] = INNER_ERRORS.includes(code) ? trace : [];
  const parts = [cause && `Possible cause: ${cause}`, solution && `Solution: ${solution}`, innermost && `In: ${innermost}`];
  return [`${code}: ${message}`, ...parts].filter(Boolean).join('\n');
}

const INNER_ERRORS = ['E19999', 'EZ9999'];
