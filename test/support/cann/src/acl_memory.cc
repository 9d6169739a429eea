// The bundle calls with memory of the caller's, which came with 9.0. Source: cann-api.md §3.8. Part of libacl_mdl.so of a 9.2.
#include <cstring>

#include "acl_model.h"

using namespace acl;

struct aclmdlBundleQueryInfo {
  BundleFile file;
};

namespace {
Handles &queries() {
  static Handles handles("query info");
  return handles;
}
}  // namespace

extern "C" {

aclmdlBundleQueryInfo *aclmdlBundleCreateQueryInfo() {
  standin::Call call("aclmdlBundleCreateQueryInfo");
  if (call.failed()) return call.donePointer<aclmdlBundleQueryInfo>(nullptr);
  return call.donePointer(queries().add(new aclmdlBundleQueryInfo()));
}

aclError aclmdlBundleDestroyQueryInfo(aclmdlBundleQueryInfo *queryInfo) {
  standin::Call call("aclmdlBundleDestroyQueryInfo");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!queries().remove(queryInfo, "aclmdlBundleDestroyQueryInfo")) return call.done(INVALID_PARAM);
  delete queryInfo;
  return call.done(OK);
}

aclError aclmdlBundleQueryInfoFromFile(const char *fileName, aclmdlBundleQueryInfo *queryInfo) {
  standin::Call call("aclmdlBundleQueryInfoFromFile");
  call.text("fileName", fileName);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!queries().has(queryInfo, "aclmdlBundleQueryInfoFromFile")) return call.done(INVALID_PARAM);
  return call.done(readBundleFile(fileName, queryInfo->file));
}

aclError aclmdlBundleGetQueryModelNum(const aclmdlBundleQueryInfo *queryInfo, size_t *modelNum) {
  standin::Call call("aclmdlBundleGetQueryModelNum");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!queries().has(queryInfo, "aclmdlBundleGetQueryModelNum")) return call.done(INVALID_PARAM);
  *modelNum = queryInfo->file.models.size();
  return call.done(OK);
}

aclError aclmdlBundleGetVarWeightSize(const aclmdlBundleQueryInfo *queryInfo, size_t *variableWeightSize) {
  standin::Call call("aclmdlBundleGetVarWeightSize");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!queries().has(queryInfo, "aclmdlBundleGetVarWeightSize")) return call.done(INVALID_PARAM);
  *variableWeightSize = queryInfo->file.variableBytes;
  return call.done(OK);
}

/** Zero for models of dynamic shape. */
aclError aclmdlBundleGetSize(const aclmdlBundleQueryInfo *queryInfo, size_t index, size_t *workSize, size_t *constWeightSize) {
  standin::Call call("aclmdlBundleGetSize");
  call.size("index", index);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!queries().has(queryInfo, "aclmdlBundleGetSize") || index >= queryInfo->file.models.size()) return call.done(INVALID_PARAM);
  const ModelFile &file = queryInfo->file.models[index];
  *workSize = file.isUnknown ? 0 : file.workBytes;
  *constWeightSize = file.isUnknown ? 0 : file.weights.size;
  return call.done(OK);
}

aclError aclmdlBundleInitFromFile(const char *modelPath, void *varWeightPtr, size_t varWeightSize, uint32_t *bundleId) {
  standin::Call call("aclmdlBundleInitFromFile");
  call.text("modelPath", modelPath).size("varWeightSize", varWeightSize);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  return call.done(addBundle(modelPath, varWeightPtr, varWeightSize, true, *bundleId));
}

aclError aclmdlBundleLoadModel(uint32_t bundleId, size_t index, uint32_t *modelId) {
  standin::Call call("aclmdlBundleLoadModel");
  call.size("index", index);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  return call.done(loadMember(bundleId, index, *modelId));
}

aclError aclmdlBundleLoadModelWithMem(uint32_t bundleId, size_t index, void *workPtr, size_t workSize, void *weightPtr, size_t weightSize, uint32_t *modelId) {
  standin::Call call("aclmdlBundleLoadModelWithMem");
  call.size("index", index).size("workSize", workSize).size("weightSize", weightSize);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = loadMember(bundleId, index, *modelId)) return call.done(status);
  const ModelFile &file = *modelOf(*modelId);
  if (!file.isUnknown && (workSize < file.workBytes || weightSize < file.weights.size)) return call.done(INVALID_PARAM);
  Loaded &loaded = loadedModels().at(*modelId);
  if (workPtr != nullptr) {
    if (deviceBytes(workPtr, workSize, "aclmdlBundleLoadModelWithMem") == nullptr) return call.done(INVALID_PARAM);
    loaded.work = workPtr;
  }
  if (weightPtr != nullptr) {
    uint8_t *bytes = deviceBytes(weightPtr, weightSize, "aclmdlBundleLoadModelWithMem");
    if (bytes == nullptr) return call.done(INVALID_PARAM);
    memcpy(bytes, file.weights.data, file.weights.size);
    loaded.weights = weightPtr;
  }
  return call.done(OK);
}

aclError aclmdlBundleUnloadModel(uint32_t bundleId, uint32_t modelId) {
  standin::Call call("aclmdlBundleUnloadModel");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const auto found = bundles().find(bundleId);
  if (found == bundles().end()) return call.done(NO_BUNDLE);
  auto &members = found->second.members;
  for (auto at = members.begin(); at != members.end(); ++at) {
    if (*at != modelId) continue;
    members.erase(at);
    loadedModels().erase(modelId);
    return call.done(OK);
  }
  return call.done(INVALID_PARAM);
}
}
