// Which backends the list runs on: the host always, an NPU where CANN and a device are found, and the stand-in for CANN.
import { spawnSync } from 'node:child_process';
import { findCann, thisMachine } from '../../src/backends/ascend/cann/index.js';
import { hasStandin, standinEnv } from '../support/cann/standin.js';
import { BIN } from '../support/cli.js';

export interface Conformer {
  readonly name: string;
  readonly kind: 'host' | 'ascend';
  readonly env: Readonly<Record<string, string>>;
  /** More of the command line of `build`. */
  readonly build: readonly string[];
  /** Relative to the expected value, and absolute: a matrix unit adds in half precision where it is not told otherwise. */
  readonly tolerance: { readonly relative: number; readonly absolute: number };
  /** Operators that it computes; undefined: all. */
  readonly operators?: ReadonlySet<string>;
}

export interface Conformers {
  readonly usable: readonly Conformer[];
  /** Why the others are not, in words. */
  readonly unusable: readonly string[];
}

const EXACT = { relative: 1e-6, absolute: 1e-6 };
const DEVICE = { relative: 2e-3, absolute: 2e-3 };
const STANDIN_OPERATORS = new Set(['MatMul', 'MatMulV2', 'BatchMatMul', 'BatchMatMulV2', 'Add', 'Sub', 'Mul', 'Relu']);

/** @param own  the environment of the person who runs the tests: CANN's variables, and ASCEND_BUNDLE_SOC for --soc-version */
export function conformers(own: NodeJS.ProcessEnv): Conformers {
  const usable: Conformer[] = [{ name: 'host', kind: 'host', env: bare(own), build: ['--backend', 'host'], tolerance: EXACT }];
  const unusable: string[] = [];
  if (hasStandin) {
    usable.push({
      name: 'stand-in',
      kind: 'ascend',
      env: { ...bare(own), ...standinEnv() },
      build: ['--backend', 'ascend', '--soc-version', 'Ascend910B1'],
      tolerance: EXACT,
      operators: STANDIN_OPERATORS,
    });
  } else unusable.push('the stand-in: there is no g++');
  const { found } = findCann({ env: own, machine: thisMachine(own) });
  if (found === undefined) unusable.push('an NPU: no CANN was found (set ASCEND_HOME_PATH)');
  else {
    const env = defined(own);
    const failing = ['build', 'run'].find((use) => spawnSync(process.execPath, [BIN, 'doctor', '--for', use], { env }).status !== 0);
    if (failing !== undefined) unusable.push(`an NPU: ascend-bundle doctor --for ${failing} says no for ${found.home}`);
    else {
      const soc = own['ASCEND_BUNDLE_SOC'];
      const build = ['--backend', 'ascend', ...(soc ? ['--soc-version', soc] : [])];
      usable.push({ name: `NPU (${found.home})`, kind: 'ascend', env, build, tolerance: DEVICE });
    }
  }
  return { usable, unusable };
}

/** Without CANN's variables. */
function bare(own: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(defined(own)).filter(([name]) => !name.startsWith('ASCEND_')));
}

function defined(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
