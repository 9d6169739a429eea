// stderr, made when it is first needed: of most verbs nobody hears anything there, and for a pipe Node loads 2 ms of modules.
import { fstatSync } from 'node:fs';

const STDERR = 2;
let isWatched = false;

export function stderr(): NodeJS.WriteStream {
  // Whoever closed it does not want to be told.
  if (!isWatched) process.stderr.on('error', () => undefined);
  isWatched = true;
  return process.stderr;
}

export function isStderrTerminal(): boolean {
  // No other file is a terminal: a pipe, and what `2>` writes to, are known without the stream.
  return fstatSync(STDERR).isCharacterDevice() && stderr().isTTY === true;
}
