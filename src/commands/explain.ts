// explain: what an error code means, of CANN or of this tool, and what to do about it. Needs neither CANN nor a network.
import { type CodeDescription, explainCode, explainText, nearCodes } from '../backends/ascend/codes/index.js';
import {
  classOfExit,
  ERROR_MEANINGS,
  EXIT_MEANINGS,
  FINDING_MEANINGS,
  isErrorCode,
  type Meaning,
  WARNING_MEANINGS,
} from '../base/error-meanings.js';
import { AscendBundleError, ERROR_CODES } from '../base/errors.js';
import { didYouMean } from '../base/near-names.js';
import { LINT_RULES, type Rule } from '../graph/lint.js';
import { optionValues, texts } from './shared/option-values.js';
import type { Outcome, ValuesSchema, Verb } from './verb.js';

export interface ExplainValues {
  readonly code: readonly string[];
}

const values: ValuesSchema<ExplainValues> = optionValues({ code: texts });

export interface ExplainedCode extends Omit<CodeDescription, 'family'> {
  /** The word it was found by. */
  readonly asked: string;
  /** `tool`: an error or warning of ascend-bundle; `exit`: one of its exit statuses. */
  readonly family: CodeDescription['family'] | 'tool' | 'exit';
  /** The exit status of ascend-bundle with that error; null for what is no error of the tool. */
  readonly exitCode: number | null;
}

export interface ExplainResult {
  readonly codes: readonly ExplainedCode[];
  readonly unknown: readonly { readonly asked: string; readonly near: readonly string[] }[];
}

export const explain: Verb<ExplainValues, ExplainResult> = {
  name: 'explain',
  summary: 'say what an error code means, of CANN or of this tool',
  description: `Says what a code means, what it comes from and what to do: a status of GE or AscendCL (507011, 0x50100001, -1, ACL_ERROR_RT_MODEL_EXECUTE), a text code (E10001, EE1001), an error or warning of this tool (CONST_NOT_FOUND), one of its exit statuses (5). A quoted line of a log is searched for codes. Works without CANN. Ends with exit code 3 for a code that is not listed, 2 for what is no code.`,
  arguments: [{ name: 'code', help: 'codes, names, or a quoted text that has some', repeat: true }],
  options: [],
  examples: [
    'ascend-bundle explain 507011 E10001',
    'ascend-bundle explain 0x50100001',
    "ascend-bundle explain 'Build: ErrorNo: 4294967295(failed)'",
  ],
  values,
  run: async ({ code }) => explainAll(code),
};

function explainAll(asked: readonly string[]): Outcome<ExplainResult> {
  const codes: ExplainedCode[] = [];
  const unknown: { asked: string; near: string[] }[] = [];
  for (const word of asked) {
    const found = lookUp(word);
    if (!found.some(({ isListed }) => isListed)) unknown.push({ asked: word, near: nearCodes(word, Object.keys(TOOL_CODES)) });
    codes.push(...found.filter(({ code, family }) => !codes.some((one) => one.code === code && one.family === family)));
  }
  const error = unknown.length === 0 ? undefined : unknownError(unknown, codes);
  if (error?.code === 'USAGE' && codes.length === 0) throw error;
  return { result: { codes, unknown }, error };
}

/** What is written like a code and is not listed is an answer, no; what is no code at all was mistyped. */
function unknownError(unknown: ExplainResult['unknown'], codes: readonly ExplainedCode[]): AscendBundleError {
  const isMistyped = unknown.some(({ asked }) => !codes.some((code) => code.asked === asked));
  const names = unknown.map(({ asked }) => JSON.stringify(asked)).join(', ');
  const are = unknown.length === 1 ? 'is' : 'are';
  const near = [...new Set(unknown.flatMap((one) => one.near))];
  return new AscendBundleError(isMistyped ? 'USAGE' : 'CHECK_FAILED', {
    message: isMistyped ? `${names} ${are} not a code of CANN or of ascend-bundle.` : `${names} ${are} not listed here.`,
    fix: didYouMean(
      near,
      'Give a number, a code such as E10001, a name such as ACL_ERROR_RT_MODEL_EXECUTE or CONST_NOT_FOUND, or a quoted line that has one.',
    ),
  });
}

function lookUp(asked: string): ExplainedCode[] {
  const word = asked.trim();
  const own = toolCode(word) ?? exitStatus(word);
  if (own !== undefined) return [{ asked, ...own }];
  const one = explainCode(word);
  const found = one === undefined && /\s/.test(word) ? explainText(word) : one === undefined ? [] : [one];
  return found.map((description) => ({ asked, ...description, exitCode: null }));
}

type OwnCode = Omit<ExplainedCode, 'asked'>;

const LINT_MEANINGS = Object.fromEntries(
  Object.entries<Rule>(LINT_RULES).map(([id, { description }]) => [
    id,
    [description, 'ascend-bundle lint says which constant it is about.'] as const,
  ]),
);
/** An error of the same name as a rule of lint says more. */
const TOOL_CODES: Readonly<Record<string, Meaning>> = { ...LINT_MEANINGS, ...FINDING_MEANINGS, ...WARNING_MEANINGS, ...ERROR_MEANINGS };

function toolCode(word: string): OwnCode | undefined {
  const code = word.toUpperCase();
  if (!Object.hasOwn(TOOL_CODES, code)) return undefined;
  const [meaning, fix] = TOOL_CODES[code] as Meaning;
  const exitCode = isErrorCode(code) ? new AscendBundleError(code, { message: '' }).exitCode : null;
  return { family: 'tool', code, hex: null, name: null, meaning, causes: null, fix, isListed: true, exitCode };
}

function exitStatus(word: string): OwnCode | undefined {
  const status = /^[1-9]\d{0,2}$/.test(word) ? Number(word) : Number.NaN;
  const kind = classOfExit(status);
  if (kind === undefined) return undefined;
  const codes = Object.entries(ERROR_CODES).filter(([, one]) => one === kind);
  return {
    family: 'exit',
    code: word,
    hex: null,
    name: kind,
    meaning: `Exit status ${word} of ascend-bundle: ${EXIT_MEANINGS[kind]}.`,
    causes: codes.length === 0 ? null : `the errors ${codes.map(([code]) => code).join(', ')}`,
    fix: 'Read the error on stderr, or the field "error" of --json.',
    isListed: true,
    exitCode: status,
  };
}
