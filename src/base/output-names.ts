// What the caller of a writer calls the place of its output, so that a message advises in the caller's words.

export interface OutputNames {
  /** Where to write. */
  readonly output: string;
  /** Replace what is there. */
  readonly force: string;
}

export const COMMAND_LINE_OUTPUT: OutputNames = { output: '-o', force: '--force' };
