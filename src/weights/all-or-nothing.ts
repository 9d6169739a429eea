// A change of weights that happens whole or not at all, on any backend: where it fails on the way, the set before it is put back.
import type { Session } from '../backends/backend.js';

/** What the weights are after a change that failed; `unknown` when putting them back failed too. */
export type WeightsAfterFailure = 'restored' | 'unknown';

/** The failure of a change, after the weights were put back or not. */
export class FailedChange extends Error {
  override readonly name = 'FailedChange';

  constructor(
    readonly weights: WeightsAfterFailure,
    override readonly cause: unknown,
  ) {
    super(`The weights were ${weights === 'restored' ? 'put back' : 'left in an unknown state'}.`);
  }
}

/**
 * @param change  calls `update`, `initialize` or `restore` of the session, after everything that can be checked has been
 * @throws FailedChange
 */
export async function changeWeights<T>(session: Session, change: () => Promise<T>): Promise<T> {
  const before = session.snapshot();
  try {
    return await change();
  } catch (cause) {
    throw new FailedChange(await putBack(session, before), cause);
  }
}

async function putBack(session: Session, before: ReturnType<Session['snapshot']>): Promise<WeightsAfterFailure> {
  try {
    await session.restore(before);
    return 'restored';
  } catch {
    // The cause of the first failure is the one to tell; that this one came on top of it is what 'unknown' says.
    return 'unknown';
  }
}
