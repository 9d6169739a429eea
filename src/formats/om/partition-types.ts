// Partition types by number. Source: om-format §1.4.

export const PARTITION = {
  modelDef: 0,
  weightsData: 1,
  taskInfo: 2,
  tbeKernels: 3,
  custAicpuKernels: 4,
  soBins: 5,
  /** In files of HiSilicon's SVP line this number is the table of inputs and outputs. */
  flowModel: 6,
  flowSubmodel: 7,
  modelInoutInfo: 8,
  staticTaskDesc: 9,
  dynamicTaskDesc: 10,
  taskParam: 11,
  tilingData: 12,
  preModelDesc: 20,
  preModelSqe: 21,
  preKernelArgs: 22,
  preModelDescExtend: 23,
  bundleModelInfo: 24,
  bundleModelVarInfo: 25,
  customOps: 26,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'MODEL_DEF'],
  [1, 'WEIGHTS_DATA'],
  [2, 'TASK_INFO'],
  [3, 'TBE_KERNELS'],
  [4, 'CUST_AICPU_KERNELS'],
  [5, 'SO_BINS'],
  [6, 'FLOW_MODEL'],
  [7, 'FLOW_SUBMODEL'],
  [8, 'MODEL_INOUT_INFO'],
  [9, 'STATIC_TASK_DESC'],
  [10, 'DYNAMIC_TASK_DESC'],
  [11, 'TASK_PARAM'],
  [12, 'TILING_DATA'],
  [20, 'PRE_MODEL_DESC'],
  [21, 'PRE_MODEL_SQE'],
  [22, 'PRE_KERNEL_ARGS'],
  [23, 'PRE_MODEL_DESC_EXTEND'],
  [24, 'BUNDLE_MODEL_INFO'],
  [25, 'BUNDLE_MODEL_VAR_INFO'],
  [26, 'CUSTOM_OPS'],
]);

/** GE's name; undefined for a number that no released GE writes. GE itself carries those along and ignores them. */
export function partitionTypeName(type: number): string | undefined {
  return NAMES.get(type);
}
