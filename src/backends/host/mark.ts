// What tells a host bundle from one of GE, and where its executable is.

/** In the header of every sub-model, in place of CANN's platform version. */
export const HOST_PLATFORM_VERSION = 'ascend-bundle.host';
/** An attribute of every sub-model's MODEL_DEF, with the value `host`. */
export const HOST_MARK = 'ascend_bundle_backend';
/** The item of TBE_KERNELS that holds the lowered inference graph. */
export const EXECUTABLE_NAME = 'host.onnx';
