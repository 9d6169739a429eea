// Made-up installations: the folders and small files of the stand-in CANN with empty files for libraries, in a machine of their own.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Machine } from '../../src/backends/ascend/cann/index.js';
import { ARCH, writeInstall } from './cann/install-files.js';
import { type CannLayout, DEVLIB, LIBRARIES } from './cann/libraries.js';

export { ARCH } from './cann/install-files.js';

/** A machine below `root`, with nothing on it. */
export function emptyMachine(root: string): Machine {
  mkdirSync(join(root, 'dev'), { recursive: true });
  return {
    arch: ARCH,
    installFolders: [join(root, 'usr/local/Ascend'), join(root, 'home/Ascend')],
    deviceFolder: join(root, 'dev'),
    installInfo: join(root, 'etc/ascend_install.info'),
  };
}

/** An installation in `home`, with stubs in its devlib. */
export function makeTree(home: string, layout: CannLayout): string {
  const { lib64, devlib } = writeInstall(home, layout);
  for (const { name } of LIBRARIES[layout]) write(join(lib64, name));
  for (const name of [...DEVLIB, 'libascend_hal.so']) write(join(devlib, name));
  write(join(home, 'opp/built-in/op_impl/ai_core/tbe/config/ascend910b/aic-ascend910b-ops-info.json'), '{}');
  return home;
}

/** 8.1 below the install folder as its installer leaves it: `latest`, a folder of links, beside the version's own. */
export function installOld(installFolder: string, version = '8.1.RC1'): string {
  const home = makeTree(join(installFolder, 'ascend-toolkit', version), '8.1');
  const latest = join(installFolder, 'ascend-toolkit/latest');
  mkdirSync(latest, { recursive: true });
  for (const name of ['bin', 'compiler', 'lib64', 'opp', 'python', 'runtime', 'devlib', `${ARCH}-linux`, 'version.cfg', 'set_env.sh']) {
    if (existsSync(join(home, name))) symlinkSync(join('..', version, name), join(latest, name));
  }
  return latest;
}

/** 9.2 below the install folder: `cann`, a link to `cann-9.2.0`. */
export function installNew(installFolder: string, version = '9.2.0'): string {
  const home = makeTree(join(installFolder, `cann-${version}`), '9.2');
  symlinkSync(`cann-${version}`, join(installFolder, 'cann'));
  return home;
}

/** The driver's files. */
export function installDriver(installFolder: string): void {
  write(join(installFolder, 'driver/version.info'), 'Version=24.1.rc3\nascendhal_version=7.35.23\n');
  write(join(installFolder, 'firmware/version.info'), 'Version=7.5.0.2.220\n');
  write(join(installFolder, 'driver/lib64/driver/libascend_hal.so'));
}

export function write(path: string, content = ''): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
