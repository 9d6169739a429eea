import { expect } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';

/** The error of ours that `work` must end with. */
export async function caughtLater(work: Promise<unknown>): Promise<AscendBundleError> {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(AscendBundleError);
    return error as AscendBundleError;
  }
  return expect.unreachable();
}
