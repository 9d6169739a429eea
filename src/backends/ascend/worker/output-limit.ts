// What native code prints may have no end: its file is cut when it grows beyond what anybody reads.
import { statSync, truncateSync } from 'node:fs';

const MOST_BYTES = 64 << 20;
const LOOK_MS = 200;

/** @returns stops looking */
export function limitOutput(path: string): () => void {
  const timer = setInterval(() => {
    try {
      // It is written with O_APPEND, so that the next line is at the new beginning.
      if (statSync(path).size > MOST_BYTES) truncateSync(path);
    } catch {
      // The folder has been removed; the timer ends with it.
    }
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
