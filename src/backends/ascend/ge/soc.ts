// The chip to compile for. GE's own answer to a wrong name comes late, and in some versions not at all (cann-api §2.4, §10).
import { AscendBundleError, type Problem } from '../../../base/errors.js';
import { didYouMean, nearNames } from '../../../base/near-names.js';

/**
 * @param installed  the chips that the installed CANN knows; undefined where there is no list, then any name passes
 * @returns what to say of it
 * @throws USAGE with the near names
 */
export function checkSocVersion(name: string, installed: readonly string[] | undefined): readonly Problem[] {
  if (installed !== undefined && !installed.includes(name)) {
    const near = installed.find((known) => known.toLowerCase() === name.toLowerCase());
    const listed = `The installed CANN knows ${installed.length} chips; "ascend-bundle targets" lists them.`;
    throw new AscendBundleError('USAGE', {
      message: `--soc-version "${name}" is no chip that the installed CANN can compile for${near === undefined ? '' : '; upper and lower case count'}.`,
      fix: near === undefined ? didYouMean(nearNames(name, installed), listed) : `Write ${near}.`,
    });
  }
  const unchecked: Problem = {
    code: 'SOC_UNCHECKED',
    message: `The installed CANN has no list of chips, so that "${name}" was not checked.`,
    fix: 'ascend-bundle doctor tells what is missing.',
  };
  return [...(installed === undefined ? [unchecked] : []), ...oldChip(name, installed)];
}

/** Ascend910B is an older chip than 910B1 to 910B4, on which a model for it does not load. */
function oldChip(name: string, installed: readonly string[] | undefined): readonly Problem[] {
  if (name !== 'Ascend910B') return [];
  const newer = installed?.filter((known) => /^Ascend910B\d/.test(known)) ?? [];
  return [
    {
      code: 'SOC_OLD_CHIP',
      message: 'Ascend910B is not the chip of an Atlas A2 (Ascend910B1 to Ascend910B4): a bundle for it does not load there.',
      fix: `For an Atlas A2 give the name that npu-smi info shows${newer.length === 0 ? '' : `: ${newer.join(', ')}`}.`,
    },
  ];
}
