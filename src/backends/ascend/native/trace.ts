// What is called: the call under way in a file of fixed size, so that it is known after a crash, and each finished call as a JSON line.
import { appendFileSync, openSync, readFileSync, writeSync } from 'node:fs';
import { fileError } from '../../../base/file-error.js';

/** The beginning of one line of `--trace`, and one call of `--dry-run`. */
export interface CallRecord {
  readonly call: string;
  /** By parameter; addresses as names such as `graph#1`, objects of ours as what is in them. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface CallOutcome {
  /** What the call filled, by parameter, or what it returned. */
  readonly results?: Readonly<Record<string, unknown>> | undefined;
  /** `GRAPH_SUCCESS`, …; null of a call that has none. */
  readonly status: string | null;
  readonly ms: number;
}

export interface Journal {
  begin(record: CallRecord): void;
  /** Without an outcome the call is not worth a line. */
  end(record: CallRecord, outcome?: CallOutcome): void;
}

export interface JournalFiles {
  /** Holds the call under way; `callUnderWay` reads it. */
  readonly underWay: string;
  /** JSON lines are added to it. */
  readonly trace?: string | undefined;
}

const RECORD_BYTES = 4096;

export function openJournal({ underWay, trace }: JournalFiles): Journal {
  const fd = openSync(underWay, 'w');
  const traceFd = trace === undefined ? undefined : openSync(trace, 'a');
  const start = performance.now();
  const record = Buffer.alloc(RECORD_BYTES);
  // One write at one place, before the call: nothing that waits in a queue would be seen after a crash.
  const note = (text: string): void => {
    record.fill(' ');
    record.write(text, 'utf8');
    writeSync(fd, record, 0, RECORD_BYTES, 0);
  };
  // The block is there from now on: a disk that fills up later does not matter.
  note('');
  return {
    begin(call) {
      const whole = JSON.stringify(call);
      note(Buffer.byteLength(whole) <= RECORD_BYTES ? whole : JSON.stringify({ call: call.call, arguments: {} }));
    },
    end(call, outcome) {
      note('');
      if (traceFd === undefined || outcome === undefined) return;
      const line = `${JSON.stringify({ t: rounded(performance.now() - start), ...call, ...outcome })}\n`;
      try {
        writeSync(traceFd, line);
      } catch (cause) {
        throw fileError(trace as string, cause, 'write');
      }
    },
  };
}

/** The call that had begun and not ended when the process that wrote `path` died. */
export function callUnderWay(path: string): CallRecord | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? undefined : (JSON.parse(text) as CallRecord);
  } catch {
    // The process died before it called anything, or in the middle of writing this down.
    return undefined;
  }
}

/** The last line of a trace whose process did not live to write it. */
export function traceUnfinished(trace: string, call: CallRecord, status: string): void {
  try {
    appendFileSync(trace, `${JSON.stringify({ t: null, ...call, status, ms: null })}\n`);
  } catch {
    // The end of the process is the error, and it names the call.
  }
}

export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
