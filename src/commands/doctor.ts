// doctor: what works on this machine, what does not, and the one command or setting that mends it.
import { release } from 'node:os';
import { type Check, type Diagnosis, diagnose, whyUnusable } from '../backends/ascend/cann/index.js';
import { AscendBundleError } from '../base/errors.js';
import { checkHost, type HostCheck } from './doctor/host-check.js';
import { oneOf, optionalName, optionValues, seconds } from './shared/option-values.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

const USES = ['build', 'run'] as const;
type DoctorUse = (typeof USES)[number];

export interface DoctorValues {
  readonly ascendHome?: string | undefined;
  readonly socVersion?: string | undefined;
  readonly for?: DoctorUse | undefined;
  readonly timeout: number;
}

const values: ValuesSchema<DoctorValues> = optionValues({
  ...{ ascendHome: optionalName, socVersion: optionalName },
  for: oneOf(USES),
  timeout: seconds(86_400, 60),
});

export interface CheckFields {
  readonly code: string;
  /** What it is about: CANN, libraries, Python, driver, … */
  readonly area: string;
  readonly status: 'ok' | 'warning' | 'missing';
  readonly message: string;
  readonly fix: string | null;
  readonly uses: readonly ('build' | 'run' | 'host')[];
}

export interface DoctorResult {
  /** What works: the host backend; a build and a run for an NPU. */
  readonly usable: { readonly host: boolean; readonly build: boolean; readonly run: boolean };
  readonly for: DoctorUse | null;
  readonly cann: { readonly home: string; readonly source: string; readonly version: string | null; readonly libraryFolder: string } | null;
  readonly driver: { readonly folder: string; readonly version: string | null; readonly firmwareVersion: string | null } | null;
  /** As given with --soc-version, and as AscendCL says of the card. */
  readonly soc: { readonly given: string | null; readonly detected: string | null; readonly devices: number | null };
  /** Null where nothing would use it. */
  readonly python: { readonly executable: string | null; readonly version: string | null } | null;
  readonly machine: { readonly node: string; readonly platform: string; readonly arch: string; readonly kernel: string };
  readonly checks: readonly CheckFields[];
}

export const doctor: Verb<DoctorValues, DoctorResult> = {
  name: 'doctor',
  summary: 'say what works on this machine, and what mends the rest',
  description: `Looks for CANN, its libraries and functions, its operator package, the driver and the devices, the Python of the operator compiler and the search paths, and says of each what is wrong and what mends it. Runs a small model on the host backend to prove that this works. Needs no CANN. The output is made to be pasted into a bug report.`,
  arguments: [],
  options: [
    { flags: '--for <verb>', help: 'end with exit code 5 when this cannot work on an NPU', choices: USES },
    { flags: '--ascend-home <dir>', help: 'the folder of CANN, in place of its variables and default folders' },
    { flags: '--soc-version <name>', help: 'also check the chip that a build is meant for' },
    { flags: '--timeout <seconds>', help: 'for each native process (default: 60)' },
  ],
  examples: [
    'ascend-bundle doctor',
    'ascend-bundle doctor --for build --soc-version Ascend910B1',
    'ascend-bundle doctor --json > doctor.json',
  ],
  values,
  run: runDoctor,
};

async function runDoctor(given: DoctorValues, io: Io): Promise<Outcome<DoctorResult>> {
  const host = await io.step('host backend', checkHost);
  const diagnosis = await io.step('CANN', () => diagnose({ ...given, timeoutMs: given.timeout * 1000, env: process.env }));
  const [build, run] = USES.map((use) => whyUnusable(diagnosis, use));
  const { cann, version, driver, python, identified } = diagnosis;
  const result: DoctorResult = {
    usable: { host: host.isUsable, build: build === undefined, run: run === undefined },
    for: given.for ?? null,
    cann:
      cann === undefined
        ? null
        : { home: cann.home, source: cann.source, version: version?.text ?? null, libraryFolder: cann.libraryFolder },
    driver: driver.isInstalled ? { folder: driver.folder, version: driver.version, firmwareVersion: driver.firmwareVersion } : null,
    soc: { given: given.socVersion ?? null, detected: identified?.socName ?? null, devices: identified?.deviceCount ?? null },
    python: python === undefined ? null : { executable: python.executable, version: python.version },
    machine: { node: process.version, platform: process.platform, arch: process.arch, kernel: release() },
    checks: [hostFields(host), ...diagnosis.checks.map(checkFields)],
  };
  return { result, error: given.for === undefined ? undefined : unusableError(diagnosis, given.for) };
}

/** The table has what mends each: here it is one line. */
function unusableError(diagnosis: Diagnosis, use: DoctorUse): AscendBundleError | undefined {
  const why = whyUnusable(diagnosis, use);
  if (why === undefined) return undefined;
  const first = diagnosis.checks.find(({ status, uses }) => status === 'missing' && uses.includes(use));
  return new AscendBundleError('BACKEND_UNAVAILABLE', { message: why.message, fix: first?.fix ?? undefined });
}

function hostFields({ isUsable, message, fix }: HostCheck): CheckFields {
  const [code, status] = isUsable ? (['HOST_WORKS', 'ok'] as const) : (['HOST_FAILED', 'missing'] as const);
  return { code, area: 'host', status, message, fix, uses: ['host'] };
}

function checkFields({ code, area, status, message, fix, uses }: Check): CheckFields {
  return { code, area, status, message, fix, uses };
}
