// Where on a machine CANN, its driver and its devices are looked for. Handed in everywhere, so that a test can make up a machine.
import { join } from 'node:path';
import { keyValue, readSmallFile } from './small-file.js';

export interface Machine {
  /** As CANN spells it in its folders: `x86_64`, `aarch64`. */
  readonly arch: string;
  /** Folders that installations are made in, the most usual first. */
  readonly installFolders: readonly string[];
  /** Of the device nodes. */
  readonly deviceFolder: string;
  /** Written by the installer of the driver. */
  readonly installInfo: string;
}

const ARCHS: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

export function thisMachine(env: NodeJS.ProcessEnv): Machine {
  const home = env['HOME'];
  return {
    arch: ARCHS[process.arch] ?? process.arch,
    installFolders: ['/usr/local/Ascend', ...(home ? [join(home, 'Ascend')] : []), '/opt/Ascend'],
    deviceFolder: '/dev',
    installInfo: '/etc/ascend_install.info',
  };
}

/** Below what the driver and the firmware were installed in; `/usr/local/Ascend` unless the installer noted another folder. */
export function driverRoot({ installInfo, installFolders }: Machine): string {
  const noted = keyValue(readSmallFile(installInfo) ?? '', 'Driver_Install_Path_Param');
  return noted?.startsWith('/') ? noted : (installFolders[0] as string);
}
