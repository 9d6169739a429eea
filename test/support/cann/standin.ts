// The stand-in CANN as tests use it: where it is, the environment that finds it, the faults it can have, the calls it saw.
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtFolder, hasCompiler } from './build.js';
import type { CannLayout } from './libraries.js';

/** False where there is no g++; the set-up of the tests has said so. */
export const hasStandin = hasCompiler;

/** The root of an install. It is shared: do not change it, take a copy. */
export function cannRoot(layout: CannLayout = '9.2'): string {
  return join(builtFolder(), layout);
}

/** The C++ program that builds a bundle by the same calls; src/drive.cc says its arguments. */
export function driveProgram(layout: CannLayout = '9.2'): string {
  return join(cannRoot(layout), 'bin/drive');
}

/** An install of one's own, to break. */
export function copyCann(to: string, layout: CannLayout = '9.2'): string {
  cpSync(cannRoot(layout), to, { recursive: true, verbatimSymlinks: true });
  return to;
}

export interface StandinSettings {
  readonly layout?: CannLayout;
  /** Another install than the shared one. */
  readonly root?: string;
  /** File that every call is appended to. */
  readonly record?: string;
  /**
   * `call[#n]=kind[:argument]`: at the n-th call of that name (at every one without #n). Kinds:
   * `status:N`, `text:N[:message]` fail; `segv`, `abort`, `throw`, `hang`, `exit:N` end or hold the process;
   * `flood:BYTES` and `log:message` write and go on; of aclgrphBundleSaveModel `second`, `rename:NAME`, `nofile`, `enospc`.
   */
  readonly faults?: readonly string[];
  /** The layout of bundles; by itself v1 from an 8.1 and v2 from a 9.2. */
  readonly bundle?: 'v1' | 'v2';
  /** Where the process runs: on a server with cards (`host`, the default), or on the SoC itself. */
  readonly runMode?: 'host' | 'device';
}

/** Variables for the process that is to find the stand-in: CANN's own, and those that set it up. */
export function standinEnv({ layout, root, record, faults, bundle, runMode }: StandinSettings = {}): Record<string, string> {
  return {
    ASCEND_HOME_PATH: root ?? cannRoot(layout),
    // Node 22 and newer would leave it in the folder for temporary files, where tests look for what is left.
    NODE_DISABLE_COMPILE_CACHE: '1',
    ...(record === undefined ? {} : { STANDIN_CANN_RECORD: record }),
    ...(faults === undefined ? {} : { STANDIN_CANN_FAULT: faults.join('\n') }),
    ...(bundle === undefined ? {} : { STANDIN_CANN_BUNDLE: bundle }),
    ...(runMode === undefined ? {} : { STANDIN_CANN_RUN_MODE: runMode }),
  };
}

/** A call as the stand-in saw it: its arguments by name, and `status`. Maps are lists of [key, value] in their order. */
export interface RecordedCall {
  readonly call: string;
  readonly status: number;
  readonly tid: number;
  readonly [argument: string]: unknown;
}

export interface Recorded {
  readonly calls: readonly RecordedCall[];
  /** What a real CANN would have answered with corrupted memory. */
  readonly violations: readonly string[];
  /** What was not given back, by kind, when a process finalized AscendCL or ended; undefined when it came to neither. */
  readonly alive: Readonly<Record<string, number>> | undefined;
}

/** Reads the record; empty when nothing was called. Several processes may have written to it. */
export function readRecord(path: string): Recorded {
  const lines = existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const ends = entries.filter(({ alive }) => alive !== undefined);
  return {
    calls: entries.filter((entry): entry is RecordedCall => typeof entry['call'] === 'string'),
    violations: entries.flatMap(({ violation }) => (typeof violation === 'string' ? [violation] : [])),
    alive: ends.length === 0 ? undefined : Object.assign({}, ...ends.map(({ alive }) => alive)),
  };
}
