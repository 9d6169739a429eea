// CANN's error texts, taken apart: code, message, cause, solution, trace. Two layouts, both with several messages one after
// another, because texts that nobody read pile up:
//   E10001: [PID: 106] 2025-10-30-08:21:08.817.477 <message>                 (8.x)
//   [PID: 106] 2025-10-30-08:21:08.817.477 Invalid_Argument(E10001): <message>   (8.5 and newer)
// Inner errors of the newer kind have their code once more in front: E19999[PID: 106] 2025-10-30-08:21:08.817.477 (E19999):  <message>

export interface GeMessage {
  readonly code: string;
  /** `Invalid_Argument`, where the text has one. */
  readonly name: string | null;
  readonly message: string;
  readonly cause: string | null;
  readonly solution: string | null;
  /** Innermost first, as CANN writes it. */
  readonly trace: readonly string[];
}

const OLD_HEAD = /^\s*([EW][A-Z0-9]\d{4})(?::|(?=\s*\[PID:))\s*(?:\[PID:\s*\d+\]\s*\S+\s?)?(.*)$/;
const NEW_HEAD = /^\s*(?:[EW][A-Z0-9]\d{4}\s*)?\[PID:\s*\d+\]\s*\S+\s+([\w. -]*?)\(([EW][A-Z0-9]\d{4})\):\s*(.*)$/;
const BARE_CODE = /\b([EW][A-Z0-9]\d{4})\b/;
/** `E19999: Inner Error!` only announces the message behind it. */
const ANNOUNCEMENT = /^(inner|internal) error!?$/i;
const NOTHING = /^N\/A\.?$/i;
/** A log may be long; a text of CANN is not. */
const LONGEST = 64 * 1024;

interface OpenMessage {
  code: string;
  name: string | null;
  message: string;
  cause: string | null;
  solution: string | null;
  trace: string[];
}

type Part = 'message' | 'cause' | 'solution' | 'trace';

/**
 * @returns the messages in their order, the newest where GE puts it: first. Without any head, the code in the first two lines
 *   makes one message of the whole text; without a code, there is none
 */
export function parseGeText(text: string): GeMessage[] {
  const messages: OpenMessage[] = [];
  let part: Part = 'message';
  for (const line of text.slice(0, LONGEST).split(/\r?\n/)) {
    const head = headOf(line);
    if (head !== undefined) {
      messages.push(head);
      part = 'message';
      continue;
    }
    const current = messages.at(-1);
    if (current !== undefined) part = addLine(current, part, line.trim());
  }
  const meant = messages.filter(({ code, message }, i) => !(ANNOUNCEMENT.test(message) && messages[i + 1]?.code === code));
  return meant.length > 0 ? meant : bareMessage(text);
}

/** Every code that a text speaks of, once, in the order of its messages. */
export function textCodesIn(text: string): string[] {
  return [...new Set(parseGeText(text).map(({ code }) => code))];
}

function headOf(line: string): OpenMessage | undefined {
  const [, name, newCode, newMessage] = NEW_HEAD.exec(line) ?? [];
  if (newCode !== undefined) return opened(newCode, name || null, newMessage as string);
  const [, code, message] = OLD_HEAD.exec(line) ?? [];
  return code === undefined ? undefined : opened(code, null, message as string);
}

function opened(code: string, name: string | null, message: string): OpenMessage {
  return { code, name, message: message.trim(), cause: null, solution: null, trace: [] };
}

function addLine(to: OpenMessage, part: Part, line: string): Part {
  const [, label, rest] = /^(Possible Cause|Solution|TraceBack)\b[^:]*:\s*(.*)$/i.exec(line) ?? [];
  const next =
    label === undefined ? part : ({ p: 'cause', s: 'solution', t: 'trace' } as const)[label[0]?.toLowerCase() as 'p' | 's' | 't'];
  const content = label === undefined ? line : (rest as string);
  if (content === '') return next;
  if (next === 'trace') to.trace.push(content);
  else if (next === 'message') to.message = joined(to.message, content);
  else if (!NOTHING.test(content)) to[next] = joined(to[next], content);
  return next;
}

function joined(before: string | null, line: string): string {
  return before ? `${before} ${line}` : line;
}

function bareMessage(text: string): GeMessage[] {
  const [, code] = BARE_CODE.exec(text.split('\n', 2).join('\n').slice(0, LONGEST)) ?? [];
  return code === undefined ? [] : [opened(code, null, text.slice(0, LONGEST).trim())];
}
