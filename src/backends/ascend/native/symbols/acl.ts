// AscendCL's functions: cann-api §3.1 and §3.8. C linkage, the same in the headers of 8.1.RC1 and 9.2 but for the last group.
// Up to 8.3 all of them are in libascendcl.so; from 8.5 in libacl_rt.so and libacl_mdl.so.
import type { SymbolGroup } from './notation.js';

export const ACL_RUNTIME = {
  library: 'libacl_rt.so',
  header: 'acl/acl_rt.h',
  use: 'run',
  since: '8.0',
  functions: {
    aclInit: ['aclError', 'configPath: text?'],
    aclFinalize: ['aclError', ''],
    aclrtSetDevice: ['aclError', 'deviceId: i32'],
    aclrtResetDevice: ['aclError', 'deviceId: i32'],
    aclrtGetRunMode: ['aclError', 'runMode: out i32'],
    aclrtMalloc: ['aclError', 'devPtr: out handle, size: u64, policy: i32'],
    aclrtFree: ['aclError', 'devPtr: handle'],
    aclrtMemcpy: ['aclError', 'dst: bytes, destMax: u64, src: bytes, count: u64, kind: i32'],
    aclCreateDataBuffer: ['handle', 'data: address, size: u64'],
    aclDestroyDataBuffer: ['aclError', 'dataBuffer: handle'],
    aclGetDataBufferAddr: ['address', 'dataBuffer: handle'],
    aclGetDataBufferSizeV2: ['u64', 'dataBuffer: handle'],
    aclUpdateDataBuffer: ['aclError', 'dataBuffer: handle, data: address, size: u64'],
  },
} as const satisfies SymbolGroup;

export const ACL_MODEL = {
  library: 'libacl_mdl.so',
  header: 'acl/acl_mdl.h',
  use: 'run',
  since: '8.0',
  functions: {
    aclmdlBundleLoadFromFile: ['aclError', 'modelPath: text, bundleId: out u32'],
    aclmdlBundleGetModelNum: ['aclError', 'bundleId: u32, modelNum: out u64'],
    aclmdlBundleGetModelId: ['aclError', 'bundleId: u32, index: u64, modelId: out u32'],
    aclmdlBundleUnload: ['aclError', 'bundleId: u32'],
    aclmdlCreateDesc: ['handle', ''],
    aclmdlDestroyDesc: ['aclError', 'modelDesc: handle'],
    aclmdlGetDesc: ['aclError', 'modelDesc: handle, modelId: u32'],
    aclmdlGetNumInputs: ['u64', 'modelDesc: handle'],
    aclmdlGetNumOutputs: ['u64', 'modelDesc: handle'],
    aclmdlGetInputSizeByIndex: ['u64', 'modelDesc: handle, index: u64'],
    aclmdlGetOutputSizeByIndex: ['u64', 'modelDesc: handle, index: u64'],
    aclmdlGetInputNameByIndex: ['text', 'modelDesc: handle, index: u64'],
    aclmdlGetOutputNameByIndex: ['text', 'modelDesc: handle, index: u64'],
    aclmdlGetInputDataType: ['i32', 'modelDesc: handle, index: u64'],
    aclmdlGetOutputDataType: ['i32', 'modelDesc: handle, index: u64'],
    aclmdlGetInputDims: ['aclError', 'modelDesc: handle, index: u64, dims: out 1160'],
    aclmdlGetOutputDims: ['aclError', 'modelDesc: handle, index: u64, dims: out 1160'],
    aclmdlCreateDataset: ['handle', ''],
    aclmdlDestroyDataset: ['aclError', 'dataset: handle'],
    aclmdlAddDatasetBuffer: ['aclError', 'dataset: handle, dataBuffer: handle'],
    aclmdlGetDatasetNumBuffers: ['u64', 'dataset: handle'],
    aclmdlGetDatasetBuffer: ['handle', 'dataset: handle, index: u64'],
    aclCreateTensorDesc: ['handle', 'dataType: i32, numDims: i32, dims: bytes, format: i32'],
    aclDestroyTensorDesc: ['void', 'desc: handle'],
    aclmdlSetDatasetTensorDesc: ['aclError', 'dataset: handle, tensorDesc: handle, index: u64'],
    aclmdlGetDatasetTensorDesc: ['handle', 'dataset: handle, index: u64'],
    aclGetTensorDescNumDims: ['u64', 'desc: handle'],
    aclGetTensorDescDimV2: ['aclError', 'desc: handle, index: u64, dimSize: out i64'],
    aclGetTensorDescType: ['i32', 'desc: handle'],
    aclGetTensorDescSize: ['u64', 'desc: handle'],
    aclmdlExecute: ['aclError', 'modelId: u32, input: handle, output: handle'],
  },
} as const satisfies SymbolGroup;

/** Only called for bundles, devices or questions that need them; a CANN that lacks one is not refused. */
export const ACL_OPTIONAL = {
  library: 'libacl_rt.so',
  header: 'acl/acl.h',
  use: 'optional',
  since: '8.0',
  functions: {
    aclGetRecentErrMsg: ['text', ''],
    aclrtGetDeviceCount: ['aclError', 'count: out u32'],
    aclrtGetSocName: ['text', ''],
    aclrtGetVersion: ['aclError', 'major: out i32, minor: out i32, patch: out i32'],
    aclsysGetCANNVersion: ['aclError', 'name: i32, version: out 512'],
    aclrtCreateContext: ['aclError', 'context: out handle, deviceId: i32'],
    aclrtSetCurrentContext: ['aclError', 'context: handle'],
    aclrtDestroyContext: ['aclError', 'context: handle'],
    aclrtCreateStream: ['aclError', 'stream: out handle'],
    aclrtDestroyStream: ['aclError', 'stream: handle'],
    aclrtSynchronizeStream: ['aclError', 'stream: handle'],
    aclrtSynchronizeStreamWithTimeout: ['aclError', 'stream: handle, timeout: i32'],
    aclrtMallocHost: ['aclError', 'hostPtr: out handle, size: u64'],
    aclrtFreeHost: ['aclError', 'hostPtr: handle'],
    aclrtMemcpyAsync: ['aclError', 'dst: bytes, destMax: u64, src: bytes, count: u64, kind: i32, stream: handle'],
    aclrtMemset: ['aclError', 'devPtr: handle, maxCount: u64, value: i32, count: u64'],
    aclrtGetMemInfo: ['aclError', 'attr: i32, free: out u64, total: out u64'],
    aclDataTypeSize: ['u64', 'dataType: i32'],
  },
} as const satisfies SymbolGroup;

/** The log's own library is opened with every other one. In C since 8.5; before, in C++. */
export const LOG_OPTIONAL = {
  library: 'libunified_dlog.so',
  header: 'base/dlog_pub.h',
  use: 'optional',
  since: '8.0',
  functions: {
    DlogFlush: ['void', ''],
    'DlogFlush of C++': ['void', '', '_Z9DlogFlushv'],
  },
} as const satisfies SymbolGroup;

export const ACL_MODEL_OPTIONAL = {
  library: 'libacl_mdl.so',
  header: 'acl/acl_mdl.h',
  use: 'optional',
  since: '8.0',
  functions: {
    aclmdlBundleLoadFromMem: ['aclError', 'model: bytes, modelSize: u64, bundleId: out u32'],
    aclmdlGetInputIndexByName: ['aclError', 'modelDesc: handle, name: text, index: out u64'],
    aclmdlGetOutputIndexByName: ['aclError', 'modelDesc: handle, name: text, index: out u64'],
    aclmdlGetInputFormat: ['i32', 'modelDesc: handle, index: u64'],
    aclmdlGetOutputFormat: ['i32', 'modelDesc: handle, index: u64'],
    aclmdlGetInputDimsV2: ['aclError', 'modelDesc: handle, index: u64, dims: out 1160'],
    aclmdlGetCurOutputDims: ['aclError', 'modelDesc: handle, index: u64, dims: out 1160'],
    aclmdlGetInputDimsRange: ['aclError', 'modelDesc: handle, index: u64, dimsRange: out 2056'],
    aclmdlGetTensorRealName: ['text', 'modelDesc: handle, name: text'],
    aclmdlGetDynamicBatch: ['aclError', 'modelDesc: handle, batch: out 1032'],
    aclmdlGetDynamicHW: ['aclError', 'modelDesc: handle, index: u64, hw: out 2056'],
    aclmdlGetInputDynamicGearCount: ['aclError', 'modelDesc: handle, index: u64, gearCount: out u64'],
    aclmdlGetInputDynamicDims: ['aclError', 'modelDesc: handle, index: u64, dims: bytes, gearCount: u64'],
    aclmdlSetDynamicBatchSize: ['aclError', 'modelId: u32, dataset: handle, index: u64, batchSize: u64'],
    aclmdlSetDynamicHWSize: ['aclError', 'modelId: u32, dataset: handle, index: u64, height: u64, width: u64'],
    aclmdlSetInputDynamicDims: ['aclError', 'modelId: u32, dataset: handle, index: u64, dims: bytes'],
    aclmdlExecuteAsync: ['aclError', 'modelId: u32, input: handle, output: handle, stream: handle'],
    aclmdlExecuteV2: ['aclError', 'modelId: u32, input: handle, output: handle, stream: address, handle: address'],
  },
} as const satisfies SymbolGroup;

/** User-managed memory. */
export const ACL_BUNDLE_MEMORY = {
  library: 'libacl_mdl.so',
  header: 'acl/acl_mdl.h',
  use: 'optional',
  since: '9.0.0',
  functions: {
    aclmdlBundleCreateQueryInfo: ['handle', ''],
    aclmdlBundleDestroyQueryInfo: ['aclError', 'queryInfo: handle'],
    aclmdlBundleQueryInfoFromFile: ['aclError', 'fileName: text, queryInfo: handle'],
    aclmdlBundleQueryInfoFromMem: ['aclError', 'model: bytes, modelSize: u64, queryInfo: handle'],
    aclmdlBundleGetQueryModelNum: ['aclError', 'queryInfo: handle, modelNum: out u64'],
    aclmdlBundleGetVarWeightSize: ['aclError', 'queryInfo: handle, variableWeightSize: out u64'],
    aclmdlBundleGetSize: ['aclError', 'queryInfo: handle, index: u64, workSize: out u64, constWeightSize: out u64'],
    aclmdlBundleInitFromFile: ['aclError', 'modelPath: text, varWeightPtr: address, varWeightSize: u64, bundleId: out u32'],
    aclmdlBundleInitFromMem: ['aclError', 'model: bytes, modelSize: u64, varWeightPtr: address, varWeightSize: u64, bundleId: out u32'],
    aclmdlBundleLoadModel: ['aclError', 'bundleId: u32, index: u64, modelId: out u32'],
    aclmdlBundleLoadModelWithMem: [
      'aclError',
      'bundleId: u32, index: u64, workPtr: address, workSize: u64, weightPtr: address, weightSize: u64, modelId: out u32',
    ],
    aclmdlBundleLoadModelWithConfig: ['aclError', 'bundleId: u32, index: u64, handle: handle, modelId: out u32'],
    aclmdlBundleUnloadModel: ['aclError', 'bundleId: u32, modelId: u32'],
  },
} as const satisfies SymbolGroup;
