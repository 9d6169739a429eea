// The operator package (opp): without it GE knows no operator of the chip.
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Cann, realOf } from './find.js';

export interface OperatorPackage {
  readonly folder: string;
  /** Chips that it has kernels' descriptions for, as it spells them: `ascend910b`; empty where it does not tell. */
  readonly chips: readonly string[];
}

const TBE = 'built-in/op_impl/ai_core/tbe';

/** @returns undefined where the installation has none */
export function operatorPackage({ home }: Cann): OperatorPackage | undefined {
  const folder = join(home, 'opp');
  if (!existsSync(join(folder, 'built-in'))) return undefined;
  return { folder, chips: chipFolders(join(folder, TBE, 'config')) };
}

function chipFolders(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^ascend\w{1,32}$/i.test(name))
      .sort();
  } catch {
    return [];
  }
}

/** ASCEND_OPP_PATH of the user where it leads to another CANN than the one that is used: it is not followed. */
export function foreignOppPath({ home }: Cann, env: NodeJS.ProcessEnv): string | undefined {
  const given = env['ASCEND_OPP_PATH'];
  if (!given) return undefined;
  const own = join(home, 'opp');
  return (realOf(given) ?? resolve(given)) === (realOf(own) ?? own) ? undefined : given;
}
