// session: a bundle that stays open and answers one JSON request a line.
import { BACKEND_CHOICES } from '../backends/backend.js';
import { AscendBundleError } from '../base/errors.js';
import { serve } from './session/serve.js';
import { ServedSession } from './session/served-session.js';
import { DEVICE_OPTIONS, DEVICE_VALUES, type DeviceValues } from './shared/device-options.js';
import { openSession } from './shared/open-session.js';
import { oneOf, optionValues, text } from './shared/option-values.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

export interface SessionValues extends DeviceValues {
  readonly bundle: string;
  readonly backend: 'auto' | 'host' | 'ascend';
}

const values: ValuesSchema<SessionValues> = optionValues({
  bundle: text,
  backend: oneOf(BACKEND_CHOICES, 'auto'),
  ...DEVICE_VALUES,
});

export const session: Verb<SessionValues, null> = {
  name: 'session',
  summary: 'keep a bundle open and answer JSON requests, one a line',
  description: `Opens a bundle, gives every weight its built-in value, and answers requests: one JSON object a line on stdin, one reply a line on stdout, in order.

  {"op": "infer", "inputs": {"x": "@x.npy"}}        "output": "DIR" writes files
  {"op": "update", "weights": ["new.safetensors"]}  all of it or nothing
  {"op": "reset"}                                   the built-in weights again
  {"op": "snapshot", "name": "a"}                   then restore, by name
  {"op": "stats"}                                   and quit, or end of input

A tensor is written as for \`run\`, or as numbers: {"x": [[1, 2, 3], [4, 5, 6]]}. An "id" comes back in the reply. A failure is a reply too, with "ok": false and the error; the session goes on. \`ascend-bundle schema session\` has every field.`,
  arguments: [{ name: 'bundle', help: 'the bundle to open' }],
  options: [
    { flags: '--backend <kind>', help: 'must be the one the bundle was built for', choices: BACKEND_CHOICES, default: 'auto' },
    ...DEVICE_OPTIONS,
  ],
  examples: [
    `echo '{"op": "infer", "inputs": {"x": "rand:1"}}' \\\n  | ascend-bundle session linear.om`,
    'ascend-bundle session linear.om < requests.jsonl > replies.jsonl',
  ],
  values,
  run: runSession,
};

async function runSession({ bundle: path, backend, ...device }: SessionValues, io: Io): Promise<Outcome<null>> {
  await using opened = await openSession(path, backend, io, device);
  if (opened.hasInit) await io.step('init', () => opened.session.initialize());
  const signal = await serve(new ServedSession(opened), { lines: process.stdin, write: writeLine });
  // An input that is still open would keep the process waiting.
  process.stdin.destroy();
  return { result: null, isStreamed: true, error: signal === undefined ? undefined : endedBy(signal) };
}

async function writeLine(line: string): Promise<void> {
  if (process.stdout.write(line)) return;
  await new Promise<void>((resolve) => void process.stdout.once('drain', resolve));
}

function endedBy(signal: NodeJS.Signals): AscendBundleError {
  return new AscendBundleError(signal === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED', {
    message: 'The session was interrupted, and has been closed.',
  });
}
