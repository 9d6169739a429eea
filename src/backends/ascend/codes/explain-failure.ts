// What is printed under a native failure: the status and every code of CANN's text in our words, and the one thing to do.
import type { CodeDescription } from './code.js';
import { describeCode, describeTextCode } from './describe.js';
import { type GeMessage, parseGeText } from './ge-text.js';

export interface NativeFailure {
  readonly family: 'graphStatus' | 'aclError';
  readonly status: number;
  /** Of aclGetRecentErrMsg; empty where CANN said nothing. */
  readonly text: string;
}

export interface FailureExplanation {
  readonly status: CodeDescription;
  readonly messages: readonly GeMessage[];
  /** The codes of the text, each once. */
  readonly codes: readonly CodeDescription[];
  /** CANN's first message with its own solution; null where there is no text. */
  readonly said: string | null;
  /** The way out: of the first code that has one of its own; else what the status means, and its way out. */
  readonly fix: string;
}

/** GE's calls compile; those of AscendCL load and run. */
const WORK = { graphStatus: 'build', aclError: 'run' } as const;

/** Codes that say no more than that something failed: what stands beside them is worth more. */
const VAGUE = ['E19999', 'EZ9999'];

export function explainFailure({ family, status, text }: NativeFailure): FailureExplanation {
  const described = describeCode(family, status);
  const messages = parseGeText(text);
  const codes = [...new Set(messages.map(({ code }) => code))].map((code) => describeTextCode(code, WORK[family]));
  const telling = codes.find(({ code, isListed }) => isListed && !VAGUE.includes(code)) ?? codes.find(({ isListed }) => isListed);
  return {
    status: described,
    messages,
    codes,
    said: saidBy(messages),
    fix: telling?.fix ?? [described.meaning, described.fix].filter((part) => part !== null).join(' '),
  };
}

/** What CANN says of a failure that has no status: a handle that is NULL. */
export function vendorWords(text: string): string | null {
  return saidBy(parseGeText(text));
}

function saidBy(messages: readonly GeMessage[]): string | null {
  const first = messages.find(({ code }) => !VAGUE.includes(code)) ?? messages[0];
  if (first === undefined) return null;
  const { code, message, solution } = first;
  return [`${code}: ${message}`, ...(solution === null ? [] : [`Solution: ${solution}`])].join(' ');
}
