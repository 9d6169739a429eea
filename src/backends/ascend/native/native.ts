// The native side as a job sees it: libraries opened, functions called by name with checked arguments, objects laid out.
import { type Caller, createCaller } from './call.js';
import { openFfi } from './ffi.js';
import { createLayouts, type Layouts } from './layouts/index.js';
import { type Libraries, openLibraries } from './libraries.js';
import { type Memory, openMemory } from './memory.js';
import { createAddressNames } from './names.js';
import { openPlog } from './plog.js';
import { type JournalFiles, openJournal } from './trace.js';

export interface NativeOptions {
  /** CANN's library folders, in the order to search them. */
  readonly libraryFolders: readonly string[];
  /** ASCEND_PROCESS_LOG_PATH of this process. */
  readonly logFolder: string;
  readonly journal: JournalFiles;
}

export interface Native extends Caller {
  readonly memory: Memory;
  readonly libraries: Libraries;
  readonly layouts: Layouts;
}

/** Only for the worker: whatever crashes ends the process. */
export async function openNative({ libraryFolders, logFolder, journal }: NativeOptions): Promise<Native> {
  const ffi = await openFfi();
  const memory = openMemory(ffi);
  const libraries = openLibraries(ffi, memory, libraryFolders);
  const names = createAddressNames();
  const caller = createCaller({
    ffi,
    memory,
    libraries,
    names,
    journal: openJournal(journal),
    plog: openPlog(logFolder),
  });
  return { ...caller, memory, libraries, layouts: createLayouts({ memory, caller, names }) };
}
