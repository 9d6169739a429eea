// Opening the vendor's libraries, in the order that works, and saying what is missing before anything is called.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AscendBundleError } from '../../../base/errors.js';
import { cString } from './arguments.js';
import type { Ffi } from './ffi.js';
import type { Memory } from './memory.js';
import { type FunctionName, functionsFor, type NativeFunction, type NativeUse, nativeFunctions } from './symbols/index.js';

const RTLD_NOW = 2;
const RTLD_GLOBAL = 0x100;

/** Libraries, each opened where it is found. The first must open; of the rest, what is there. */
interface LibraryStep {
  readonly files: readonly string[];
  readonly needed: boolean;
  /** Only when a function is still missing after the steps before. */
  readonly onlyIfMissing?: boolean;
}

/**
 * libge_compiler before libgraph: with libgraph alone GE's first reported error dereferences a weak symbol (§10). AscendCL for build is
 * only there for its error texts, so it may be absent. libascendcl is everything up to 8.3; from 8.5 it is a compatibility library that
 * need not have the newest calls.
 */
const STEPS: Record<NativeUse, readonly LibraryStep[]> = {
  build: [
    { files: ['libge_compiler.so'], needed: true },
    { files: ['libgraph.so'], needed: true },
    { files: ['libgraph_base.so'], needed: false },
    { files: ['libacl_rt.so', 'libascendcl.so'], needed: false },
  ],
  onnx: [{ files: ['libfmk_onnx_parser.so'], needed: true }],
  run: [
    { files: ['libascendcl.so', 'libacl_rt.so'], needed: true },
    { files: ['libacl_rt.so'], needed: false, onlyIfMissing: true },
    { files: ['libacl_mdl.so'], needed: false, onlyIfMissing: true },
  ],
};

export interface OpenedLibrary {
  readonly name: string;
  /** The file that the linker took, for `libgraph.so` found by its name alone too. */
  readonly path: string;
}

export interface Libraries {
  /**
   * Opens what `use` needs and looks up every function that it cannot do without.
   *
   * @throws LIBRARY_UNUSABLE, SYMBOL_MISSING
   */
  open(use: NativeUse): void;
  readonly opened: readonly OpenedLibrary[];
  /** Where a function was found: the path of the library; undefined where no opened library has it. */
  whereIs(name: FunctionName): string | undefined;
  /** Tries to open one library, for a diagnosis. */
  tryOpen(file: string): { readonly path: string } | { readonly reason: string };
}

/** @param folders  CANN's own library folders, searched before the linker's path: a stub of `devlib` may come first in that. */
export function openLibraries(ffi: Ffi, memory: Memory, folders: readonly string[]): Libraries {
  const functions = nativeFunctions();
  const opened = new Map<string, OpenedLibrary>();
  const self = dlopen(null);
  // Finding a symbol for the first time forgets the linker's message: all that reads one is called once before there is any.
  ffi.call({ symbol: 'dlerror', returns: 'address', types: [], values: [] });
  memory.readCString(memory.addressOf(cString('')));

  function dlopen(path: string | null): bigint {
    return ffi.call({
      symbol: 'dlopen',
      returns: 'address',
      types: [path === null ? 'address' : 'bytes', 'i32'],
      values: [path === null ? 0n : cString(path), RTLD_NOW | RTLD_GLOBAL],
    }) as bigint;
  }

  function dlerror(): string {
    const text = memory.readCString(ffi.call({ symbol: 'dlerror', returns: 'address', types: [], values: [] }) as bigint);
    return text ?? 'the linker gives no reason';
  }

  function dlsym(symbol: string): bigint {
    return ffi.call({ symbol: 'dlsym', returns: 'address', types: ['address', 'bytes'], values: [self, cString(symbol)] }) as bigint;
  }

  /** The file that an address belongs to. */
  function fileOf(address: bigint): string | undefined {
    const info = Buffer.from(new ArrayBuffer(32));
    const found = ffi.call({ symbol: 'dladdr', returns: 'i32', types: ['address', 'bytes'], values: [address, info] });
    return found === 0 ? undefined : memory.readCString(info.readBigUInt64LE(0));
  }

  /** A handle is a `struct link_map` of glibc, whose second field is the path. */
  const pathOf = (handle: bigint): string | undefined => memory.readCString(memory.read(handle, 16).readBigUInt64LE(8));

  const tryOpen: Libraries['tryOpen'] = (file) => {
    const known = opened.get(file);
    if (known !== undefined) return known;
    const inFolder = folders.map((folder) => join(folder, file)).find((path) => existsSync(path));
    const handle = dlopen(inFolder ?? file);
    if (handle === 0n) return { reason: dlerror() };
    const library = { name: file, path: pathOf(handle) || (inFolder ?? file) };
    opened.set(file, library);
    return library;
  };

  const missingOf = (use: NativeUse): readonly NativeFunction[] => functionsFor(use).filter(({ symbol }) => dlsym(symbol) === 0n);

  return {
    open(use) {
      for (const { files, needed, onlyIfMissing = false } of STEPS[use]) {
        if (onlyIfMissing && missingOf(use).length === 0) continue;
        const failures: string[] = [];
        const isOpen = files.some((file) => {
          const result = tryOpen(file);
          if ('reason' in result) failures.push(result.reason);
          return 'path' in result;
        });
        if (!isOpen && needed) throw unusable(files, failures, folders, use);
      }
      const missing = missingOf(use);
      if (missing.length > 0) throw symbolsMissing(missing, [...opened.values()]);
    },
    get opened() {
      return [...opened.values()];
    },
    whereIs(name) {
      const address = dlsym((functions.get(name) as NativeFunction).symbol);
      return address === 0n ? undefined : fileOf(address);
    },
    tryOpen,
  };
}

const PURPOSE: Record<NativeUse, string> = {
  build: 'GE, the compiler of CANN',
  onnx: "GE's ONNX parser",
  run: 'AscendCL',
};

function unusable(files: readonly string[], reasons: readonly string[], folders: readonly string[], use: NativeUse): AscendBundleError {
  const isAbsent = reasons.every((reason, i) => reason.startsWith(`${files[i]}: cannot open shared object file`));
  const searched = folders.length === 0 ? "the linker's path" : folders.join(', ');
  return new AscendBundleError('LIBRARY_UNUSABLE', {
    message: isAbsent
      ? `${files.join(' or ')} (${PURPOSE[use]}) was not found in ${searched}.`
      : `${files.join(' or ')} (${PURPOSE[use]}) cannot be loaded: ${reasons.join('; ')}.`,
    fix: isAbsent
      ? use === 'run'
        ? 'Install the CANN toolkit or runtime, or point to it with --ascend-home.'
        : 'Install the CANN toolkit (a runtime package has no compiler), or point to it with --ascend-home.'
      : 'The library it names is missing or from another CANN: `ascend-bundle doctor` shows which folders are searched.',
    at: files[0],
  });
}

const SHOWN_SYMBOLS = 8;

/** One error for all of them, with what is searched and since when CANN has them. */
export function symbolsMissing(missing: readonly NativeFunction[], opened: readonly OpenedLibrary[]): AscendBundleError {
  const names = missing.slice(0, SHOWN_SYMBOLS).map(({ name }) => name);
  const more = missing.length - names.length;
  const [first] = missing as [NativeFunction];
  const newest = missing
    .map(({ since }) => since)
    .sort()
    .at(-1);
  const library = opened.find(({ name }) => name === first.library)?.path ?? first.library;
  return new AscendBundleError('SYMBOL_MISSING', {
    message: `CANN's libraries do not have ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''} (${first.header}, expected in ${library}; looked in ${opened.map(({ path }) => path).join(', ') || 'nothing'}).`,
    fix: `CANN has ${missing.length === 1 ? 'it' : 'them'} since ${newest}: install that version or a newer one, and keep folders of other versions out of LD_LIBRARY_PATH.`,
    at: first.symbol,
  });
}
