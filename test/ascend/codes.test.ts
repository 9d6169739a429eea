// The codes of CANN. Numbers and names are those of the public headers (graph/ge_error_codes.h, acl/acl_base.h, rt_error_codes.h);
// the texts are as CANN 8.1 and 9.2 print them.
import { describe, expect, test } from 'vitest';
import { ACL_ERRORS, GE_ACL_ERRORS } from '../../src/backends/ascend/codes/acl-errors.js';
import { GRAPH_STATUS } from '../../src/backends/ascend/codes/graph-status.js';
import {
  describeCode,
  explainCode,
  explainFailure,
  explainText,
  nearCodes,
  parseGeText,
  textCodesIn,
} from '../../src/backends/ascend/codes/index.js';
import { RUNTIME_ERRORS } from '../../src/backends/ascend/codes/runtime-errors.js';
import { TEXT_CODES } from '../../src/backends/ascend/codes/text-codes.js';

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Every number of the headers that a call of ours can give. */
const KNOWN_ACL_ERRORS = [
  ...range(100000, 100045),
  ...range(148046, 148053),
  ...range(200000, 200007),
  300000,
  ...range(500000, 500005),
  ...[145000, 145001, 145002, 145003, 145006, 145007, 145009, 145011, 145012, 145013, 145019, 145020, 145021, 145022],
  ...[245000, 245001, 245002, 345102, 345103, 345104, 545000, 545001, 545002, 545003, 545004, 545005, 545009, 545601],
  ...range(107000, 107031),
  ...range(207000, 207019),
  ...range(507000, 507057),
  ...[507899, 507900, 507901, 507902, 507903, 507904],
];
const KNOWN_GRAPH_STATUS = [
  ...[0, 4294967295, 1343225857, 1343242304],
  ...range(50331644, 50331649),
  ...range(50331536, 50331539),
  ...range(50331426, 50331429),
];
const KNOWN_TEXT_CODES =
  'E10001 E10002 E10003 E10004 E10005 E10006 E10009 E10011 E10012 E10013 E10014 E10016 E10017 E10018 E10019 E10020 E10031 E10032 E10035 E10036 E10037 E10038 E10039 E10040 E10041 E10045 E10046 E10047 E10048 E10049 E10050 E10055 E10056 E10057 E10058 E10061 E10062 E10063 E10501 E11017 E13000 E13001 E13002 E13003 E13004 E13005 E13009 E13010 E13015 E13023 E13024 E13026 E13028 E13029 E13030 E14001 E16001 E16002 E16004 E16005 E19010 E19999 E20001 E20002 E20101 E20103 E22001 E30003 E30006 E30009 E39001 E39011 E40001 E40002 E40020 E40021 E40024 EB0000 EE1001 EE1002 EE1003 EE1005 EE1006 EE1009 EE1010 EE1011 EE1012 EE1013 EE1015 EE1016 EE1017 EE1022 EE2002 EE4001 EE4002 EH0001 EH0002 EH0003 EH0004 EH0007 EH0008 EH0009 EH0012 EH0014 EL0001 EL0002 EL0004 EL0007 EZ0501 EZ2001 EZ3002 EZ3003 EZ9010 EZ9999 W11001 W11002 W11003 WE0001 W40010 W40011 W40012'.split(
    ' ',
  );

describe('the tables', () => {
  test('every code of the headers is listed', () => {
    const missing = (family: 'aclError' | 'graphStatus', codes: readonly number[]) =>
      codes.filter((code) => !describeCode(family, code).isListed);
    expect(missing('aclError', KNOWN_ACL_ERRORS)).toEqual([]);
    expect(missing('graphStatus', KNOWN_GRAPH_STATUS)).toEqual([]);
    expect(KNOWN_TEXT_CODES.filter((code) => explainCode(code)?.isListed !== true)).toEqual([]);
  });

  test('no code has two rows', () => {
    const numbers = [ACL_ERRORS, GE_ACL_ERRORS, RUNTIME_ERRORS].flatMap((rows) => rows.map(([code]) => code));
    const texts = TEXT_CODES.flatMap(([codes]) => codes.split(' '));
    for (const codes of [numbers, GRAPH_STATUS.map(([code]) => code), texts] as unknown[][]) expect(new Set(codes).size).toBe(codes.length);
  });

  test('every failure has a way out', () => {
    for (const rows of [GRAPH_STATUS, ACL_ERRORS, GE_ACL_ERRORS, RUNTIME_ERRORS]) {
      for (const [code, name, , fix] of rows)
        if (code !== 0) expect([name, fix]).toEqual([name, expect.stringMatching(/\.$|\$USER|log in again/)]);
    }
    for (const code of TEXT_CODES.flatMap(([codes]) => codes.split(' ')))
      expect([code, explainCode(code)?.fix]).toEqual([code, expect.any(String)]);
  });
});

describe('what a person types', () => {
  test.each([
    ['507011', 'ACL_ERROR_RT_MODEL_EXECUTE', '507011'],
    ['acl_error_rt_model_execute', 'ACL_ERROR_RT_MODEL_EXECUTE', '507011'],
    ['RT_MODEL_EXECUTE', 'ACL_ERROR_RT_MODEL_EXECUTE', '507011'],
    ['MODEL_EXECUTE', 'ACL_ERROR_RT_MODEL_EXECUTE', '507011'],
    ['ACL_ERROR_COMPILING_STUB_MODE', 'ACL_ERROR_COMPILING_STUB_MODE', '100039'],
    ['0x50100001', 'PARAM_INVALID', '1343225857'],
    ['0X50100001', 'PARAM_INVALID', '1343225857'],
    ['1343225857', 'PARAM_INVALID', '1343225857'],
    ['0x03000001', 'GRAPH_PARAM_INVALID', '50331649'],
    ['0x3000001', 'GRAPH_PARAM_INVALID', '50331649'],
    ['50331649', 'GRAPH_PARAM_INVALID', '50331649'],
    ['-1', 'GRAPH_FAILED', '4294967295'],
    ['0xffffffff', 'GRAPH_FAILED', '4294967295'],
    ['graph_failed', 'GRAPH_FAILED', '4294967295'],
    ['GRAPH_ROUNDUP_OVERFLOW', 'GRAPH_RoundUp_Overflow', '50331426'],
    ['e10001:', null, 'E10001'],
    ['ee1001', null, 'EE1001'],
    [' (E19999) '.trim().slice(1), null, 'E19999'],
  ])('%s', (typed, name, code) => {
    expect(explainCode(typed)).toMatchObject({ name, code });
  });

  test('a large number has its hexadecimal form, a small one has none', () => {
    expect(explainCode('-1')?.hex).toBe('0xffffffff');
    expect(explainCode('50331649')?.hex).toBe('0x03000001');
    expect(explainCode('507011')?.hex).toBeNull();
  });

  test.each([
    ['1343266818', 'generator', 2],
    ['0x50104021', 'graph', 33],
    ['1343242282', 'graph', 42],
  ])('%s, one of GE, is told apart by its bits', (typed, module, number) => {
    expect(explainCode(typed)).toMatchObject({
      isListed: false,
      family: 'graphStatus',
      meaning: `Failure ${number} of GE's ${module} module.`,
    });
  });

  test('an aclError that is not listed is told apart by its digits', () => {
    expect(explainCode('507916')).toMatchObject({ isListed: false, family: 'aclError', meaning: expect.stringContaining('the runtime') });
    expect(explainCode('145099')).toMatchObject({ meaning: expect.stringContaining('model executor') });
    expect(describeCode('aclError', 17)).toMatchObject({ isListed: false, code: '17' });
  });

  test('a text code that is not listed says who speaks', () => {
    expect(explainCode('E10777')).toMatchObject({ isListed: false, meaning: expect.stringContaining('GE') });
  });

  test.each(['', 'hello', '123', '99999999999', '0x', '0x123456789', '-99999999999', '1e6', 'E1', 'CONST_NOT_FOUND'])(
    '%j is nothing of CANN',
    (typed) => {
      expect(explainCode(typed)).toBeUndefined();
    },
  );

  test('near codes of mistyped ones', () => {
    expect(nearCodes('E1000')).toContain('E10001');
    expect(nearCodes('ACL_ERROR_RT_MODEL_EXECUT')).toContain('ACL_ERROR_RT_MODEL_EXECUTE');
    expect(nearCodes('CONST_NOT_FUND', ['CONST_NOT_FOUND'])).toEqual(['CONST_NOT_FOUND']);
  });
});

const OLD_TEXT = `E10001: [PID: 106] 2025-10-30-08:21:08.817.477 Value [fast] for parameter [ge.exec.precision_mode] is invalid. Reason: it must be one of
        [force_fp16, force_fp32].
        Possible Cause: N/A
        Solution: Try again with a valid argument.
        TraceBack (most recent call last):
        build graph failed, graph id:0, ret:-1[FUNC:BuildModel][FILE:ge_generator.cc][LINE:1615]
        E99999 in a trace is no message`;

const NEW_TEXT = `[PID: 106] 2026-05-01-08:21:08.817.477 Not_Supported_Operator(E13010): No operator plugin is registered for Op: /act/Softplus, optype: ai.onnx::13::Softplus.
        Solution: Register it.
        TraceBack (most recent call last):
        ModelParseFail

E19999: Internal error!
[PID: 106] 2026-05-01-08:21:09.817.477 Inner_Error(E19999):  Assert ((BuildModel(graph))) failed[FUNC:Build][FILE:a.cc][LINE:1]
        TraceBack (most recent call last):
        Assert ((x)) failed`;

const OLD_INNER = `E19999: Inner Error!
E19999: [PID: 7] 2025-10-30-08:21:08.817.477 aclrtGetSocName failed[FUNC:GetSoc][FILE:x.cc][LINE:3]
        TraceBack (most recent call last):
        GELib::InnerInitialize failed`;

describe('error texts', () => {
  test('of 8.x: code, message over two lines, solution, trace', () => {
    expect(parseGeText(OLD_TEXT)).toEqual([
      {
        code: 'E10001',
        name: null,
        message: expect.stringMatching(/^Value \[fast\] .* must be one of \[force_fp16, force_fp32\]\.$/),
        cause: null,
        solution: 'Try again with a valid argument.',
        trace: [expect.stringContaining('build graph failed'), 'E99999 in a trace is no message'],
      },
    ]);
  });

  test('of 9.x: several messages, the announcement of an inner error left out', () => {
    expect(parseGeText(NEW_TEXT).map(({ code, name, trace }) => [code, name, trace.length])).toEqual([
      ['E13010', 'Not_Supported_Operator', 1],
      ['E19999', 'Inner_Error', 1],
    ]);
    expect(parseGeText(NEW_TEXT)[1]?.message).toMatch(/^Assert/);
    expect(parseGeText(NEW_TEXT)[0]).toMatchObject({ solution: 'Register it.', message: expect.stringContaining('/act/Softplus') });
  });

  test('an inner error of 8.x is one message', () => {
    expect(parseGeText(OLD_INNER)).toMatchObject([{ code: 'E19999', message: expect.stringContaining('aclrtGetSocName failed') }]);
  });

  // The first is the form of the open-source GE 9.2; the others are with a name, of 8.x without a blank, and the documented one.
  test.each([
    ['E19999: Inner Error!\nE19999[PID: 7] 2026-05-01-08:21:08.817.477 (E19999):  aclrtGetSocName failed', null],
    ['E19999[PID: 7] 2026-05-01-08:21:08.817.477 Inner_Error(E19999):  aclrtGetSocName failed', 'Inner_Error'],
    ['E19999[PID: 7] 2026-05-01-08:21:08.817.477 aclrtGetSocName failed', null],
    ['E19999: [PID: 7] 2026-05-01-08:21:08.817.477 aclrtGetSocName failed', null],
    ['E19999:[PID: 7] 2026-05-01-08:21:08.817.477 aclrtGetSocName failed', null],
  ])('an inner error whose code stands right before the process id: %j', (text, name) => {
    const trace = 'TraceBack (most recent call last):\n GELib::InnerInitialize failed';
    expect(parseGeText(`${text}[FUNC:GetSoc][FILE:x.cc][LINE:3]\n ${trace}`)).toEqual([
      {
        code: 'E19999',
        name,
        message: 'aclrtGetSocName failed[FUNC:GetSoc][FILE:x.cc][LINE:3]',
        cause: null,
        solution: null,
        trace: ['GELib::InnerInitialize failed'],
      },
    ]);
  });

  test('a code without a head counts in the first two lines only', () => {
    expect(textCodesIn('something (EE1001) went wrong')).toEqual(['EE1001']);
    expect(textCodesIn('a\nb\nE10001')).toEqual([]);
    expect(textCodesIn('')).toEqual([]);
    expect(textCodesIn('no code at all, not even XE10001Y')).toEqual([]);
  });

  test('of a text without end the first 64 KiB are looked at', () => {
    const line = 'E10001: x\n';
    const looked = Math.floor((64 << 10) / line.length);
    expect(parseGeText(line.repeat(10 * looked))).toHaveLength(looked);
    expect(textCodesIn(`${line.repeat(looked)}E13010: y`)).toEqual(['E10001']);
    const [bare] = parseGeText(`something (EE1001) ${'x'.repeat(1 << 20)}`);
    expect(bare?.message).toHaveLength(64 << 10);
  });

  test('a pasted line: codes and the statuses that it announces, each once', () => {
    const line = '[ERROR] GE(12,node):2026 [a.cc:7]12 Build: ErrorNo: 4294967295(failed) ret = 1343225857, error code 507011, graph 123456';
    expect(explainText(line).map(({ code }) => code)).toEqual(['4294967295', '1343225857', '507011']);
    expect(explainText(`${OLD_TEXT}\n${OLD_TEXT}`).map(({ code }) => code)).toEqual(['E10001', '4294967295']);
  });
});

describe('under a failure', () => {
  test('0x50100001 without a text leads to the table of texts', () => {
    const { fix, said } = explainFailure({ family: 'graphStatus', status: 0x50100001, text: '' });
    expect([said, fix]).toEqual([null, expect.stringContaining('conf/error_manager/error_code.json')]);
  });

  test('the way out is that of the code that says most', () => {
    const { fix, said, codes, status } = explainFailure({ family: 'graphStatus', status: 0x50100001, text: NEW_TEXT });
    expect(codes.map(({ code }) => code)).toEqual(['E13010', 'E19999']);
    expect(fix).toContain('operator package');
    expect(said).toMatch(/^E13010: No operator plugin .* Solution: Register it\.$/);
    expect(status.name).toBe('PARAM_INVALID');
  });

  // All that the executor of the open-source GE 9.2 says itself (runtime/, base/), but for inner errors.
  test.each(['E10001', 'E10055', 'E10058', 'E10059', 'E13000', 'E13001', 'E13005', 'E13015', 'E13025', 'E13026', 'E13031', 'E22001'])(
    '%s of a call that loads or runs a bundle leads to nothing that only a build has',
    (code) => {
      const { fix } = explainFailure({ family: 'aclError', status: 500002, text: `${code}: [PID: 7] 2025-10-30-08:21:08.817.477 x` });
      expect(fix).not.toMatch(/option|TE_PARALLEL_COMPILER|protobuf|--(?!memory|device|trace)/);
    },
  );

  test('the way out of one code fits the call that failed; explain, which knows no call, gives both', () => {
    const text = 'E22001: [PID: 7] 2025-10-30-08:21:08.817.477 No compile result for operator add(Add).';
    const ofBuild = explainFailure({ family: 'graphStatus', status: -1, text }).fix;
    const ofRun = explainFailure({ family: 'aclError', status: 500002, text }).fix;
    expect(ofBuild).toContain('TE_PARALLEL_COMPILER=1');
    expect(ofRun).toContain('build it again with the operator packages');
    const explained = explainCode('E22001')?.fix;
    expect(explained).toContain(ofBuild);
    expect(explained).toContain(ofRun);
  });

  test('without a text, the status has the word', () => {
    const explained = explainFailure({ family: 'aclError', status: 100039, text: '' });
    expect(explained).toMatchObject({ said: null, codes: [], fix: expect.stringContaining('devlib') });
    expect(explained.fix).toMatch(/^A stub was loaded/);
  });

  test('a stub of GE answers with a code of AscendCL', () => {
    expect(explainFailure({ family: 'graphStatus', status: 100039, text: '' })).toMatchObject({
      status: { name: 'ACL_ERROR_COMPILING_STUB_MODE' },
      fix: expect.stringContaining('devlib'),
    });
  });

  test('-1 is GRAPH_FAILED', () => {
    expect(explainFailure({ family: 'graphStatus', status: -1, text: '' }).status).toMatchObject({
      name: 'GRAPH_FAILED',
      code: '4294967295',
    });
  });
});
