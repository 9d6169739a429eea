// The chips that an installed CANN can compile for: the names of platform_config/*.ini, letter by letter (cann-api §2.4).
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Cann, realOf } from './find.js';

export interface ChipList {
  readonly names: readonly string[];
  readonly folder: string;
}

const CHIP_FILE = /^([A-Za-z][\w-]{0,63})\.ini$/;
const MOST = 1000;

/** @returns undefined when no folder has one: then GE takes any name, and says later what it thinks of it */
export function installedChips(cann: Cann, arch: string): ChipList | undefined {
  for (const folder of chipFolders(cann, arch)) {
    const names = chipFiles(folder);
    if (names.length > 0) return { names, folder };
  }
  return undefined;
}

export function chipFolders({ home, libraryFolder }: Cann, arch: string): readonly string[] {
  const besideLibraries = dirname(realOf(libraryFolder) ?? libraryFolder);
  const folders = [`${arch}-linux/data`, 'data', 'compiler/data'].map((below) => join(home, below, 'platform_config'));
  return [...new Set([...folders, join(besideLibraries, 'data/platform_config')])];
}

function chipFiles(folder: string): string[] {
  let files: string[];
  try {
    files = readdirSync(folder);
  } catch {
    return [];
  }
  return files
    .flatMap((file) => CHIP_FILE.exec(file)?.[1] ?? [])
    .sort()
    .slice(0, MOST);
}

/** Families, longest prefix first where one contains another. */
const FAMILIES: readonly (readonly [prefix: RegExp, family: string, products: string])[] = [
  [/^Ascend310B/, 'Ascend310B', 'Atlas 200I/500 A2'],
  [/^Ascend310P/, 'Ascend310P', 'Atlas inference (300I Pro, 300V)'],
  [/^Ascend310/, 'Ascend310', 'Atlas 200/300/500'],
  [/^Ascend350/, 'Ascend350', 'Atlas 350'],
  [/^Ascend610/, 'Ascend610', 'Atlas 610'],
  [/^Ascend910_93/, 'Ascend910_93', 'Atlas A3'],
  [/^Ascend910_95|^Ascend950/, 'Ascend950', 'Ascend 950'],
  [/^Ascend910B\d/, 'Ascend910B', 'Atlas A2'],
  [/^Ascend910/, 'Ascend910', 'Atlas training (the first 910)'],
];

export interface ChipFamily {
  readonly family: string;
  /** What the chips are sold as; null for what is not known here. */
  readonly products: string | null;
  readonly names: readonly string[];
}

export function chipFamilies(names: readonly string[]): ChipFamily[] {
  const groups = new Map<string, { products: string | null; names: string[] }>();
  // A chip's number counts, not its letters. The collator takes 5 ms to make: nothing that a build should wait for.
  const { compare } = new Intl.Collator('en', { numeric: true });
  for (const name of [...names].sort(compare)) {
    const [, family = 'other', products = null] = FAMILIES.find(([prefix]) => prefix.test(name)) ?? [];
    const group = groups.get(family) ?? { products, names: [] };
    groups.set(family, { ...group, names: [...group.names, name] });
  }
  return [...groups].map(([family, group]) => ({ family, ...group }));
}

/** The chips of data centre and edge that CANN 8.1.RC1 and 9.2 list: for machines without CANN. */
export const KNOWN_CHIPS: readonly string[] =
  `Ascend310 Ascend310B1 Ascend310B2 Ascend310B3 Ascend310B4 Ascend310P1 Ascend310P3 Ascend310P5 Ascend310P7 Ascend350_354f
Ascend350_355e Ascend610 Ascend610Lite Ascend910A Ascend910B Ascend910B1 Ascend910B2 Ascend910B2C Ascend910B3 Ascend910B4
Ascend910B4-1 Ascend910PremiumA Ascend910ProA Ascend910ProB Ascend910_5591 Ascend910_9362 Ascend910_9363 Ascend910_9372
Ascend910_9381 Ascend910_9382 Ascend910_9391 Ascend910_9392 Ascend910_95`.split(/\s+/);
