// What a caller calls its options and how it writes values, so that a message offers only what there is, in the caller's words.

/** One that is left out is never offered. */
export interface OptionNames {
  readonly cast?: string;
  readonly map?: string;
  readonly ignoreExtra?: string;
  readonly strict?: string;
}

export const COMMAND_LINE = {
  cast: '--cast',
  map: '--map',
  ignoreExtra: '--ignore-extra',
  strict: '--strict',
} as const satisfies OptionNames;

/** How the inputs of a model are given. */
export interface InputNames {
  /** What holds all of them: `The command line`. */
  readonly subject: string;
  /** `--input` */
  readonly option: string;
  /** A value as it is typed, with the option: `--input x=@x.npy`. */
  write(value: string): string;
  /** What to do about an input that is not given, as a sentence. */
  add(name: string): string;
}

export const COMMAND_LINE_INPUTS: InputNames = {
  subject: 'The command line',
  option: '--input',
  write: (value) => `--input ${value}`,
  add: (name) => `Add --input ${name}=@file.npy`,
};
