// The lines of --progress json, on stderr.

/** `ascend-bundle/event@1`. `t` counts seconds from the start of the process. */
export function eventLine(step: string | null, state: string, more: object = {}): string {
  const t = Math.round(process.uptime() * 1000) / 1000;
  return JSON.stringify({ schema: 'ascend-bundle/event@1', t, step, state, ...more });
}
