// Opens a bundle for execution on the backend that it was built for.
import type { BackendKind, Session } from '../../backends/backend.js';
import { chooseForBundle, loadBackend } from '../../backends/registry.js';
import { type Bundle, findSubmodel } from '../../formats/om/index.js';
import type { Io } from '../verb.js';
import { openBundleAt } from './bundle.js';
import { type DeviceValues, deviceRequest } from './device-options.js';

export interface Opened extends AsyncDisposable {
  readonly path: string;
  readonly bundle: Bundle;
  readonly backend: BackendKind;
  readonly session: Session;
  /** Without an init graph the weights have no value before a first, whole update. */
  readonly hasInit: boolean;
}

/** @throws BACKEND_MISMATCH, BACKEND_UNAVAILABLE, and what opening throws */
export async function openSession(path: string, asked: 'auto' | BackendKind, io: Io, values: DeviceValues = {}): Promise<Opened> {
  const bundle = openBundleAt(path);
  const choice = chooseForBundle(bundle, path, asked);
  io.useBackend(choice);
  const device = deviceRequest(values, choice.kind);
  const backend = await loadBackend(choice);
  const session = await io.step('open', () => backend.open(bundle, path, { device, onWarning: (warning) => io.warn(warning) }));
  const hasInit = findSubmodel(bundle, 'init') !== undefined;
  return { path, bundle, backend: choice.kind, session, hasInit, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() };
}
