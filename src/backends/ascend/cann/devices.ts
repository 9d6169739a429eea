// The device nodes and whether this user may use them: asked of the system with access(2), not guessed from owner and mode.
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';

export interface DeviceNode {
  readonly path: string;
  readonly isAccessible: boolean;
  /** Of the node; the user has to be in it. */
  readonly gid: number | null;
}

export interface Devices {
  /** `/dev/davinci0` and so on. */
  readonly cards: readonly DeviceNode[];
  /** What every program needs besides a card. */
  readonly shared: readonly DeviceNode[];
  /** Of those, the ones that are not there. */
  readonly missingShared: readonly string[];
}

const SHARED_NODES = ['davinci_manager', 'devmm_svm', 'hisi_hdc'];

export function findDevices({ deviceFolder }: Machine): Devices {
  let names: string[] = [];
  try {
    names = readdirSync(deviceFolder);
  } catch {
    // No folder, no devices.
  }
  const cards = names.filter((name) => /^davinci\d+$/.test(name)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const present = SHARED_NODES.filter((name) => names.includes(name));
  const node = (name: string): DeviceNode => nodeAt(join(deviceFolder, name));
  return {
    cards: cards.map(node),
    shared: present.map(node),
    missingShared: SHARED_NODES.filter((name) => !present.includes(name)).map((name) => join(deviceFolder, name)),
  };
}

function nodeAt(path: string): DeviceNode {
  let gid: number | null = null;
  try {
    gid = statSync(path).gid;
    accessSync(path, constants.R_OK | constants.W_OK);
    return { path, isAccessible: true, gid };
  } catch {
    return { path, isAccessible: false, gid };
  }
}
