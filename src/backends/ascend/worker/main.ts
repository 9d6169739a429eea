// The native process: the entry of dist/worker.js, forked by client.ts.
import { createHandlers } from './handlers.js';
import { serveParent } from './serve.js';

serveParent(createHandlers);
