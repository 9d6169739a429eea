// Everything that can be found out about CANN on a machine: from files, from Python, and by opening the libraries in the worker.
import { freemem } from 'node:os';
import { AscendBundleError } from '../../../base/errors.js';
import { checkSocVersion } from '../ge/soc.js';
import { startWorker } from '../worker/client.js';
import { type Check, checksFor } from './check.js';
import { fileFindings } from './checks.js';
import type { ChipList } from './chips.js';
import { type Driver, findDriver } from './driver.js';
import type { CannEnvironment } from './environment.js';
import { type Cann, findCann } from './find.js';
import { functionChecks, IDENTIFY_FAILED, LIBRARY_ORDER } from './function-checks.js';
import type { IdentifyReply } from './identify.js';
import type { CannUse } from './libraries.js';
import { thisMachine } from './machine.js';
import { type PreflightOptions, unavailable } from './preflight.js';
import { inspectPython, type PythonState } from './python.js';
import { pythonChecks } from './python-checks.js';
import type { CannVersion } from './version.js';

export interface DiagnosisOptions extends PreflightOptions {
  /** The chip that a build is meant for. */
  readonly socVersion?: string | undefined;
  /** Of each native process; 60 s unless given. */
  readonly timeoutMs?: number | undefined;
}

export interface Diagnosis {
  readonly cann: Cann | undefined;
  readonly version: CannVersion | undefined;
  readonly driver: Driver;
  /** Undefined where there is no CANN that would use it. */
  readonly python: PythonState | undefined;
  /** What AscendCL says of the cards; undefined where it could not be asked. */
  readonly identified: IdentifyReply | undefined;
  readonly checks: readonly Check[];
}

const TIMEOUT_MS = 60_000;

/** Takes half a second where there is a CANN, and next to nothing where there is none. A native crash is a finding. */
export async function diagnose(options: DiagnosisOptions): Promise<Diagnosis> {
  const { ascendHome, env, machine = thisMachine(env), socVersion } = options;
  const { installation, checks: files } = fileFindings(findCann({ ascendHome, env, machine }), env, machine);
  if (installation === undefined) {
    return { cann: undefined, version: undefined, driver: findDriver(machine), python: undefined, identified: undefined, checks: files };
  }
  const { cann, version, chips, driver, environments } = installation;
  const [python, build, run] = await Promise.all([
    inspectPython(environments.build.env),
    nativeChecks('build', environments.build, files, options),
    nativeChecks('run', environments.run, files, options),
  ]);
  const opened = [...build.checks, ...run.checks];
  const checks = [
    ...files.filter((check) => !isRefuted(check, opened)),
    ...build.checks,
    ...run.checks,
    ...pythonChecks(python),
    ...chipChecks(socVersion, chips, run.identified),
    memoryCheck(),
  ];
  return { cann, version, driver, python, identified: run.identified, checks };
}

/** What proves a guess from files wrong: libraries that open need no driver that is not there, counted devices no device nodes. */
const REFUTED_BY: Readonly<Record<string, Readonly<Record<CannUse, string>>>> = {
  DRIVER_NOT_FOUND: { build: 'FUNCTIONS_FOUND', run: 'DEVICES_COUNTED' },
  DEVICES_NOT_FOUND: { build: '', run: 'DEVICES_COUNTED' },
};

function isRefuted({ code, uses }: Check, opened: readonly Check[]): boolean {
  const by = REFUTED_BY[code];
  return by !== undefined && uses.every((use) => opened.some((check) => check.code === by[use] && check.uses.includes(use)));
}

/** Why a verb cannot work; undefined when nothing that was looked at speaks against it. */
export function whyUnusable({ checks }: Diagnosis, use: CannUse): AscendBundleError | undefined {
  const missing = checksFor(checks, use, 'missing');
  return missing.length === 0 ? undefined : unavailable(use, missing);
}

interface NativeFindings {
  readonly checks: readonly Check[];
  readonly identified?: IdentifyReply | undefined;
}

async function nativeChecks(
  use: CannUse,
  { env, libraryFolders }: CannEnvironment,
  files: readonly Check[],
  { timeoutMs = TIMEOUT_MS }: DiagnosisOptions,
): Promise<NativeFindings> {
  // What is not there need not be opened.
  if (checksFor(files, use, 'missing').length > 0) return { checks: [] };
  try {
    const worker = await startWorker({ env, libraryFolders, timeoutMs });
    try {
      const probed = await worker.request({ kind: 'probe', libraries: LIBRARY_ORDER[use] });
      const checks = functionChecks(use, probed, libraryFolders);
      if (use === 'build' || checksFor(checks, use, 'missing').length > 0) return { checks };
      const identified = await worker.request({ kind: 'identify' });
      return { checks: [...checks, deviceCheck(identified)], identified };
    } finally {
      await worker.close();
    }
  } catch (error) {
    if (!(error instanceof AscendBundleError) || error.class === 'interrupted') throw error;
    return { checks: [{ ...IDENTIFY_FAILED[use], message: error.message, fix: error.fix ?? null }] };
  }
}

function deviceCheck({ deviceCount, socName }: IdentifyReply): Check {
  const base = { area: 'devices', uses: ['run'] } as const;
  if (deviceCount > 0) {
    const message = `AscendCL sees ${deviceCount} ${deviceCount === 1 ? 'device' : 'devices'}${socName === null ? '' : `, ${socName}`}`;
    return { ...base, code: 'DEVICES_COUNTED', status: 'ok', message, fix: null };
  }
  return {
    ...base,
    code: 'DEVICES_NONE',
    status: 'missing',
    message: 'AscendCL sees no device.',
    fix: 'Check the driver with npu-smi info, and ASCEND_RT_VISIBLE_DEVICES.',
  };
}

/** The chip that is given, against the list and against the card. */
function chipChecks(given: string | undefined, chips: ChipList | undefined, identified: IdentifyReply | undefined): Check[] {
  if (given === undefined) return [];
  const base = { area: 'chips', uses: ['build'] } as const;
  const checks: Check[] = [];
  try {
    const warnings = checkSocVersion(given, chips?.names);
    checks.push(...warnings.map(({ code, message, fix }): Check => ({ ...base, code, status: 'warning', message, fix: fix ?? null })));
    if (warnings.length === 0) checks.push({ ...base, code: 'CHIP_KNOWN', status: 'ok', message: `${given} is in the list`, fix: null });
  } catch (error) {
    if (!(error instanceof AscendBundleError)) throw error;
    checks.push({ ...base, code: 'CHIP_UNKNOWN', status: 'missing', message: error.message, fix: error.fix ?? null });
  }
  const here = identified?.socName ?? null;
  if (here !== null && here !== given) {
    const message = `The card here is ${here}: what is built for ${given} does not run on it.`;
    checks.push({ ...base, code: 'CHIP_OTHER', status: 'warning', message, fix: `--soc-version ${here}, to run it here` });
  }
  return checks;
}

const LITTLE_MEMORY = 8 * 2 ** 30;

function memoryCheck(): Check {
  const free = freemem();
  const base = { area: 'memory', uses: ['build'] } as const;
  const text = `${(free / 2 ** 30).toFixed(1)} GiB`;
  if (free >= LITTLE_MEMORY) return { ...base, code: 'MEMORY_ENOUGH', status: 'ok', message: `${text} available`, fix: null };
  return {
    ...base,
    code: 'MEMORY_LITTLE',
    status: 'warning',
    message: `${text} of memory are available; the operator compiler starts up to 8 processes, which may take more.`,
    fix: 'export TE_PARALLEL_COMPILER=1 MAX_COMPILE_CORE_NUMBER=1',
  };
}
