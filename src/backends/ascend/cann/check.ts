// One thing that was looked at, and what to do about it. `doctor` lists all of them; a build or a run is refused only for what is
// missing, because GE accepts more than any list of ours.
import type { Problem } from '../../../base/errors.js';
import type { CannUse } from './libraries.js';

export interface Check {
  /** The same word in `doctor`, in the warnings of a build and in `explain`. */
  readonly code: string;
  readonly area: CheckArea;
  /** `missing`: what it is needed for cannot work; `warning`: it may not. */
  readonly status: 'ok' | 'warning' | 'missing';
  readonly message: string;
  /** The one command or setting that mends it. */
  readonly fix: string | null;
  /** What it is needed for. */
  readonly uses: readonly CannUse[];
}

export type CheckArea = 'CANN' | 'libraries' | 'functions' | 'operators' | 'chips' | 'Python' | 'driver' | 'devices' | 'paths' | 'memory';

export function problemOf({ code, message, fix }: Check): Problem {
  return { code, message, fix: fix ?? undefined };
}

export function checksFor(checks: readonly Check[], use: CannUse, status: Check['status']): readonly Check[] {
  return checks.filter((check) => check.status === status && check.uses.includes(use));
}
