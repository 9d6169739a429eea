// explain: codes of CANN, of this tool, and its exit statuses, as text and as JSON.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ERROR_MEANINGS } from '../../src/base/error-meanings.js';
import { RESULT_SCHEMAS } from '../../src/cli/result-schema/index.js';
import type { ExplainResult } from '../../src/commands/explain.js';
import { type ResultDocument, Workplace } from '../support/cli.js';

async function explained(...codes: string[]): Promise<ResultDocument<ExplainResult>> {
  const { stdout, status } = await new Workplace().call(['explain', ...codes, '--json']);
  const document = JSON.parse(stdout);
  expect(document.exitCode).toBe(status);
  if (document.result !== null) expect(RESULT_SCHEMAS.explain.safeParse(document.result).error?.issues ?? []).toEqual([]);
  return document;
}

test('several codes of all kinds, in the order in which they were asked', async () => {
  const { result, ok } = await explained('507011', 'e10001', '-1', 'CONST_NOT_FOUND', '5', 'equal_payload');
  expect(ok).toBe(true);
  expect(result.unknown).toEqual([]);
  expect(result.codes.map(({ family, code, name, exitCode }) => [family, code, name, exitCode])).toEqual([
    ['aclError', '507011', 'ACL_ERROR_RT_MODEL_EXECUTE', null],
    ['text', 'E10001', null, null],
    ['graphStatus', '4294967295', 'GRAPH_FAILED', null],
    ['tool', 'CONST_NOT_FOUND', null, 4],
    ['exit', '5', 'backend', 5],
    ['tool', 'EQUAL_PAYLOAD', null, null],
  ]);
});

test('as text: what it means, what it comes from, what to do, within 80 columns', async () => {
  const { stdout, status, stderr } = await new Workplace().call(['explain', '100039', '0x50100001']);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('100039 ACL_ERROR_COMPILING_STUB_MODE (AscendCL)\n  A stub was loaded');
  expect(stdout).toMatch(/what to do: .*devlib/);
  expect(stdout).toContain('1343225857 0x50100001 PARAM_INVALID (status of GE)');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test('a quoted line of a log is searched', async () => {
  const { result } = await explained('[ERROR] GE(1,node): [a.cc:3]7 Build: ErrorNo: 4294967295(failed) ret = 507008');
  expect(result.codes.map(({ code }) => code)).toEqual(['4294967295', '507008']);
});

test('a code that is not listed: what its digits tell, near ones, exit code 3', async () => {
  const { result, exitCode, error } = await explained('507916', '507011');
  expect([exitCode, error?.code]).toEqual([3, 'CHECK_FAILED']);
  expect(result.codes.map(({ code, isListed }) => [code, isListed])).toEqual([
    ['507916', false],
    ['507011', true],
  ]);
  expect(result.unknown).toEqual([{ asked: '507916', near: expect.arrayContaining([expect.stringMatching(/^507\d{3}$/)]) }]);
});

test('what is no code is refused with near ones, exit code 2', async () => {
  expect(await explained('CONST_NOT_FUND')).toMatchObject({
    exitCode: 2,
    error: { code: 'USAGE', fix: expect.stringMatching(/^Did you mean "CONST_NOT_FOUND"/) },
    result: null,
  });
  expect(await explained('nonsense', 'E10001')).toMatchObject({ exitCode: 2, result: { codes: [{ code: 'E10001' }] } });
});

test('every error of ours can be explained and has its exit status', async () => {
  const { result } = await explained(...Object.keys(ERROR_MEANINGS));
  expect(result.codes.map(({ code }) => code)).toEqual(Object.keys(ERROR_MEANINGS));
  for (const { exitCode } of result.codes) expect(exitCode).toBeGreaterThan(1);
});

test('everything that doctor finds wrong can be explained', async () => {
  const folder = fileURLToPath(new URL('../../src/backends/ascend/cann', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const codes = files.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/\bcode: '([A-Z]+_[A-Z_]+)'/g)].map(([, code]) => code as string),
  );
  const good = /_FOUND$|^PATH_CLEAN|^CHIP_KNOWN|^DEVICES_COUNTED|^BUNDLE_MEMORY|^MEMORY_ENOUGH|^DRIVER_STUB/;
  const bad = [...new Set(codes)].filter((code) => code.endsWith('_NOT_FOUND') || !good.test(code));
  expect(bad.length).toBeGreaterThan(20);
  expect((await explained(...bad)).result.unknown).toEqual([]);
});
