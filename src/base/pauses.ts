// Work that takes long, in pieces: whoever does it decides what happens in between.

/** Between two pieces. */
export const PAUSE = Symbol('pause');

export type Paused<T> = Generator<typeof PAUSE, T>;

/** All of it, without a stop. */
export function atOnce<T>(work: Paused<T>): T {
  for (;;) {
    const { value, done } = work.next();
    if (done === true) return value;
  }
}
