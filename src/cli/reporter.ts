// What a person sees while a verb works, all of it on stderr: a spinner on a terminal, plain lines otherwise.
import type { Problem } from '../base/errors.js';
import type { Io } from '../commands/verb.js';
import type { Style } from './style.js';

export interface Timing {
  readonly step: string;
  readonly ms: number;
}

export interface Reporter extends Io {
  readonly warnings: readonly Problem[];
  readonly timings: readonly Timing[];
  stop(): void;
}

export type ProgressChoice = 'auto' | 'plain' | 'json' | 'none';

export interface ReporterOptions {
  readonly progress: ProgressChoice;
  readonly isQuiet: boolean;
  readonly style: Style;
  readonly stream: NodeJS.WriteStream;
}

interface Display {
  start(step: string): void;
  end(step: string, ms: number): void;
  /** A line that stays, above what is in progress. */
  line(text: string): void;
  stop(): void;
}

export async function createReporter({ progress, isQuiet, style, stream }: ReporterOptions): Promise<Reporter> {
  const isLive = progress === 'auto' && !isQuiet && stream.isTTY === true && process.env['TERM'] !== 'dumb';
  const display = isLive ? await spinnerDisplay(stream) : lineDisplay(stream, isQuiet ? 'none' : progress);
  const warnings: Problem[] = [];
  const timings: Timing[] = [];
  return {
    warnings,
    timings,
    warn(problem) {
      warnings.push(problem);
      display.line(
        `${style.yellow('warning')} ${problem.code}: ${problem.message}${problem.fix === undefined ? '' : `\n  ${problem.fix}`}`,
      );
    },
    note(text) {
      if (!isQuiet) display.line(style.dim(text));
    },
    async step(name, work) {
      const start = performance.now();
      display.start(name);
      try {
        return await work();
      } finally {
        const ms = Math.round((performance.now() - start) * 10) / 10;
        timings.push({ step: name, ms });
        display.end(name, ms);
      }
    },
    stop: () => display.stop(),
  };
}

function lineDisplay(stream: NodeJS.WriteStream, progress: ProgressChoice): Display {
  const begin = performance.now();
  const event = (step: string, state: 'start' | 'end', more: object = {}): void => {
    const t = Math.round(performance.now() - begin) / 1000;
    stream.write(`${JSON.stringify({ schema: 'ascend-bundle/event@1', t, step, state, ...more })}\n`);
  };
  return {
    start: (step) => progress === 'json' && event(step, 'start'),
    end(step, ms) {
      if (progress === 'json') event(step, 'end', { ms });
      else if (progress === 'plain') stream.write(`${step} (${formatMs(ms)})\n`);
      // Off a terminal only what took long is worth a line of a log.
      else if (progress === 'auto' && ms >= 1000) stream.write(`${step} (${formatMs(ms)})\n`);
    },
    line: (text) => void stream.write(`${text}\n`),
    stop: () => undefined,
  };
}

async function spinnerDisplay(stream: NodeJS.WriteStream): Promise<Display> {
  const { default: ora } = await import('ora');
  // discardStdin takes Ctrl-C away from the default handler, which must work while native code blocks.
  const spinner = ora({ stream, discardStdin: false, hideCursor: false });
  return {
    start(step) {
      spinner.start(step);
      // Native and file work block the event loop before the first tick would draw.
      spinner.render();
    },
    end: () => void spinner.stop(),
    line(text) {
      const wasSpinning = spinner.isSpinning;
      spinner.stop();
      stream.write(`${text}\n`);
      if (wasSpinning) spinner.start();
    },
    stop: () => void spinner.stop(),
  };
}

export function formatMs(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
