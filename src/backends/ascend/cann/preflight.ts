// Before CANN's libraries are opened: where it is, the environment it needs, and what speaks against it. Only what cannot work is
// refused; whatever GE might accept is a warning at most.
import type { AscendBundleError, Problem } from '../../../base/errors.js';
import { problemsError } from '../../../base/problems.js';
import { type Check, checksFor, problemOf } from './check.js';
import { fileChecks } from './checks.js';
import { type ChipList, installedChips } from './chips.js';
import { type CannEnvironment, cannEnvironment } from './environment.js';
import { type Cann, findCann } from './find.js';
import type { CannUse } from './libraries.js';
import { type Machine, thisMachine } from './machine.js';
import { inspectPython } from './python.js';
import { pythonChecks } from './python-checks.js';
import { type CannVersion, cannVersion } from './version.js';

export interface PreflightOptions {
  readonly ascendHome?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** This one unless given. */
  readonly machine?: Machine | undefined;
}

export interface Preflight {
  readonly cann: Cann;
  readonly version: CannVersion | undefined;
  /** For the process that opens the libraries. */
  readonly environment: CannEnvironment;
  /** What --soc-version may be; undefined where the installation has no list, then any name passes. */
  readonly chips: ChipList | undefined;
  readonly warnings: readonly Problem[];
}

/** The environment alone, without a look at what it leads to. Undefined where no CANN is found. */
export function foundEnvironment(
  use: CannUse,
  { ascendHome, env, machine = thisMachine(env) }: PreflightOptions,
): CannEnvironment | undefined {
  const { found } = findCann({ ascendHome, env, machine });
  return found === undefined ? undefined : cannEnvironment(use, found, env, machine);
}

/** GE's own check of the name says more than "there is no list", where one is given at all. */
const SAID_ELSEWHERE = ['CHIPS_NOT_FOUND'];

/**
 * Reads files only; takes a few milliseconds.
 *
 * @throws BACKEND_UNAVAILABLE with everything that is missing
 */
export function preflight(use: CannUse, { ascendHome, env, machine = thisMachine(env) }: PreflightOptions): Preflight {
  const search = findCann({ ascendHome, env, machine });
  const checks = fileChecks(search, env, machine);
  const missing = checksFor(checks, use, 'missing');
  const { found } = search;
  if (found === undefined || missing.length > 0) throw unavailable(use, missing);
  const warnings = checksFor(checks, use, 'warning').filter(({ code }) => !SAID_ELSEWHERE.includes(code));
  return {
    cann: found,
    version: cannVersion(found, machine.arch),
    environment: cannEnvironment(use, found, env, machine),
    chips: installedChips(found, machine.arch),
    warnings: warnings.map(problemOf),
  };
}

/**
 * What a build may fail of in the operator compiler; asks Python, so it takes a quarter of a second: meant to run beside the build.
 * Never throws.
 */
export async function pythonWarnings({ env }: CannEnvironment): Promise<readonly Problem[]> {
  return checksFor(pythonChecks(await inspectPython(env)), 'build', 'warning').map(problemOf);
}

const NEEDS: Record<CannUse, string> = { build: 'A build for an NPU', run: 'A run on an NPU' };

export function unavailable(use: CannUse, missing: readonly Check[]): AscendBundleError {
  const host =
    use === 'build'
      ? ' To work on the CPU instead, build with --backend host (without options of GE); such a bundle does not load on an NPU.'
      : '';
  const seeAlso = `ascend-bundle doctor --for ${use} shows all of it.${host}`;
  const problems = missing.map(problemOf);
  const last = problems.length - 1;
  return problemsError(
    'BACKEND_UNAVAILABLE',
    // Where there are several, what holds of all of them is said once, behind the last.
    problems.map(({ fix, ...problem }, i) => ({
      ...problem,
      message: opening(use, problem.message, last),
      fix: i === last ? `${sentence(fix)}${seeAlso}` : fix,
    })),
    `${NEEDS[use]} cannot work here: ${missing.length} things are missing`,
  );
}

/** One that is alone is the error itself, and has to say of what. */
function opening(use: CannUse, message: string, last: number): string {
  return last === 0 ? `${NEEDS[use]} cannot work here: ${message}` : message;
}

/** With its stop, as far as it has one. */
function sentence(fix: string | undefined): string {
  return fix === undefined ? '' : `${fix}${/[.)]$/.test(fix) ? '' : '.'} `;
}
