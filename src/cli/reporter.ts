// What a person sees while a verb works, all of it on stderr: a spinner on a terminal, plain lines otherwise, or JSON events.
import type { Problem } from '../base/errors.js';
import type { BackendInfo, Io } from '../commands/verb.js';
import { eventLine } from './event.js';
import type { Style } from './style.js';
import { warningText } from './text/problem.js';

export interface Timing {
  readonly step: string;
  readonly ms: number;
}

export interface Reporter extends Io {
  readonly backend: BackendInfo | undefined;
  readonly warnings: readonly Problem[];
  readonly timings: readonly Timing[];
  stop(): void;
}

export type ProgressChoice = 'auto' | 'plain' | 'json' | 'none';

export interface ReporterOptions {
  readonly progress: ProgressChoice;
  readonly isQuiet: boolean;
  readonly style: Style;
  /** Made when it is first asked for. */
  readonly stream: () => NodeJS.WriteStream;
  readonly isTerminal: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** A step begins; undefined when it is over. */
  readonly onStep?: (step?: string) => void;
}

interface Display {
  start(step: string): void;
  detail(what: string): void;
  end(step: string, ms: number): void;
  backend(backend: BackendInfo): void;
  warning(problem: Problem): void;
  stop(): void;
}

export async function createReporter(options: ReporterOptions): Promise<Reporter> {
  const display = await chooseDisplay(options);
  let backend: BackendInfo | undefined;
  const warnings: Problem[] = [];
  const timings: Timing[] = [];
  return {
    get backend() {
      return backend;
    },
    warnings,
    timings,
    useBackend({ kind, reason }) {
      backend = { kind, reason };
      if (!options.isQuiet) display.backend(backend);
    },
    warn(problem) {
      warnings.push(problem);
      display.warning(problem);
    },
    async step(name, work) {
      const start = nowMs();
      display.start(name);
      options.onStep?.(name);
      try {
        return await work();
      } finally {
        const ms = Math.round((nowMs() - start) * 10) / 10;
        timings.push({ step: name, ms });
        display.end(name, ms);
        options.onStep?.();
      }
    },
    detail: (what) => display.detail(what),
    stop: () => display.stop(),
  };
}

async function chooseDisplay(options: ReporterOptions): Promise<Display> {
  const { progress, isQuiet, style, stream } = options;
  if (progress === 'json' && !isQuiet) return eventDisplay(stream);
  return isLive(options) ? spinnerDisplay(stream(), style) : lineDisplay(stream, style, isQuiet ? 'none' : progress);
}

/** Whether a person watches. A pseudo-terminal without a size has 0 columns, and a spinner there would clear lines without end. */
function isLive({ progress, isQuiet, stream, isTerminal, env }: ReporterOptions): boolean {
  return progress === 'auto' && !isQuiet && isTerminal && stream().columns > 0 && env['TERM'] !== 'dumb' && !env['CI'];
}

/** One JSON object a line, warnings and the backend too, so that every line can be parsed. */
function eventDisplay(stream: ReporterOptions['stream']): Display {
  let current: string | null = null;
  const event = (state: string, more?: object): void => void stream().write(`${eventLine(current, state, more)}\n`);
  return {
    start(step) {
      current = step;
      event('start');
    },
    detail: (detail) => event('progress', { detail }),
    end(_, ms) {
      event('end', { ms });
      current = null;
    },
    backend: (backend) => event('backend', { backend }),
    warning: (warning) => event('warning', { warning }),
    stop: () => undefined,
  };
}

function lineDisplay(stream: ReporterOptions['stream'], style: Style, progress: ProgressChoice): Display {
  // Off a terminal only what took long is worth a line of a log.
  const leastMs = { plain: 0, auto: 1000, json: Infinity, none: Infinity }[progress];
  return {
    start: () => undefined,
    detail: () => undefined,
    end(step, ms) {
      if (ms >= leastMs) stream().write(`${step} (${formatMs(ms)})\n`);
    },
    ...lines(style, (line) => void stream().write(line)),
    stop: () => undefined,
  };
}

async function spinnerDisplay(stream: NodeJS.WriteStream, style: Style): Promise<Display> {
  const { default: ora } = await import('ora');
  // discardStdin takes Ctrl-C away from the default handler, which must work while native code blocks.
  const color = style.hasColor ? ('cyan' as const) : false;
  let current = '';
  const spinner = ora({ stream, color, isEnabled: true, discardStdin: false, hideCursor: false });
  return {
    start: (step) => {
      current = step;
      spinner.start(step);
    },
    detail: (what) => {
      spinner.text = `${current}: ${what}`;
    },
    end: () => void spinner.stop(),
    ...lines(style, (line) => {
      const wasSpinning = spinner.isSpinning;
      spinner.stop();
      stream.write(line);
      if (wasSpinning) spinner.start();
    }),
    stop: () => void spinner.stop(),
  };
}

/** What stays on the screen, above what is in progress. */
function lines(style: Style, write: (line: string) => void): Pick<Display, 'backend' | 'warning'> {
  return {
    backend: ({ kind, reason }) => write(`${style.dim(`backend: ${kind} (${reason})`)}\n`),
    warning: (problem) => write(`${warningText(problem, style)}\n`),
  };
}

/** For differences. Node loads `performance` when it is first asked for: a millisecond of every verb. */
function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

export function formatMs(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
