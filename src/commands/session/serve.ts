// The loop of a session: a line in, a reply out, in order, until quit, the end of the input, or a signal.
import { errorFields, problemFields } from '../../base/error-fields.js';
import { AscendBundleError } from '../../base/errors.js';
import { type Line, readLines } from '../../base/lines.js';
import { FailedChange } from '../../weights/all-or-nothing.js';
import { type Envelope, openEnvelope, type Reply } from './requests.js';
import type { ServedSession } from './served-session.js';

/** A line holds at most small tensors; large ones come by file. */
const MAX_LINE_BYTES = 64 << 20;

export interface Channel {
  readonly lines: AsyncIterable<Uint8Array>;
  /** Resolves when the line is on its way and the next one may come. */
  write(line: string): Promise<void>;
}

/** @returns the signal that ended the session; undefined for quit and for the end of the input */
export async function serve(served: ServedSession, { lines: source, write }: Channel): Promise<NodeJS.Signals | undefined> {
  const lines = readLines(source, MAX_LINE_BYTES)[Symbol.asyncIterator]();
  const signals = listenForSignals();
  try {
    for (let number = 1; ; number++) {
      const next = await Promise.race([signals.received, lines.next()]);
      if (typeof next === 'string') return next;
      if (next.done) return undefined;
      const line = next.value;
      if (line.kind === 'text' && line.text.trim() === '') continue;
      signals.pause();
      const { reply, signal } = await answer(served, line, `Line ${number}`);
      // Before the reply: whoever has read it may interrupt at once.
      signals.resume();
      await write(`${JSON.stringify(reply)}\n`);
      if (signal !== undefined) return signal;
      if (reply.op === 'quit' && reply.ok) return undefined;
    }
  } finally {
    signals.pause();
  }
}

/**
 * A signal ends the wait for a line. Nobody listens during a request: native code blocks the event loop, and a handler that
 * never runs would make Ctrl-C useless.
 */
function listenForSignals(): { readonly received: Promise<NodeJS.Signals>; pause(): void; resume(): void } {
  let receive: (signal: NodeJS.Signals) => void = () => undefined;
  const received = new Promise<NodeJS.Signals>((resolve) => {
    receive = resolve;
  });
  const pause = (): void => void process.off('SIGINT', receive).off('SIGTERM', receive);
  const resume = (): void => void process.on('SIGINT', receive).on('SIGTERM', receive);
  resume();
  return { received, pause, resume };
}

interface Answered {
  readonly reply: Reply;
  /** A signal that came while files were written. */
  readonly signal?: NodeJS.Signals | undefined;
}

async function answer(served: ServedSession, line: Line, what: string): Promise<Answered> {
  const start = performance.now();
  const envelope = envelopeOf(line, what);
  const { id, op } = envelope;
  const replyWith = ({ ok, ...parts }: Omit<Reply, 'id' | 'op' | 'ms'>): Reply => {
    return { id, op, ok, ms: Math.round((performance.now() - start) * 1000) / 1000, ...parts };
  };
  try {
    const { result, warnings = [] } = await served.handle(envelope.parse());
    return { reply: replyWith({ ok: true, result, warnings: warnings.map(problemFields), error: null, weights: null }) };
  } catch (failure) {
    served.countFailure();
    const error = failure instanceof FailedChange ? failure.cause : failure;
    const isChange = op === 'update' || op === 'reset' || op === 'restore';
    const weights = failure instanceof FailedChange ? failure.weights : isChange ? 'unchanged' : null;
    return { reply: replyWith({ ok: false, result: null, warnings: [], error: errorFields(error), weights }), signal: signalOf(error) };
  }
}

function envelopeOf(line: Line, what: string): Envelope {
  if (line.kind === 'text') return openEnvelope(line.text, what);
  const message =
    line.kind === 'not-utf8' ? `${what} is not UTF-8 text.` : `${what} has ${line.bytes} bytes; ${MAX_LINE_BYTES} are the most.`;
  const parse = (): never => {
    throw new AscendBundleError('USAGE', { message, fix: 'Write one JSON object a line, and give large tensors as files.' });
  };
  return { id: null, op: null, parse };
}

function signalOf(error: unknown): NodeJS.Signals | undefined {
  if (!(error instanceof AscendBundleError)) return undefined;
  return error.code === 'INTERRUPTED' ? 'SIGINT' : error.code === 'TERMINATED' ? 'SIGTERM' : undefined;
}
