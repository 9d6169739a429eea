// A bundle opened on the stand-in through the session that a backend gives, and what the stand-in saw of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DeviceRequest } from '../../../src/backends/ascend/acl/request.js';
import { openDeviceSession } from '../../../src/backends/ascend/acl/session.js';
import type { Session } from '../../../src/backends/backend.js';
import type { Problem } from '../../../src/base/errors.js';
import { openBundleAt } from '../../../src/commands/shared/bundle.js';
import { type Recorded, readRecord, type StandinSettings, standinEnv } from './standin.js';

export interface OpenedDevice {
  readonly session: Session;
  readonly warnings: readonly Problem[];
  /** Closes the session; then the record is whole. */
  finish(): Promise<Recorded>;
}

/** The environment of a command line that finds the stand-in and nothing else. */
export function commandEnv(folder: string, settings: StandinSettings, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: folder, ...standinEnv(settings), ...more };
}

export async function openOnDevice(
  folder: string,
  path: string,
  settings: StandinSettings = {},
  request: DeviceRequest = {},
  more: Readonly<Record<string, string>> = {},
): Promise<OpenedDevice> {
  const record = join(folder, `calls-${readdirSync(folder).length}.jsonl`);
  const warnings: Problem[] = [];
  const env = commandEnv(folder, { ...settings, record }, more);
  const session = await openDeviceSession(openBundleAt(path), path, {
    device: { ...request, env },
    onWarning: (warning) => void warnings.push(warning),
  });
  onTestFinished(() => session[Symbol.asyncDispose]());
  return {
    session,
    warnings,
    async finish() {
      await session[Symbol.asyncDispose]();
      return readRecord(record);
    },
  };
}

/** Process ids that have `text` in their environment: what a test has started and nobody has ended. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      return readFileSync(`/proc/${name}/environ`, 'utf8').includes(text) ? [Number(name)] : [];
    } catch {
      // It has just ended, or is another user's.
      return [];
    }
  });
}
