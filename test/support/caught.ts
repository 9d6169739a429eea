import { expect } from 'vitest';
import { AscendBundleError } from '../../src/base/errors.js';

/** The error of ours that `work` must throw. */
export function caught(work: () => unknown): AscendBundleError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(AscendBundleError);
    return error as AscendBundleError;
  }
  return expect.unreachable();
}
