// `.om` models and bundles: what the other layers use.
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
export type { HeaderFields, OmHeader } from './header.js';
export {
  type ConstantLayout,
  layoutConstants,
  layoutVariables,
  VARIABLE_BASE_ADDRESS,
  VARIABLE_WINDOW_BYTES,
  type VariableLayout,
  weightsPartition,
} from './layout.js';
export { PARTITION, partitionTypeName } from './partition-types.js';
export { type OmToWrite, type PartitionToWrite, partitionOffsets, type TableToWrite, writeOm } from './write.js';
