// What has been taken from the device and has to go back: in the opposite order, on every way out.

export class Releases {
  readonly #undo: (() => void)[] = [];

  add(undo: () => void): void {
    this.#undo.push(undo);
  }

  /**
   * Undoes everything, the last first. A step that fails does not keep the others from being done.
   *
   * @throws what the first failing step threw
   */
  run(): void {
    const [first, ...others] = this.failures();
    if (first !== undefined || others.length > 0) throw first;
  }

  /** Undoes everything, as `run`, and says what went wrong on the way. */
  failures(): readonly unknown[] {
    const failures: unknown[] = [];
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        undo();
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}

/** Does `work`, and afterwards undoes what it has added, whether it succeeded or not. */
export function scoped<T>(work: (releases: Releases) => T): T {
  const releases = new Releases();
  const result = undoneOnFailure(releases, () => work(releases));
  releases.run();
  return result;
}

/** Does `work`; what it has added is undone when it fails, and stays otherwise. */
export function undoneOnFailure<T>(releases: Releases, work: () => T): T {
  try {
    return work();
  } catch (error) {
    try {
      releases.run();
    } catch {
      // What went wrong first says more than what went wrong because of it.
    }
    throw error;
  }
}
