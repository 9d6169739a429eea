// doctor as a user calls it, its document held to its schema.
import { expect } from 'vitest';
import { RESULT_SCHEMAS } from '../../src/cli/result-schema/index.js';
import type { CheckFields, DoctorResult } from '../../src/commands/doctor.js';
import { type ResultDocument, Workplace } from './cli.js';

interface DoctorCall {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly place?: Workplace;
}

export async function doctor({ args = [], env = {}, place = new Workplace() }: DoctorCall = {}): Promise<ResultDocument<DoctorResult>> {
  const { stdout, status } = await place.call(['doctor', ...args, '--json'], { env });
  const document = JSON.parse(stdout);
  expect(document.exitCode).toBe(status);
  expect(RESULT_SCHEMAS.doctor.safeParse(document.result).error?.issues ?? []).toEqual([]);
  return document;
}

export function checkOf({ checks }: DoctorResult, code: string): CheckFields {
  return checks.find((check) => check.code === code) ?? expect.unreachable();
}
