// Making a file durable while it is still being written.
import type { FileSystem } from './file-system.js';

const FLUSH_BYTES = 8 << 20;

/** Lets the disk begin before the last byte is there: otherwise it waits while we compute, and we wait while it writes. */
export class Flusher {
  #waiting = 0;
  #current: Promise<unknown> | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(
    readonly fileSystem: FileSystem,
    readonly fd: number,
  ) {}

  written(bytes: number): void {
    this.#waiting += bytes;
    if (this.#waiting >= FLUSH_BYTES && this.#current === undefined) this.begin();
  }

  /** At once, beside a flush that is under way. */
  begin(): void {
    this.#waiting = 0;
    const one: Promise<unknown> = Promise.all([this.#current, this.fileSystem.flush(this.fd)]).then(
      () => this.#ended(one),
      (cause: unknown) => {
        // The system tells a failed write once: the fsync at the end may know nothing of it.
        this.#failure ??= { cause };
        this.#ended(one);
      },
    );
    this.#current = one;
  }

  #ended(one: Promise<unknown>): void {
    if (this.#current === one) this.#current = undefined;
  }

  /** Waits for the last flush. @throws what one of them failed with */
  async end(): Promise<void> {
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** No flush may be under way when the file is closed: its number might be another file's by then. */
  async settle(): Promise<void> {
    await this.#current;
  }
}
