// Opens a bundle for execution on the backend that it was built for.
import type { BackendKind, Session } from '../../backends/backend.js';
import { chooseForBundle, loadBackend } from '../../backends/registry.js';
import { type Bundle, findSubmodel } from '../../formats/om/index.js';
import type { Io } from '../verb.js';
import { openBundleAt } from './bundle.js';

export interface Opened extends AsyncDisposable {
  readonly path: string;
  readonly bundle: Bundle;
  readonly backend: BackendKind;
  readonly session: Session;
  /** Without an init graph the weights have no value before a first, whole update. */
  readonly hasInit: boolean;
}

/** @throws BACKEND_MISMATCH, BACKEND_UNAVAILABLE, and what opening throws */
export async function openSession(path: string, asked: 'auto' | BackendKind, io: Io): Promise<Opened> {
  const bundle = openBundleAt(path);
  const choice = chooseForBundle(bundle, path, asked);
  io.useBackend(choice);
  const backend = await loadBackend(choice);
  const session = await io.step('open', () => backend.open(bundle, path));
  const hasInit = findSubmodel(bundle, 'init') !== undefined;
  return { path, bundle, backend: choice.kind, session, hasInit, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() };
}
