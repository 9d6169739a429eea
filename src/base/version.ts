// The version of this tool, from its package.json: a few folders up, how many depends on whether this is bundled.
import { readFileSync } from 'node:fs';

const PLACES = ['../package.json', '../../package.json'];

export function toolVersion(): string {
  for (const place of PLACES) {
    const found = readPackage(new URL(place, import.meta.url));
    if (found?.name === 'ascend-bundle') return found.version;
  }
  throw new Error('package.json of ascend-bundle is not where it should be');
}

function readPackage(url: URL): { readonly name: string; readonly version: string } | undefined {
  try {
    return JSON.parse(readFileSync(url, 'utf8'));
  } catch {
    // Not there: the next place has it.
    return undefined;
  }
}
