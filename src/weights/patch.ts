// New initial values for a bundle, checked in full before a byte is written: names, dtypes and shapes, the place of each weight,
// and, where its graph is at hand, the values that are there now.
import { statSync } from 'node:fs';
import { type Bytes, equalBytes, type Patch } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { type FileSystem, fileIdentity, NODE_FILE_SYSTEM } from '../base/file-system.js';
import { openFile } from '../base/open-file.js';
import { type OutputFile, writeFilesAtomically } from '../base/output-file.js';
import { throwProblems } from '../base/problems.js';
import { type Bundle, type BundlePatch, type InitialValues, patchBundle, readBundle, readInitialValues } from '../formats/om/index.js';
import type { Graph } from '../graph/graph.js';
import type { WatchedTensor } from '../graph/non-finite.js';
import type { WeightMap } from './apply-map.js';
import type { GivenTensor } from './given.js';
import { initMissing } from './initial-constants.js';
import type { Adapter } from './lora/adapter.js';
import { type LoraPlan, planWithAdapters } from './lora/plan.js';
import type { PlanOptions, UpdatePlan } from './plan.js';
import { proveInitialValues } from './prove.js';
import { examineValues, type ValueReport, watchedTensors } from './values.js';

export interface PatchJob extends PlanOptions {
  readonly file: Bytes;
  readonly bundle: Bundle;
  /** The bundle's path, for messages. */
  readonly path: string;
  readonly given: readonly GivenTensor[];
  /** What the bundle was built from: its values must be those that are there. */
  readonly source?: { readonly path: string; readonly graph: Graph } | undefined;
  /** LoRA to merge into the new values, else into those that are there. */
  readonly adapters?: readonly Adapter[];
  /** Names of the checkpoint that the adapters were made for, as names of weights. */
  readonly map?: WeightMap | undefined;
}

export interface PreparedPatch {
  readonly plan: LoraPlan;
  readonly change: BundlePatch;
  /** Values that are looked at while they are written, by name of the weight. */
  readonly watched: ReadonlyMap<string, WatchedTensor>;
}

/**
 * @throws INIT_MISSING for a bundle without an init graph, WEIGHT_UNPATCHABLE, WEIGHTS_SHARED, SOURCE_MISMATCH, and as `planUpdate`
 */
export function preparePatch({ file, bundle, path, given, source, adapters = [], map, ...options }: PatchJob): PreparedPatch {
  const initial = readInitialValues(bundle) ?? initMissing(path);
  const now = new Map(initial.values.map(({ weight, constant }) => [weight.constName, constant.tensor]));
  const plan = planWithAdapters(
    bundle.weights,
    given,
    { adapters, map, current: (name) => now.get(name) },
    { ...options, withoutValues: true },
  );
  requireKnown(initial, plan, path);
  const isPatched = ({ weight }: { readonly weight: { readonly constName: string } }): boolean => plan.tensors.has(weight.constName);
  if (source !== undefined) proveInitialValues(initial.values.filter(isPatched), source.graph, { bundle: path, source: source.path });
  const watched = watchedTensors(plan.tensors);
  const data = new Map([...plan.tensors].map(([name, tensor]) => [name, watched.get(name)?.data ?? tensor.data]));
  return { plan, change: patchBundle(file, initial, data, path), watched };
}

export interface WritePatchOptions {
  /** The bundle that the patch was prepared for, with its `fileIdentity` at that time. */
  readonly from: string;
  readonly identity: string;
  /** The same file, when it is to be replaced. */
  readonly to: string;
  readonly inPlace: boolean;
  /** Replace an existing file. */
  readonly force?: boolean;
  readonly fileSystem?: FileSystem;
}

/**
 * Writes beside the place, makes it durable, looks at it, and gives it its name: whatever ends it in between, there is either the
 * old file or the new one.
 *
 * @returns what the new values tell; they are looked at while they are written
 * @throws FILE_EXISTS, FILE_IO (also when `from` was written to meanwhile), BUNDLE_INVALID, INTERRUPTED, TERMINATED
 */
export async function writePatch(
  prepared: PreparedPatch,
  { from, identity, to, inPlace, force = false, fileSystem = NODE_FILE_SYSTEM }: WritePatchOptions,
): Promise<ValueReport> {
  const { mode, uid, gid, size } = statSync(from);
  const { change, plan, watched } = prepared;
  let report: ValueReport = { casts: [], warnings: [] };
  const file: OutputFile =
    change.kind === 'ranges' ? { path: to, copyOf: from, patches: change.patches } : { path: to, bytes: change.bytes };
  await writeFilesAtomically([file], {
    force: inPlace || force,
    like: inPlace ? { mode, uid, gid } : { mode },
    meanwhile: () => {
      report = examineValues(plan.tensors, watched);
    },
    verify: (written) => {
      requireUnchanged(from, identity);
      if (change.kind === 'ranges') verifyRanges(openFile(written), size, change.patches);
      else verifyMoved(readBundle(openFile(written), to), plan);
    },
    fileSystem,
  });
  return report;
}

function requireUnchanged(path: string, identity: string): void {
  if (fileIdentity(path) === identity) return;
  throw new AscendBundleError('FILE_IO', {
    message: `${path} was written to while it was patched; the patch was not kept.`,
    fix: 'Run again when nothing else writes to it.',
  });
}

/**
 * Every new value must be where it was meant to be. The places are those of the old bundle, where nothing else has changed: of each
 * value the ends are looked at.
 */
function verifyRanges(written: Bytes, sizeBytes: number, patches: readonly Patch[]): void {
  const isThere = ({ offsetBytes, bytes }: Patch): boolean => equalEnds(written.slice(offsetBytes, offsetBytes + bytes.length), bytes);
  if (written.length !== sizeBytes) notKept(`it has ${written.length} bytes; expected ${sizeBytes}`);
  const missing = patches.find((patch) => !isThere(patch));
  if (missing !== undefined) notKept(`the new value at byte ${missing.offsetBytes} is not there`);
}

/** Constants were moved: the bundle is read anew, and every value is compared whole. */
function verifyMoved(patched: Bundle, { tensors }: UpdatePlan): void {
  const values = new Map(readInitialValues(patched)?.values.map(({ weight, constant }) => [weight.constName, constant.tensor]));
  for (const [name, { data }] of tensors) {
    const found = values.get(name)?.data;
    if (found === undefined || !equalBytes(found, data)) notKept(`weight "${name}" has not its new value`);
  }
}

function notKept(why: string): never {
  throw new AscendBundleError('BUNDLE_INVALID', {
    message: `The patched bundle does not read back as it should: ${why}. It was not kept.`,
    fix: 'This is a fault of the patch, not of your weights, unless their file was written to meanwhile; please report it.',
  });
}

const END_BYTES = 1 << 12;

function equalEnds(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  const [head, tail] = [Math.min(END_BYTES, a.length), Math.max(0, a.length - END_BYTES)];
  return equalBytes(a.slice(0, head), b.slice(0, head)) && equalBytes(a.slice(tail), b.slice(tail));
}

function requireKnown({ unknown }: InitialValues, { updated }: UpdatePlan, path: string): void {
  const problems = updated.flatMap((name) => {
    const problem = unknown.get(name);
    if (problem === undefined) return [];
    const fix = 'Give the weight at run time with run --update, or build the bundle again with the new value.';
    return [{ ...problem, code: 'WEIGHT_UNPATCHABLE', fix }];
  });
  throwProblems(problems, path, 'WEIGHT_UNPATCHABLE');
}
