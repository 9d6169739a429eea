// What opening the libraries showed: which ones the linker takes, and whether the functions are there that a verb calls.
import { dirname } from 'node:path';
import type { ProbeReply } from '../native/probe.js';
import { type FunctionName, functionsFor, type NativeUse } from '../native/symbols/index.js';
import type { Check } from './check.js';
import { realOf } from './find.js';
import type { CannUse } from './libraries.js';

/** GE's compiler before its graphs: with libgraph alone, its first error ends the process (cann-api §10). */
export const LIBRARY_ORDER: Readonly<Record<CannUse, readonly string[]>> = {
  build: ['libge_compiler.so', 'libgraph.so', 'libgraph_base.so', 'libfmk_onnx_parser.so', 'libacl_rt.so', 'libascendcl.so'],
  run: ['libascendcl.so', 'libacl_rt.so', 'libacl_mdl.so'],
};

/** Of what is opened, the ones without which the verb cannot work. */
const NEEDED: Readonly<Record<CannUse, readonly string[]>> = { build: ['libge_compiler.so', 'libgraph.so'], run: [] };
const USES: Readonly<Record<CannUse, readonly NativeUse[]>> = { build: ['build', 'onnx'], run: ['run'] };
const WHAT: Readonly<Record<NativeUse, string>> = { build: 'build a bundle', onnx: 'read ONNX models', run: 'run a bundle' };

/** Of a native process that ended, hung or refused. */
export const IDENTIFY_FAILED: Readonly<Record<CannUse, Pick<Check, 'code' | 'area' | 'status' | 'uses'>>> = {
  build: { code: 'LIBRARIES_FAILED', area: 'libraries', status: 'missing', uses: ['build'] },
  run: { code: 'DEVICES_FAILED', area: 'devices', status: 'missing', uses: ['run'] },
};

const SHOWN = 5;

/** @param folders  the installation's own, of its libraries */
export function functionChecks(use: CannUse, { libraries, functions, usable }: ProbeReply, folders: readonly string[]): Check[] {
  const checks: Check[] = [];
  const own = folders.map((folder) => realOf(folder) ?? folder);
  for (const { name, path } of libraries) {
    const real = path === null ? null : dirname(realOf(path) ?? path);
    if (real === null || own.some((folder) => real === folder || real.startsWith(`${folder}/`))) continue;
    checks.push({
      code: 'LIBRARY_ELSEWHERE',
      area: 'libraries',
      status: 'warning',
      message: `${name} is taken from ${path}, outside of this CANN.`,
      fix: real.split('/').includes('devlib')
        ? 'It is a stub that answers 100039: install the package that has the real one.'
        : 'Take that folder out of LD_LIBRARY_PATH.',
      uses: [use],
    });
  }
  for (const { name, reason } of libraries) {
    // Absent ones have been told of from the files; here it is those that are there and do not load.
    if (reason === null || reason.startsWith(`${name}: cannot open shared object file: No such file`)) continue;
    checks.push({
      code: 'LIBRARY_UNLOADABLE',
      area: 'libraries',
      status: NEEDED[use].includes(name) ? 'missing' : 'warning',
      message: `${name} cannot be loaded: ${reason}.`,
      fix: fixOf(reason),
      uses: [use],
    });
  }
  for (const needed of USES[use]) checks.push(functionCheck(use, needed, functions, usable));
  if (use === 'run') checks.push(...bundleMemoryCheck(functions));
  return checks;
}

function fixOf(reason: string): string {
  const dependency = /^(\S+): cannot open shared object file/.exec(reason)?.[1];
  if (dependency === 'libascend_hal.so') return 'Install the driver of the card: libascend_hal.so is part of it.';
  if (dependency !== undefined) return `Install the package that has ${dependency}, in the version of this CANN.`;
  if (reason.includes('undefined symbol')) return 'Libraries of two versions are mixed: reinstall CANN, and unset LD_LIBRARY_PATH.';
  return 'Reinstall this package of CANN.';
}

function functionCheck(use: CannUse, needed: NativeUse, functions: ProbeReply['functions'], usable: readonly NativeUse[]): Check {
  const base = { area: 'functions', uses: [use] } as const;
  const all = functionsFor(needed).length;
  if (usable.includes(needed)) {
    return {
      ...base,
      code: 'FUNCTIONS_FOUND',
      status: 'ok',
      message: all === 1 ? `the function to ${WHAT[needed]}` : `all ${all} functions to ${WHAT[needed]}`,
      fix: null,
    };
  }
  const missing = functions.filter((one) => one.use === needed && one.path === null);
  const names = missing.slice(0, SHOWN).map(({ name }) => name);
  const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : '';
  return {
    ...base,
    code: 'FUNCTIONS_MISSING',
    status: needed === use ? 'missing' : 'warning',
    message: `${missing.length} of ${all} functions to ${WHAT[needed]} are missing: ${names.join(', ')}${more}.`,
    fix: `Install CANN ${
      missing
        .map(({ since }) => since)
        .sort()
        .at(-1) ?? '8.0'
    } or newer, whole.`,
  };
}

/** What a run in memory of our own calls. */
const BUNDLE_MEMORY: readonly FunctionName[] = [
  'aclmdlBundleQueryInfoFromFile',
  'aclmdlBundleGetVarWeightSize',
  'aclmdlBundleGetSize',
  'aclmdlBundleInitFromFile',
  'aclmdlBundleLoadModelWithMem',
  'aclmdlBundleUnloadModel',
];

/** Since 9.0; without them a run takes the memory that AscendCL wants. */
function bundleMemoryCheck(functions: ProbeReply['functions']): Check[] {
  const hasAll = BUNDLE_MEMORY.every((name) => functions.find((one) => one.name === name)?.path != null);
  const message = hasAll ? '--memory low is possible' : '--memory low is not possible: it needs CANN 9.0 or newer';
  return [{ code: 'BUNDLE_MEMORY', area: 'functions', status: 'ok', message, fix: null, uses: ['run'] }];
}
