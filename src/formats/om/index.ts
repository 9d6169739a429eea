// `.om` models and bundles: what the other layers use.
export { type Bundle, type BundleWeight, checkVariables, findSubmodel, readBundle, Submodel } from './bundle.js';
export {
  type BundleContainer,
  type BundleLayout,
  type BundleMember,
  type BundleOptions,
  isBundleHeader,
  memberOffsets,
  readBundleContainer,
  writeBundle,
} from './bundle-container.js';
export { findPartition, type Om, type Partition, type PartitionTable, readOm } from './container.js';
export { type GearKind, type InputGears, inputGears, inputsOfGears } from './gears.js';
export type { HeaderFields, OmHeader } from './header.js';
export { type InitialValue, type InitialValues, readInitialValues } from './initial-values.js';
export { type InoutInfo, type InoutTensor, inoutTensor, readInoutInfo, writeInoutInfo } from './inout-info.js';
export { type HostLibrary, type Item, readCustomOps, readHostLibraries, readKernels, writeHostLibraries, writeKernels } from './items.js';
export {
  type ConstantLayout,
  layoutConstants,
  layoutVariables,
  VARIABLE_BASE_ADDRESS,
  VARIABLE_WINDOW_BYTES,
  type VariableLayout,
  weightsPartition,
} from './layout.js';
export { type Constant, OmModel, OPERATORS_ATTR, type Variable } from './model.js';
export { graphOfModel, type OriginalGraph } from './original-graph.js';
export { PARTITION, partitionTypeName } from './partition-types.js';
export { type BundlePatch, patchBundle } from './patch.js';
export type { Role } from './roles.js';
export { readTaskInfo, type TaskInfo, writeTaskInfo } from './task-info.js';
export { type OmToWrite, type PartitionToWrite, partitionOffsets, type TableToWrite, writeOm } from './write.js';
