// Gears: the sizes that a model with dynamic gears is compiled for. `1,2,4` for batches, `416,416;832,832` for the others.

/** @returns one list of sizes per gear, or `why` the text is none */
export function parseGears(text: string, separator: ',' | ';'): { readonly gears: readonly (readonly number[])[]; readonly why?: string } {
  const gears: number[][] = [];
  for (const part of text.split(separator)) {
    const gear = part.split(',').map((word) => word.trim());
    const odd = gear.find((word) => !/^[1-9]\d{0,8}$/.test(word));
    if (odd !== undefined) return { gears, why: `has ${JSON.stringify(odd)} where a size of at least 1 is expected` };
    const sizes = gear.map(Number);
    if (gears.some((other) => other.join() === sizes.join())) return { gears, why: `has the gear ${sizes.join()} twice` };
    gears.push(sizes);
  }
  return { gears };
}
