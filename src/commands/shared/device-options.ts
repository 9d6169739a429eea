// The options of every verb that executes a bundle: how a device is used. On the CPU they say nothing, so they are refused there.
import { resolve } from 'node:path';
import type { DeviceRequest } from '../../backends/ascend/acl/request.js';
import type { BackendKind } from '../../backends/backend.js';
import { AscendBundleError } from '../../base/errors.js';
import { refuseOutput } from '../../base/output-file.js';
import type { OptionRow } from '../verb.js';
import { number, oneOf, optionalName, optionalOutput, seconds } from './option-values.js';

export interface DeviceValues {
  readonly device?: number | undefined;
  readonly memory?: 'auto' | 'low' | undefined;
  readonly timeout?: number | undefined;
  readonly trace?: string | undefined;
  readonly ascendHome?: string | undefined;
}

export const DEVICE_OPTIONS: readonly OptionRow[] = [
  { flags: '-d, --device <id>', help: 'the NPU to run on, as AscendCL counts (default: 0)' },
  { flags: '--memory <mode>', help: 'low: less device memory, where CANN can (9.0 and newer)', choices: ['auto', 'low'] },
  { flags: '--timeout <seconds>', help: 'give a step on the NPU up after this time' },
  { flags: '--trace <file>', help: 'write each native call as a JSON line' },
  { flags: '--ascend-home <folder>', help: 'the CANN to use' },
];

export const DEVICE_VALUES = {
  device: number('a whole number of at least 0', (id) => Number.isInteger(id) && id >= 0 && id <= 0x7fffffff),
  memory: oneOf(['auto', 'low']),
  timeout: seconds(2_000_000),
  trace: optionalOutput,
  ascendHome: optionalName,
} as const;

const FLAGS: Readonly<Record<keyof DeviceValues, string>> = {
  device: '--device',
  memory: '--memory',
  timeout: '--timeout',
  trace: '--trace',
  ascendHome: '--ascend-home',
};

/**
 * @param force  whether an existing trace may be written over
 * @throws USAGE for a bundle that runs on the CPU, FILE_EXISTS
 */
export function deviceRequest(
  given: DeviceValues,
  backend: BackendKind,
  { force = false }: { readonly force?: boolean } = {},
): DeviceRequest {
  const used = (Object.keys(FLAGS) as (keyof DeviceValues)[]).find((key) => given[key] !== undefined);
  if (backend === 'host' && used !== undefined) {
    throw new AscendBundleError('USAGE', {
      message: `${FLAGS[used]} is for an NPU, and this bundle was built for the host backend.`,
      fix: `Leave ${FLAGS[used]} out.`,
    });
  }
  const { device, memory, timeout, trace, ascendHome } = given;
  if (trace !== undefined) refuseOutput(trace, { force });
  return {
    device,
    memory,
    timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    trace: trace === undefined ? undefined : resolve(trace),
    ascendHome,
  };
}
