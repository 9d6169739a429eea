// The native process's side of the protocol. Native calls are synchronous on its one thread, because GE's error texts and AscendCL's
// context belong to a thread; so nothing here may rely on the event loop while a request is answered.

import { AscendBundleError } from '../../../base/errors.js';
import { openFfi } from '../native/ffi.js';
import { openNative } from '../native/native.js';
import type { Handlers, WorkerContext } from './handlers.js';
import { jobPaths } from './job-folder.js';
import { endWithParent } from './parent-watch.js';
import { type AnyRequest, type FromWorker, PROTOCOL, type SentError, type ToWorker, type WorkerSetup } from './protocol.js';

/** Answers requests of the process that started this one, until it says so or goes away. */
export function serveParent(createHandlers: (context: WorkerContext) => Handlers): void {
  serve(createHandlers).catch(refuse);
}

async function serve(createHandlers: (context: WorkerContext) => Handlers): Promise<void> {
  // Without the other end there is nobody to work for. While a native call blocks this does not run: see endWithParent.
  process.on('disconnect', () => process.exit(0));
  const parentPid = Number(process.argv[2]);
  endWithParent(await openFfi(), parentPid);
  let handlers: Handlers | undefined;
  let current = 0;
  let queue: Promise<void> = Promise.resolve();

  const start = async (setup: WorkerSetup): Promise<void> => {
    const { underWay, processLog, work } = jobPaths(setup.folder);
    const native = await openNative({
      libraryFolders: setup.libraryFolders,
      logFolder: processLog,
      journal: { underWay, trace: setup.trace },
    });
    handlers = createHandlers({
      native,
      folder: work,
      step: (step) => send({ type: 'step', id: current, step }),
      warn: (warning) => send({ type: 'warning', id: current, warning }),
    });
  };

  const receive = async (message: ToWorker): Promise<void> => {
    switch (message.type) {
      case 'hello':
        if (message.protocol !== PROTOCOL) {
          return send({ type: 'refused', reason: `its protocol is ${PROTOCOL}, and the command line speaks ${message.protocol}` });
        }
        await start(message.setup);
        return send({ type: 'ready', protocol: PROTOCOL });
      case 'request': {
        current = message.id;
        try {
          send({ type: 'reply', id: message.id, reply: await answer(handlers, message.request) });
        } catch (error) {
          send({ type: 'failure', id: message.id, error: sentError(error) });
        }
        return;
      }
      case 'close':
        return send({ type: 'closed', failures: (await handlers?.close()) ?? [] });
    }
  };

  // One after the other: a handler that awaits must not see the next request begin.
  process.on('message', (message: ToWorker) => {
    queue = queue.then(() => receive(message)).catch(refuse);
  });
}

async function answer(handlers: Handlers | undefined, request: AnyRequest): Promise<unknown> {
  if (handlers === undefined) throw new TypeError('a request came before the hello');
  const handler = handlers.table[request.kind] as ((request: AnyRequest) => unknown) | undefined;
  if (handler === undefined) throw new TypeError(`there is no handler for "${request.kind}"`);
  return handler(request);
}

function send(message: FromWorker): void {
  process.send?.(message);
}

function sentError(error: unknown): SentError {
  if (error instanceof AscendBundleError) {
    const { code, message, fix, at, problems, native } = error;
    return { kind: 'ours', code, message, fix, at, problems, native };
  }
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'internal', message, stack };
}

function refuse(error: unknown): void {
  send({ type: 'refused', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
