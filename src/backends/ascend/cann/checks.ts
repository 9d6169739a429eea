// What can be told from files alone: no process is started and no library opened.
import { basename, join } from 'node:path';
import type { Check } from './check.js';
import { chipFolders } from './chips.js';
import { findDevices } from './devices.js';
import { type Driver, HAL_LIBRARY } from './driver.js';
import { missingErrorTable } from './error-table.js';
import type { Cann, CannSearch } from './find.js';
import { type Installation, lookAt } from './installation.js';
import { libraryStates } from './libraries.js';
import type { Machine } from './machine.js';
import { foreignOppPath, operatorPackage } from './operators.js';
import { areStubsFirst, searchEntries } from './search-paths.js';
import type { CannVersion } from './version.js';

const BOTH = ['build', 'run'] as const;
const BUILD = ['build'] as const;
const RUN = ['run'] as const;

/** Said where nothing of CANN is found, by every verb in the same words. */
const INSTALL_CANN =
  'Install the CANN toolkit and the operator package of the chip (hiascend.com/cann), or give the folder of an installation with --ascend-home.';

/** Where CANN is; and what said that it is elsewhere. */
function installationChecks({ found, tried }: CannSearch, version: CannVersion | undefined): Check[] {
  const named = tried.filter(({ isNamed }) => isNamed);
  if (found === undefined) {
    const looked = tried.map(({ source, path, why }) => `${source === path ? '' : `${source}=`}${path}: ${why}`);
    const message = looked.length === 0 ? 'No CANN was found.' : `No usable CANN was found. ${looked.join('; ')}.`;
    return [{ code: 'CANN_NOT_FOUND', area: 'CANN', status: 'missing', message, fix: INSTALL_CANN, uses: BOTH }];
  }
  const what = version === undefined ? 'CANN of unknown version' : `CANN ${version.text}`;
  const by = found.source === found.home ? '' : ` (${found.source})`;
  return [
    { code: 'CANN_FOUND', area: 'CANN', status: 'ok', message: `${what} in ${found.home}${by}`, fix: null, uses: BOTH },
    ...named.map(
      ({ source, path, why }): Check => ({
        code: 'CANN_VARIABLE_IGNORED',
        area: 'CANN',
        status: 'warning',
        message: `${source} says ${path}, but ${why}; ${found.home} is used.`,
        fix: `unset ${source}`,
        uses: BOTH,
      }),
    ),
  ];
}

function libraryChecks(cann: Cann): Check[] {
  return libraryStates(cann).map(({ names, what, use, isNeeded, path }): Check => {
    const base = { area: 'libraries', uses: [use] } as const;
    if (path !== undefined) return { ...base, code: 'LIBRARY_FOUND', status: 'ok', message: `${basename(path)} (${what})`, fix: null };
    const isCompiler = use === 'build' && isNeeded;
    return {
      ...base,
      code: 'LIBRARY_NOT_FOUND',
      status: isNeeded ? 'missing' : 'warning',
      message: `${names.join(' or ')} (${what}) is not in ${cann.libraryFolder}.`,
      fix:
        isCompiler && !cann.hasCompiler
          ? 'Install the CANN toolkit: this is a runtime package, which has no compiler.'
          : 'Install the package of CANN that has it, in the same version; a link that leads nowhere counts as missing.',
    };
  });
}

function errorTableChecks(cann: Cann): Check[] {
  const missing = missingErrorTable(cann);
  if (missing === undefined) return [];
  return [
    {
      code: 'ERROR_TABLE_NOT_FOUND',
      area: 'libraries',
      status: 'warning',
      message: `GE's table of error texts, ${missing}, is not there; without it GE does not start (0x50100001, and no text).`,
      fix: 'Install the package of CANN that has it (toolkit or runtime) again, whole; a copied lib64 needs the conf folder beside it.',
      uses: BUILD,
    },
  ];
}

function operatorChecks(cann: Cann, env: NodeJS.ProcessEnv): Check[] {
  const opp = operatorPackage(cann);
  const foreign = foreignOppPath(cann, env);
  const base = { area: 'operators', uses: BUILD } as const;
  const chips = opp === undefined || opp.chips.length === 0 ? '' : `, for ${opp.chips.join(', ')}`;
  return [
    opp === undefined
      ? {
          ...base,
          code: 'OPERATORS_NOT_FOUND',
          status: 'warning',
          message: `There is no operator package in ${join(cann.home, 'opp')}; GE knows few operators without it.`,
          fix: 'Install the operator package of the chip (Ascend-cann-<chip>-ops; up to 8.3, Ascend-cann-kernels-<chip>).',
        }
      : { ...base, code: 'OPERATORS_FOUND', status: 'ok', message: `${opp.folder}${chips}`, fix: null },
    ...(foreign === undefined
      ? []
      : [
          {
            ...base,
            code: 'OPP_PATH_FOREIGN',
            status: 'warning',
            message: `ASCEND_OPP_PATH leads to ${foreign}, which belongs to another installation; ${join(cann.home, 'opp')} is used.`,
            fix: 'unset ASCEND_OPP_PATH',
          } as const,
        ]),
  ];
}

function chipChecks({ cann, chips: list }: Installation, { arch }: Machine): Check[] {
  const base = { area: 'chips', uses: BUILD } as const;
  if (list !== undefined) {
    return [{ ...base, code: 'CHIPS_FOUND', status: 'ok', message: `${list.names.length} chips in ${list.folder}`, fix: null }];
  }
  return [
    {
      ...base,
      code: 'CHIPS_NOT_FOUND',
      status: 'warning',
      message: `There is no list of chips in ${chipFolders(cann, arch)[0]}; --soc-version is passed on unchecked.`,
      fix: 'Check the spelling of --soc-version; the toolkit package has the list.',
    },
  ];
}

function driverChecks({ driver, environments }: Installation): Check[] {
  const base = { area: 'driver' } as const;
  if (driver.hal !== null) {
    return [{ ...base, code: 'DRIVER_FOUND', status: 'ok', message: driverText(driver), fix: null, uses: BOTH }];
  }
  const absent = driver.isInstalled ? `${driver.folder} has no ${HAL_LIBRARY}` : `there is no driver in ${driver.folder}`;
  const forRun: Check = {
    ...base,
    code: 'DRIVER_NOT_FOUND',
    status: 'warning',
    message: `A run needs a card and its driver, and ${absent}.`,
    fix: 'Install the driver and firmware of the card (Ascend-hdk-…); in a container, mount the folder of the driver.',
    uses: RUN,
  };
  const { stubs } = environments.build;
  if (stubs !== null) {
    const message = `Building works without a card: ${absent}, and the stub in ${stubs} takes its place.`;
    return [{ ...base, code: 'DRIVER_STUB', status: 'ok', message, fix: null, uses: BUILD }, forRun];
  }
  return [
    {
      ...base,
      code: 'DRIVER_NOT_FOUND',
      status: 'warning',
      message: `${HAL_LIBRARY} may be missing: ${absent}, and CANN has no devlib with a stub of it.`,
      fix: 'Install the driver, or the toolkit with its devlib, so that libraries that need it can be loaded.',
      uses: BUILD,
    },
    forRun,
  ];
}

function driverText({ folder, version, firmwareVersion }: Driver): string {
  const firmware = firmwareVersion === null ? '' : `, firmware ${firmwareVersion}`;
  return `driver ${version ?? 'of unknown version'}${firmware} in ${folder}`;
}

function deviceChecks(env: NodeJS.ProcessEnv, machine: Machine): Check[] {
  const { cards, shared, missingShared } = findDevices(machine);
  const base = { area: 'devices', uses: RUN } as const;
  const visible = env['ASCEND_RT_VISIBLE_DEVICES'];
  const chosen = visible === undefined ? '' : ` (ASCEND_RT_VISIBLE_DEVICES=${visible}, numbered from 0)`;
  if (cards.length === 0) {
    return [
      {
        ...base,
        code: 'DEVICES_NOT_FOUND',
        status: 'warning',
        message: `There is no ${machine.deviceFolder}/davinci0 or the like${chosen}.`,
        fix: 'Load the driver (npu-smi info), or give the container its devices: --device /dev/davinci0 --device /dev/davinci_manager --device /dev/devmm_svm --device /dev/hisi_hdc',
      },
    ];
  }
  const closed = [...cards, ...shared].filter(({ isAccessible }) => !isAccessible);
  const checks: Check[] = [];
  if (closed.length > 0) {
    const gid = closed.find((node) => node.gid !== null)?.gid;
    checks.push({
      ...base,
      code: 'DEVICES_NO_ACCESS',
      status: 'warning',
      message: `This user may not read and write ${closed.map(({ path }) => path).join(', ')}.`,
      fix: `sudo usermod -aG ${gid === undefined || gid === 0 ? 'HwHiAiUser' : `"$(getent group ${gid} | cut -d: -f1)"`} "$USER", then log in again; in a container, run as a user of that group`,
    });
  } else {
    const names = cards.map(({ path }) => path).join(', ');
    checks.push({ ...base, code: 'DEVICES_FOUND', status: 'ok', message: `${names}${chosen}`, fix: null });
  }
  if (missingShared.length > 0) {
    const fix = `Give the container these too: ${missingShared.map((path) => `--device ${path}`).join(' ')}`;
    checks.push({ ...base, code: 'DEVICES_INCOMPLETE', status: 'warning', message: `${missingShared.join(', ')} not there.`, fix });
  }
  return checks;
}

function pathChecks({ cann, environments }: Installation, env: NodeJS.ProcessEnv, { arch }: Machine): Check[] {
  const base = { area: 'paths', uses: BOTH } as const;
  const foreign = environments.build.dropped.filter(({ kind }) => kind === 'foreign');
  const homes = [...new Set(foreign.map(({ home, path }) => home ?? path))];
  const checks: Check[] = homes.map((home) => {
    const variables = [...new Set(foreign.filter((entry) => (entry.home ?? entry.path) === home).map(({ variable }) => variable))];
    return {
      ...base,
      code: 'PATH_FOREIGN',
      status: 'warning',
      message: `${variables.join(' and ')} ${variables.length === 1 ? 'has' : 'have'} folders of another CANN, ${home}; they are left out.`,
      fix: `Source the set_env.sh of one installation only, or none: ascend-bundle needs neither.`,
    };
  });
  if (areStubsFirst(searchEntries(env['LD_LIBRARY_PATH'], cann, arch))) {
    checks.push({
      ...base,
      code: 'PATH_STUBS_FIRST',
      status: 'warning',
      message: 'LD_LIBRARY_PATH has the stubs of devlib before the real libraries, which would answer 100039; they are left out.',
      fix: 'Take the devlib folders out of LD_LIBRARY_PATH.',
    });
  }
  if (checks.length === 0)
    checks.push({ ...base, code: 'PATH_CLEAN', status: 'ok', message: 'no folders of another CANN, no stubs in front', fix: null });
  return checks;
}

export interface FileFindings {
  /** Undefined where there is none. */
  readonly installation: Installation | undefined;
  readonly checks: readonly Check[];
}

/** Everything that files tell of an installation. */
export function fileFindings(search: CannSearch, env: NodeJS.ProcessEnv, machine: Machine): FileFindings {
  const { found } = search;
  if (found === undefined) return { installation: undefined, checks: installationChecks(search, undefined) };
  const installation = lookAt(found, env, machine);
  const checks = [
    ...installationChecks(search, installation.version),
    ...libraryChecks(found),
    ...errorTableChecks(found),
    ...operatorChecks(found, env),
    ...chipChecks(installation, machine),
    ...driverChecks(installation),
    ...deviceChecks(env, machine),
    ...pathChecks(installation, env, machine),
  ];
  return { installation, checks };
}
