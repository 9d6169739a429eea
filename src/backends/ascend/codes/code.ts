// What is known of one code of CANN. The tables beside this file are rows of it; names and numbers are those of the public
// headers, the words are ours.

/** `graphStatus`: what GE's C++ calls return; `aclError`: what AscendCL returns; `text`: the code at the head of an error text. */
export type CodeFamily = 'graphStatus' | 'aclError' | 'text';

export interface CodeDescription {
  readonly family: CodeFamily;
  /** As CANN prints it: `507011`, `4294967295`, `E10001`. */
  readonly code: string;
  /** Of a number beyond what people know by heart: `0x50100001`. */
  readonly hex: string | null;
  /** As in the headers; null for a text code, whose name only the text has. */
  readonly name: string | null;
  readonly meaning: string;
  /** What it comes from in the work of this tool. */
  readonly causes: string | null;
  /** What to do. */
  readonly fix: string | null;
  /** False where only the range of the number told something. */
  readonly isListed: boolean;
}

/** number, name without its prefix, meaning, what to do, likely causes. */
export type StatusRow = readonly [code: number, name: string, meaning: string, fix?: string, causes?: string];

/** What failed: a call that compiles, or one that loads or runs a bundle. */
export type Work = 'build' | 'run';

/** What to do; another thing for each kind of work, where the same advice does not fit both. */
export type Advice = string | Readonly<Record<Work, string>>;

/** codes with one meaning, meaning, what to do, likely causes. */
export type TextRow = readonly [codes: string, meaning: string, fix?: Advice, causes?: string];
