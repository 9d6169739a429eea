// The models of an opened bundle, loaded in one of two ways: by AscendCL with memory of its own (every version), or one by one into
// memory of ours (9.0 and newer). Source: cann-api §3.5, §3.8.
import type { Address } from '../native/memory.js';
import { Releases, scoped, undoneOnFailure } from '../native/releases.js';
import type { Device } from './device.js';
import type { MemoryMode } from './request.js';

export interface Models {
  readonly memory: MemoryMode;
  readonly count: number;
  /** The model that is loaded anew each time. */
  readonly transient: number | undefined;
  /** Does `work` with the model at `index` of the bundle. */
  use<T>(index: number, work: (modelId: number) => T): T;
}

const MEMORY_CALLS = [
  'aclmdlBundleCreateQueryInfo',
  'aclmdlBundleDestroyQueryInfo',
  'aclmdlBundleQueryInfoFromFile',
  'aclmdlBundleGetQueryModelNum',
  'aclmdlBundleGetVarWeightSize',
  'aclmdlBundleGetSize',
  'aclmdlBundleInitFromFile',
  'aclmdlBundleLoadModel',
  'aclmdlBundleLoadModelWithMem',
  'aclmdlBundleUnloadModel',
] as const;

export function hasMemoryCalls({ native }: Device): boolean {
  return MEMORY_CALLS.every((name) => native.has(name));
}

/** @throws NATIVE_CALL */
export function loadModels({ native }: Device, path: string, releases: Releases): Models {
  const { bundleId } = native.call('aclmdlBundleLoadFromFile', path);
  releases.add(() => native.call('aclmdlBundleUnload', bundleId));
  const count = Number(native.call('aclmdlBundleGetModelNum', bundleId).modelNum);
  const ids = Array.from({ length: count }, (_, i) => native.call('aclmdlBundleGetModelId', bundleId, i).modelId);
  return { memory: 'auto', count, transient: undefined, use: (index, work) => work(ids[index] as number) };
}

interface Sizes {
  /** 0 for a model of dynamic shape, which takes its memory itself. */
  readonly work: number;
  readonly constants: number;
}

/**
 * @param transient  the model that is only loaded while it runs: the init graph, whose constants are a second copy of the weights
 * @throws NATIVE_CALL
 */
export function loadModelsInto(device: Device, path: string, transient: number | undefined, releases: Releases): Models {
  const { native } = device;
  const { variables, sizes } = querySizes(device, path);
  const variableMemory = variables === 0 ? 0n : device.allocate(variables, releases);
  const { bundleId } = native.call('aclmdlBundleInitFromFile', path, variableMemory, variables);
  // The models run one after the other, so that one buffer does for all.
  const work = Math.max(0, ...sizes.map((size) => size.work));
  const memory = new Releases();
  releases.add(() => memory.run());
  releases.add(() => native.call('aclmdlBundleUnload', bundleId));
  const workMemory = work === 0 ? 0n : device.allocate(work, memory);
  const load = (index: number, owner: Releases): number => {
    const size = sizes[index] as Sizes;
    if (size.work === 0 && size.constants === 0) return native.call('aclmdlBundleLoadModel', bundleId, index).modelId;
    const constants: Address = size.constants === 0 ? 0n : device.allocate(size.constants, owner);
    return native.call('aclmdlBundleLoadModelWithMem', bundleId, index, workMemory, work, constants, size.constants).modelId;
  };
  const ids = undoneOnFailure(releases, () => sizes.map((_, index) => (index === transient ? undefined : load(index, memory))));
  return {
    memory: 'low',
    count: sizes.length,
    transient,
    use(index, doWork) {
      const id = ids[index];
      if (id !== undefined) return doWork(id);
      return scoped((own) => {
        const modelId = load(index, own);
        // After the model, its memory.
        own.add(() => native.call('aclmdlBundleUnloadModel', bundleId, modelId));
        return doWork(modelId);
      });
    },
  };
}

function querySizes({ native }: Device, path: string): { readonly variables: number; readonly sizes: readonly Sizes[] } {
  return scoped((releases) => {
    const query = native.call('aclmdlBundleCreateQueryInfo');
    releases.add(() => native.call('aclmdlBundleDestroyQueryInfo', query));
    native.call('aclmdlBundleQueryInfoFromFile', path, query);
    const count = Number(native.call('aclmdlBundleGetQueryModelNum', query).modelNum);
    const variables = Number(native.call('aclmdlBundleGetVarWeightSize', query).variableWeightSize);
    const sizes = Array.from({ length: count }, (_, i) => {
      const { workSize, constWeightSize } = native.call('aclmdlBundleGetSize', query, i);
      return { work: Number(workSize), constants: Number(constWeightSize) };
    });
    return { variables, sizes };
  });
}
