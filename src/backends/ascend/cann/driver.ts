// The driver and the firmware of the card; they are installed apart from CANN.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { driverRoot, type Machine } from './machine.js';
import { keyValue, readSmallFile } from './small-file.js';

export interface Driver {
  /** `/usr/local/Ascend/driver` */
  readonly folder: string;
  readonly isInstalled: boolean;
  readonly version: string | null;
  readonly firmwareVersion: string | null;
  /** The library that everything of CANN needs from the driver; null where it is not there. */
  readonly hal: string | null;
}

export const HAL_LIBRARY = 'libascend_hal.so';
const LIBRARY_FOLDERS = ['lib64', 'lib64/common', 'lib64/driver'];

export function findDriver(machine: Machine): Driver {
  const root = driverRoot(machine);
  const folder = join(root, 'driver');
  const hal = driverLibraryFolders(folder)
    .map((one) => join(one, HAL_LIBRARY))
    .find((path) => existsSync(path));
  return {
    folder,
    isInstalled: existsSync(folder),
    version: versionIn(join(folder, 'version.info')),
    firmwareVersion: versionIn(join(root, 'firmware/version.info')),
    hal: hal ?? null,
  };
}

export function driverLibraryFolders(folder: string): readonly string[] {
  return LIBRARY_FOLDERS.map((below) => join(folder, below));
}

function versionIn(path: string): string | null {
  const version = keyValue(readSmallFile(path) ?? '', 'Version');
  return version !== undefined && /^[\w.-]{1,64}$/.test(version) ? version : null;
}
