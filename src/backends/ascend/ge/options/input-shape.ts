// atc's grammar of input shapes: `n1:1,3,224,224;n2:1,77`. A scalar is `n:`, a dimension may be -1 or a range `8~20`.

export interface ShapeOfInput {
  readonly name: string;
  /** −1 where the size is open, a range included. */
  readonly dims: readonly number[];
}

/** @returns the shapes, or `why` the text is none */
export function parseInputShape(text: string): { readonly shapes: readonly ShapeOfInput[]; readonly why?: string } {
  const shapes: ShapeOfInput[] = [];
  for (const part of text.split(';')) {
    // At the last colon: names of inputs may have colons.
    const colon = part.lastIndexOf(':');
    const name = part.slice(0, colon).trim();
    if (colon < 0 || name === '') return { shapes, why: `has ${JSON.stringify(part)}, which is not name:dims` };
    if (shapes.some((shape) => shape.name === name)) return { shapes, why: `gives "${name}" twice` };
    const dims: number[] = [];
    const words = part.slice(colon + 1).trim();
    for (const word of words === '' ? [] : words.split(',')) {
      const dim = parseDim(word.trim());
      if (dim === undefined) return { shapes, why: `has ${JSON.stringify(word)} as a dimension of "${name}"` };
      dims.push(dim);
    }
    shapes.push({ name, dims });
  }
  return { shapes };
}

function parseDim(word: string): number | undefined {
  const range = /^(\d{1,9})~(\d{1,9}|-1)$/.exec(word);
  if (range !== null) return range[2] === '-1' || Number(range[1]) <= Number(range[2]) ? -1 : undefined;
  return /^(-1|[1-9]\d{0,8})$/.test(word) ? Number(word) : undefined;
}
