// Before CANN's libraries are opened: where it is, the environment it needs, and what speaks against it. Only what cannot work is
// refused; whatever GE might accept is a warning at most.
import type { AscendBundleError, Problem } from '../../../base/errors.js';
import { problemsError } from '../../../base/problems.js';
import { type Check, checksFor, problemOf } from './check.js';
import { fileFindings } from './checks.js';
import type { CannEnvironment } from './environment.js';
import { findCann } from './find.js';
import type { Installation } from './installation.js';
import type { CannUse } from './libraries.js';
import { type Machine, thisMachine } from './machine.js';
import { inspectPython } from './python.js';
import { pythonChecks } from './python-checks.js';

export interface PreflightOptions {
  readonly ascendHome?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** This one unless given. */
  readonly machine?: Machine | undefined;
}

export interface Preflight extends Pick<Installation, 'cann' | 'version' | 'chips'> {
  /** For the process that opens the libraries. */
  readonly environment: CannEnvironment;
  readonly warnings: readonly Problem[];
}

/** GE's own check of the name says more than "there is no list", where one is given at all. */
const SAID_ELSEWHERE = ['CHIPS_NOT_FOUND'];

/**
 * Reads files only; takes a few milliseconds.
 *
 * @throws BACKEND_UNAVAILABLE with everything that is missing
 */
export function preflight(use: CannUse, { ascendHome, env, machine = thisMachine(env) }: PreflightOptions): Preflight {
  const { installation, checks } = fileFindings(findCann({ ascendHome, env, machine }), env, machine);
  const missing = checksFor(checks, use, 'missing');
  if (installation === undefined || missing.length > 0) throw unavailable(use, missing);
  const warnings = checksFor(checks, use, 'warning').filter(({ code }) => !SAID_ELSEWHERE.includes(code));
  const { cann, version, chips, environments } = installation;
  return { cann, version, chips, environment: environments[use], warnings: warnings.map(problemOf) };
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
