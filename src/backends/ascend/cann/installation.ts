// What the files of an installation tell that several ask for, looked up once for a whole command.
import { type ChipList, installedChips } from './chips.js';
import { type Driver, findDriver } from './driver.js';
import { type CannEnvironment, cannEnvironments } from './environment.js';
import type { Cann } from './find.js';
import type { CannUse } from './libraries.js';
import type { Machine } from './machine.js';
import { type CannVersion, cannVersion } from './version.js';

export interface Installation {
  readonly cann: Cann;
  readonly version: CannVersion | undefined;
  /** What --soc-version may be; undefined where the installation has no list, then any name passes. */
  readonly chips: ChipList | undefined;
  readonly driver: Driver;
  /** For the processes that open its libraries. */
  readonly environments: Readonly<Record<CannUse, CannEnvironment>>;
}

export function lookAt(cann: Cann, env: NodeJS.ProcessEnv, machine: Machine): Installation {
  const driver = findDriver(machine);
  return {
    cann,
    version: cannVersion(cann, machine.arch),
    chips: installedChips(cann, machine.arch),
    driver,
    environments: cannEnvironments(cann, env, machine, driver),
  };
}
