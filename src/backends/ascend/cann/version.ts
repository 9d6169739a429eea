// Which CANN it is, from the files that its packages leave; the number decides what a bundle may contain and where it loads.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Cann, realOf } from './find.js';
import { keyValue, readSmallFile } from './small-file.js';

export interface CannVersion {
  /** `8.1.RC1`, `9.0.0-beta.1` */
  readonly text: string;
  /** The file, or the folder whose name it is. */
  readonly source: string;
}

/** A word of a file that is a version; anything else in its place counts as nothing. */
const VERSION = /^\d{1,4}\.\d{1,4}(?:[.-]?[A-Za-z0-9]{1,16}){0,6}$/;
/** What folders are called after; of files we ask for a version, of folders for one that looks like CANN's. */
const IN_FOLDER_NAME = /(?:^|\/)(?:cann-)?(\d+\.\d+\.(?:\d+|RC\d+)(?:[.-][A-Za-z]+\.?\d+)?)(?=\/|$)/;

/** @returns undefined when no file and no folder tells */
export function cannVersion(cann: Cann, arch: string): CannVersion | undefined {
  for (const { path, read } of versionFiles(cann.home, arch)) {
    const text = readSmallFile(path);
    const version = text === undefined ? undefined : read(text);
    if (version !== undefined && VERSION.test(version)) return { text: version, source: path };
  }
  for (const folder of [cann.home, realOf(cann.libraryFolder)]) {
    const [, name] = IN_FOLDER_NAME.exec(folder ?? '') ?? [];
    if (name !== undefined) return { text: name, source: folder as string };
  }
  return undefined;
}

interface VersionFile {
  readonly path: string;
  readonly read: (text: string) => string | undefined;
}

const OLD_PACKAGES = ['runtime', 'compiler', 'opp', 'toolkit'];
const NEW_PACKAGES = ['runtime', 'ge-compiler', 'ge-executor', 'acl', 'metadef'];

function* versionFiles(home: string, arch: string): Iterable<VersionFile> {
  // 9.x
  for (const name of [...NEW_PACKAGES, ...foldersIn(join(home, 'share/info'))]) {
    yield { path: join(home, 'share/info', name, 'version.info'), read: (text) => keyValue(text, 'Version') };
  }
  // 8.x
  yield { path: join(home, 'version.cfg'), read: (text) => /_running_version=\[[^:\]]*:([^\]]+)\]/.exec(text)?.[1] };
  yield { path: join(home, `${arch}-linux/ascend_toolkit_install.info`), read: (text) => keyValue(text, 'version') };
  for (const name of OLD_PACKAGES) {
    yield { path: join(home, name, 'version.info'), read: (text) => keyValue(text, 'version_dir') };
  }
  // Its number beside the text is another one in 8.1.RC1.
  yield { path: join(home, 'include/version/cann_version.h'), read: (text) => /CANN_VERSION_STR\s+"([^"]+)"/.exec(text)?.[1] };
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path).sort().slice(0, 100);
  } catch {
    return [];
  }
}

/**
 * Less than 0 when `a` is the older one. `8.0.RC3.alpha003` < `8.0.RC3` < `8.0.0` < `8.1.RC1`: what is before a release is older than
 * it, and missing numbers are 0.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  for (let i = 0; i < Math.max(left.stages.length, right.stages.length); i++) {
    const difference = (left.stages[i] ?? RELEASE) - (right.stages[i] ?? RELEASE);
    if (difference !== 0) return difference;
  }
  return 0;
}

const STAGES = ['alpha', 'beta', 'rc'];
const STAGE_STEP = 1e6;
const RELEASE = STAGES.length * STAGE_STEP;

interface VersionParts {
  readonly numbers: readonly number[];
  /** Of alphas and the like, in one number each. */
  readonly stages: readonly number[];
}

function parts(version: string): VersionParts {
  const words = version.toLowerCase().match(/[a-z]+|\d+/g) ?? [];
  const numbers: number[] = [];
  const stages: number[] = [];
  words.forEach((word, i) => {
    const isNumber = /^\d/.test(word);
    if (!isNumber) stages.push(Math.max(0, STAGES.indexOf(word)) * STAGE_STEP);
    else if (stages.length === 0) numbers.push(Number(word));
    else if (!/^\d/.test(words[i - 1] as string))
      stages[stages.length - 1] = (stages.at(-1) as number) + Math.min(Number(word), STAGE_STEP - 1);
  });
  return { numbers, stages };
}
