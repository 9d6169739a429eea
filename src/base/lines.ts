// Lines of text from a stream, each at most so long: a stream without line ends must not fill the memory.

export type Line =
  | { readonly kind: 'text'; readonly text: string }
  /** Longer than the limit; what it said has been passed over. */
  | { readonly kind: 'too-long'; readonly bytes: number }
  | { readonly kind: 'not-utf8' };

const NEWLINE = 0x0a;

/** The lines without their ends (\n or \r\n); the last one needs none. */
export async function* readLines(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  const take = (piece: Uint8Array): void => {
    bytes += piece.length;
    if (bytes <= maxBytes) pieces.push(piece);
    else pieces = [];
  };
  const finish = (): Line => {
    const line = bytes > maxBytes ? ({ kind: 'too-long', bytes } as const) : decodeLine(pieces);
    pieces = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      take(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    take(chunk.subarray(start));
  }
  if (bytes > 0) yield finish();
}

function decodeLine(pieces: readonly Uint8Array[]): Line {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
    return { kind: 'text', text: text.endsWith('\r') ? text.slice(0, -1) : text };
  } catch {
    // The only thing that a fatal decoder throws for.
    return { kind: 'not-utf8' };
  }
}
