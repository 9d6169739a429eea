// SIGINT and SIGTERM while a native process lives. Whoever waits for it gets an error; when nobody does, the signal has its usual effect.

/**
 * @param end  ends the process and answers whether somebody is told by that
 * @returns stops listening
 */
export function onSignals(end: (signal: NodeJS.Signals) => boolean): () => void {
  const stop = (): void => void process.off('SIGINT', receive).off('SIGTERM', receive);
  const receive = (signal: NodeJS.Signals): void => {
    const isTold = end(signal);
    stop();
    // Listening has taken the signal's own effect away. Whoever else listens knows what to do.
    if (!isTold && process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  process.on('SIGINT', receive).on('SIGTERM', receive);
  return stop;
}
