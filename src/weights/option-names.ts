// What the caller of a plan calls its options, so that a message offers only what there is, in the caller's words.

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
