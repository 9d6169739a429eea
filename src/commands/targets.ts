// targets: the names that --soc-version takes, of the CANN that is installed.
import { chipFamilies, findCann, installedChips, KNOWN_CHIPS, thisMachine } from '../backends/ascend/cann/index.js';
import { AscendBundleError } from '../base/errors.js';
import { optionalName, optionValues } from './shared/option-values.js';
import type { Outcome, ValuesSchema, Verb } from './verb.js';

export interface TargetsValues {
  readonly ascendHome?: string | undefined;
}

const values: ValuesSchema<TargetsValues> = optionValues({ ascendHome: optionalName });

export interface TargetsResult {
  /** `installed`: of the CANN here; `known`: no such list here, these are the ones that this tool knows of. */
  readonly source: 'installed' | 'known';
  /** Of the list; null where there is none. */
  readonly folder: string | null;
  /** Null where there is none. */
  readonly cann: string | null;
  readonly families: readonly {
    readonly family: string;
    readonly products: string | null;
    readonly names: readonly string[];
  }[];
}

export const targets: Verb<TargetsValues, TargetsResult> = {
  name: 'targets',
  summary: 'list the chips that --soc-version names',
  description: `Lists the names that --soc-version takes: the chips that the installed CANN can compile for, in the letters that it wants. Without CANN, the ones of CANN 8.1 and 9.2, and says so. The chip of a machine with a card: ascend-bundle doctor.`,
  arguments: [],
  options: [{ flags: '--ascend-home <dir>', help: 'the folder of CANN, in place of its variables and default folders' }],
  examples: ['ascend-bundle targets', "ascend-bundle targets --json | jq -r '.result.families[].names[]'"],
  values,
  run: async (given) => listTargets(given),
};

function listTargets({ ascendHome }: TargetsValues): Outcome<TargetsResult> {
  const env = process.env;
  const machine = thisMachine(env);
  const { found, tried } = findCann({ ascendHome, env, machine });
  if (found === undefined && ascendHome !== undefined) {
    throw new AscendBundleError('BACKEND_UNAVAILABLE', {
      message: `--ascend-home ${ascendHome} is no CANN: ${tried[0]?.why}.`,
      fix: 'Give the folder that has lib64 and opp, such as /usr/local/Ascend/ascend-toolkit/latest.',
    });
  }
  const list = found === undefined ? undefined : installedChips(found, machine.arch);
  return {
    result: {
      source: list === undefined ? 'known' : 'installed',
      folder: list?.folder ?? null,
      cann: found?.home ?? null,
      families: chipFamilies(list?.names ?? KNOWN_CHIPS),
    },
  };
}
