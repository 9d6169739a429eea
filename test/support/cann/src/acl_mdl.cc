// The aclmdl* calls and tensor descs. Part of libacl_mdl.so, or of libascendcl.so.
#include <algorithm>
#include <cstring>

#include "acl_model.h"

using namespace acl;

namespace {

Handles &descs() {
  static Handles handles("model desc");
  return handles;
}
Handles &datasets() {
  static Handles handles("dataset");
  return handles;
}
Handles &tensorDescs() {
  static Handles handles("tensor desc");
  return handles;
}

const ModelFile *described(const aclmdlDesc *desc, const char *call) {
  return descs().has(desc, call) && desc->isFilled ? modelOf(desc->modelId) : nullptr;
}

const Port *portOf(const aclmdlDesc *desc, size_t index, bool isInput, const char *call) {
  const ModelFile *file = described(desc, call);
  if (file == nullptr) return nullptr;
  const auto &ports = isInput ? file->inputs : file->outputs;
  return index < ports.size() ? &ports[index] : nullptr;
}

aclError putDims(const std::string &name, const model::Dims &from, aclmdlIODims *dims) {
  memset(dims, 0, sizeof *dims);
  strncpy(dims->name, name.c_str(), sizeof dims->name - 1);
  dims->dimCount = from.size();
  for (size_t i = 0; i < from.size(); i++) dims->dims[i] = from[i];
  return OK;
}

aclError dimsOf(const char *name, const aclmdlDesc *desc, size_t index, bool isInput, aclmdlIODims *dims) {
  standin::Call call(name);
  call.size("index", index);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const Port *port = portOf(desc, index, isInput, name);
  if (port == nullptr) return call.done(INVALID_PARAM);
  return call.done(putDims(port->name, port->desc.dims, dims));
}

size_t sizeOf(const char *name, const aclmdlDesc *desc, size_t index, bool isInput) {
  standin::Call call(name);
  call.size("index", index);
  if (call.failed()) return call.done(size_t{0});
  const Port *port = portOf(desc, index, isInput, name);
  return call.done(port == nullptr ? size_t{0} : static_cast<size_t>(port->bytes));
}

const char *nameOf(const char *name, const aclmdlDesc *desc, size_t index, bool isInput) {
  standin::Call call(name);
  call.size("index", index);
  if (call.failed()) {
    call.done(-1);
    return "";
  }
  const Port *port = portOf(desc, index, isInput, name);
  call.done(0);
  return port == nullptr ? "" : port->name.c_str();
}

int32_t typeOf(const char *name, const aclmdlDesc *desc, size_t index, bool isInput) {
  standin::Call call(name);
  call.size("index", index);
  if (call.failed()) return call.done(int32_t{-1});
  const Port *port = portOf(desc, index, isInput, name);
  return call.done(port == nullptr ? int32_t{-1} : model::geType(port->desc.dtype));
}

/** The numbers of a gear go into the buffer of the extra input, and into the data set. */
aclError setGear(standin::Call &call, uint32_t modelId, aclmdlDataset *dataset, size_t index, const std::vector<int64_t> &gear) {
  const ModelFile *file = modelOf(modelId);
  if (file == nullptr) return call.done(NO_MODEL);
  if (!datasets().has(dataset, "aclmdlSetDynamic*") || index >= dataset->buffers.size() || index >= file->inputs.size()) return call.done(INVALID_PARAM);
  if (file->inputs[index].name != "ascend_mbatch_shape_data") return call.done(INVALID_PARAM);
  if (std::find(file->gears.begin(), file->gears.end(), gear) == file->gears.end()) return call.done(BAD_GEAR);
  const aclDataBuffer *buffer = dataset->buffers[index];
  if (!dataBuffers().has(buffer, "aclmdlSetDynamic*") || buffer->size < 8 * gear.size()) return call.done(INVALID_PARAM);
  uint8_t *to = deviceBytes(buffer->data, 8 * gear.size(), "aclmdlSetDynamic*");
  if (to == nullptr) return call.done(INVALID_PARAM);
  memcpy(to, gear.data(), 8 * gear.size());
  dataset->gear = gear;
  loadedModels().at(modelId).gear = gear;
  return call.done(OK);
}

}  // namespace

extern "C" {

aclError aclmdlBundleLoadFromFile(const char *modelPath, uint32_t *bundleId) {
  standin::Call call("aclmdlBundleLoadFromFile");
  call.text("modelPath", modelPath);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  if (modelPath == nullptr || bundleId == nullptr) return call.done(INVALID_PARAM);
  if (const aclError status = addBundle(modelPath, nullptr, 0, false, *bundleId)) return call.done(status);
  for (size_t i = 0; i < bundles().at(*bundleId).file.models.size(); i++) {
    uint32_t id = 0;
    loadMember(*bundleId, i, id);
  }
  call.size("bundleId", *bundleId);
  return call.done(OK);
}

aclError aclmdlBundleGetModelNum(uint32_t bundleId, size_t *modelNum) {
  standin::Call call("aclmdlBundleGetModelNum");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const auto found = bundles().find(bundleId);
  if (found == bundles().end()) return call.done(NO_BUNDLE);
  *modelNum = found->second.file.models.size();
  return call.done(OK);
}

aclError aclmdlBundleGetModelId(uint32_t bundleId, size_t index, uint32_t *modelId) {
  standin::Call call("aclmdlBundleGetModelId");
  call.size("index", index);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const auto found = bundles().find(bundleId);
  if (found == bundles().end()) return call.done(NO_BUNDLE);
  if (found->second.isManual) return call.done(NOT_SUPPORTED);
  if (index >= found->second.members.size()) return call.done(INVALID_PARAM);
  *modelId = found->second.members[index];
  return call.done(OK);
}

aclError aclmdlBundleUnload(uint32_t bundleId) {
  standin::Call call("aclmdlBundleUnload");
  call.size("bundleId", bundleId);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  return call.done(unloadBundle(bundleId));
}

/** A bundle given to the call for single models. */
aclError aclmdlLoadFromFile(const char *modelPath, uint32_t *) {
  standin::Call call("aclmdlLoadFromFile");
  call.text("modelPath", modelPath);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  return call.done(geFailure("[Load][Model] the file is a bundle; use aclmdlBundleLoadFromFile"));
}

aclError aclmdlUnload(uint32_t modelId) {
  standin::Call call("aclmdlUnload");
  call.size("modelId", modelId);
  return call.done(INVALID_PARAM);
}

aclmdlDesc *aclmdlCreateDesc() {
  standin::Call call("aclmdlCreateDesc");
  if (call.failed()) return call.donePointer<aclmdlDesc>(nullptr);
  return call.donePointer(descs().add(new aclmdlDesc()));
}

aclError aclmdlDestroyDesc(aclmdlDesc *modelDesc) {
  standin::Call call("aclmdlDestroyDesc");
  call.pointer("modelDesc", modelDesc);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!descs().remove(modelDesc, "aclmdlDestroyDesc")) return call.done(INVALID_PARAM);
  delete modelDesc;
  return call.done(OK);
}

aclError aclmdlGetDesc(aclmdlDesc *modelDesc, uint32_t modelId) {
  standin::Call call("aclmdlGetDesc");
  call.size("modelId", modelId);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!descs().has(modelDesc, "aclmdlGetDesc")) return call.done(INVALID_PARAM);
  if (modelOf(modelId) == nullptr) return call.done(NO_MODEL);
  modelDesc->modelId = modelId;
  modelDesc->isFilled = true;
  return call.done(OK);
}

size_t aclmdlGetNumInputs(aclmdlDesc *modelDesc) {
  standin::Call call("aclmdlGetNumInputs");
  call.failed();
  const ModelFile *file = described(modelDesc, "aclmdlGetNumInputs");
  return call.done(file == nullptr ? size_t{0} : file->inputs.size());
}

size_t aclmdlGetNumOutputs(aclmdlDesc *modelDesc) {
  standin::Call call("aclmdlGetNumOutputs");
  call.failed();
  const ModelFile *file = described(modelDesc, "aclmdlGetNumOutputs");
  return call.done(file == nullptr ? size_t{0} : file->outputs.size());
}

size_t aclmdlGetInputSizeByIndex(aclmdlDesc *modelDesc, size_t index) { return sizeOf("aclmdlGetInputSizeByIndex", modelDesc, index, true); }
size_t aclmdlGetOutputSizeByIndex(aclmdlDesc *modelDesc, size_t index) { return sizeOf("aclmdlGetOutputSizeByIndex", modelDesc, index, false); }
const char *aclmdlGetInputNameByIndex(const aclmdlDesc *modelDesc, size_t index) { return nameOf("aclmdlGetInputNameByIndex", modelDesc, index, true); }
const char *aclmdlGetOutputNameByIndex(const aclmdlDesc *modelDesc, size_t index) { return nameOf("aclmdlGetOutputNameByIndex", modelDesc, index, false); }
int32_t aclmdlGetInputDataType(const aclmdlDesc *modelDesc, size_t index) { return typeOf("aclmdlGetInputDataType", modelDesc, index, true); }
int32_t aclmdlGetOutputDataType(const aclmdlDesc *modelDesc, size_t index) { return typeOf("aclmdlGetOutputDataType", modelDesc, index, false); }
int32_t aclmdlGetInputFormat(const aclmdlDesc *, size_t) { return 2; }
int32_t aclmdlGetOutputFormat(const aclmdlDesc *, size_t) { return 2; }
aclError aclmdlGetInputDims(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims) { return dimsOf("aclmdlGetInputDims", modelDesc, index, true, dims); }
aclError aclmdlGetInputDimsV2(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims) { return dimsOf("aclmdlGetInputDimsV2", modelDesc, index, true, dims); }
aclError aclmdlGetOutputDims(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims) { return dimsOf("aclmdlGetOutputDims", modelDesc, index, false, dims); }

aclError aclmdlGetCurOutputDims(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims) {
  standin::Call call("aclmdlGetCurOutputDims");
  call.size("index", index);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const Port *port = portOf(modelDesc, index, false, "aclmdlGetCurOutputDims");
  if (port == nullptr) return call.done(INVALID_PARAM);
  const auto &gear = loadedModels().at(modelDesc->modelId).gear;
  return call.done(putDims(port->name, gear.empty() ? port->desc.dims : outputsForGear(*modelOf(modelDesc->modelId), gear).at(index).dims, dims));
}

aclError aclmdlGetInputIndexByName(const aclmdlDesc *modelDesc, const char *name, size_t *index) {
  standin::Call call("aclmdlGetInputIndexByName");
  call.text("name", name);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const ModelFile *file = described(modelDesc, "aclmdlGetInputIndexByName");
  for (size_t i = 0; file != nullptr && i < file->inputs.size(); i++) {
    if (file->inputs[i].name != name) continue;
    *index = i;
    return call.done(OK);
  }
  return call.done(INVALID_PARAM);
}

aclError aclmdlGetDynamicBatch(const aclmdlDesc *modelDesc, aclmdlBatch *batch) {
  standin::Call call("aclmdlGetDynamicBatch");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const ModelFile *file = described(modelDesc, "aclmdlGetDynamicBatch");
  if (file == nullptr) return call.done(INVALID_PARAM);
  batch->batchCount = file->gearBlock == 2 ? file->gears.size() : 0;
  for (size_t i = 0; i < batch->batchCount; i++) batch->batch[i] = static_cast<uint64_t>(file->gears[i][0]);
  return call.done(OK);
}

aclError aclmdlGetDynamicHW(const aclmdlDesc *modelDesc, size_t, aclmdlHW *hw) {
  standin::Call call("aclmdlGetDynamicHW");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const ModelFile *file = described(modelDesc, "aclmdlGetDynamicHW");
  if (file == nullptr) return call.done(INVALID_PARAM);
  hw->hwCount = file->gearBlock == 3 ? file->gears.size() : 0;
  for (size_t i = 0; i < hw->hwCount; i++) {
    for (size_t k = 0; k < 2; k++) hw->hw[i][k] = static_cast<uint64_t>(file->gears[i][k]);
  }
  return call.done(OK);
}

aclError aclmdlGetInputDynamicGearCount(const aclmdlDesc *modelDesc, size_t, size_t *gearCount) {
  standin::Call call("aclmdlGetInputDynamicGearCount");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const ModelFile *file = described(modelDesc, "aclmdlGetInputDynamicGearCount");
  if (file == nullptr) return call.done(INVALID_PARAM);
  *gearCount = file->gearBlock == 4 ? file->gears.size() : 0;
  return call.done(OK);
}

/** One list per gear: the dimensions of the inputs of input_shape, in its order, behind each other. */
aclError aclmdlGetInputDynamicDims(const aclmdlDesc *modelDesc, size_t, aclmdlIODims *dims, size_t gearCount) {
  standin::Call call("aclmdlGetInputDynamicDims");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const ModelFile *file = described(modelDesc, "aclmdlGetInputDynamicDims");
  if (file == nullptr || gearCount < file->gears.size()) return call.done(INVALID_PARAM);
  for (size_t i = 0; i < file->gears.size(); i++) {
    model::Dims all;
    const auto each = inputDimsForGear(*file, file->gears[i]);
    for (const size_t k : gearedInputs(*file)) all.insert(all.end(), each[k].begin(), each[k].end());
    putDims("", all, &dims[i]);
  }
  return call.done(OK);
}

aclError aclmdlSetDynamicBatchSize(uint32_t modelId, aclmdlDataset *dataset, size_t index, uint64_t batchSize) {
  standin::Call call("aclmdlSetDynamicBatchSize");
  call.size("index", index).size("batchSize", batchSize);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  return setGear(call, modelId, dataset, index, {static_cast<int64_t>(batchSize)});
}

aclError aclmdlSetDynamicHWSize(uint32_t modelId, aclmdlDataset *dataset, size_t index, uint64_t height, uint64_t width) {
  standin::Call call("aclmdlSetDynamicHWSize");
  call.size("index", index).size("height", height).size("width", width);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  return setGear(call, modelId, dataset, index, {static_cast<int64_t>(height), static_cast<int64_t>(width)});
}

aclError aclmdlSetInputDynamicDims(uint32_t modelId, aclmdlDataset *dataset, size_t index, const aclmdlIODims *dims) {
  standin::Call call("aclmdlSetInputDynamicDims");
  call.size("index", index);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const ModelFile *file = modelOf(modelId);
  if (file == nullptr) return call.done(NO_MODEL);
  // The dimensions that the model leaves open, in the order of input_shape, are the gear; the others must be the model's own.
  std::vector<int64_t> gear;
  size_t at = 0;
  for (const size_t k : gearedInputs(*file)) {
    for (const int64_t dim : file->inputs[k].desc.dims) {
      if (at >= dims->dimCount || (dim >= 0 && dims->dims[at] != dim)) return call.done(BAD_GEAR_LENGTH);
      if (dim < 0) gear.push_back(dims->dims[at]);
      at++;
    }
  }
  if (at != dims->dimCount || at == 0) return call.done(BAD_GEAR_LENGTH);
  return setGear(call, modelId, dataset, index, gear);
}

aclmdlDataset *aclmdlCreateDataset() {
  standin::Call call("aclmdlCreateDataset");
  if (call.failed()) return call.donePointer<aclmdlDataset>(nullptr);
  return call.donePointer(datasets().add(new aclmdlDataset()));
}

aclError aclmdlDestroyDataset(const aclmdlDataset *dataset) {
  standin::Call call("aclmdlDestroyDataset");
  call.pointer("dataset", dataset);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!datasets().remove(dataset, "aclmdlDestroyDataset")) return call.done(INVALID_PARAM);
  delete dataset;
  return call.done(OK);
}

aclError aclmdlAddDatasetBuffer(aclmdlDataset *dataset, aclDataBuffer *dataBuffer) {
  standin::Call call("aclmdlAddDatasetBuffer");
  call.pointer("dataset", dataset).pointer("dataBuffer", dataBuffer);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!datasets().has(dataset, "aclmdlAddDatasetBuffer") || !dataBuffers().has(dataBuffer, "aclmdlAddDatasetBuffer")) return call.done(INVALID_PARAM);
  dataset->buffers.push_back(dataBuffer);
  return call.done(OK);
}

size_t aclmdlGetDatasetNumBuffers(const aclmdlDataset *dataset) { return datasets().has(dataset, "aclmdlGetDatasetNumBuffers") ? dataset->buffers.size() : 0; }

aclDataBuffer *aclmdlGetDatasetBuffer(const aclmdlDataset *dataset, size_t index) {
  standin::Call call("aclmdlGetDatasetBuffer");
  const bool has = !call.failed() && datasets().has(dataset, "aclmdlGetDatasetBuffer") && index < dataset->buffers.size();
  return call.donePointer(has ? dataset->buffers[index] : nullptr);
}

aclTensorDesc *aclCreateTensorDesc(int32_t dataType, int numDims, const int64_t *dims, int32_t format) {
  standin::Call call("aclCreateTensorDesc");
  std::string list;
  for (int i = 0; i < numDims; i++) list += (i > 0 ? "," : "") + std::to_string(dims[i]);
  call.number("dataType", dataType).json("dims", "[" + list + "]").number("format", format);
  if (call.failed() || numDims < 0) return call.donePointer<aclTensorDesc>(nullptr);
  return call.donePointer(tensorDescs().add(new aclTensorDesc{dataType, std::vector<int64_t>(dims, dims + numDims), format}));
}

void aclDestroyTensorDesc(const aclTensorDesc *desc) {
  standin::Call call("aclDestroyTensorDesc");
  call.pointer("desc", desc);
  call.failed();
  if (tensorDescs().remove(desc, "aclDestroyTensorDesc")) delete desc;
  call.done(0);
}

aclError aclmdlSetDatasetTensorDesc(aclmdlDataset *dataset, aclTensorDesc *tensorDesc, size_t index) {
  standin::Call call("aclmdlSetDatasetTensorDesc");
  call.size("index", index).pointer("tensorDesc", tensorDesc);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!datasets().has(dataset, "aclmdlSetDatasetTensorDesc") || !tensorDescs().has(tensorDesc, "aclmdlSetDatasetTensorDesc")) return call.done(INVALID_PARAM);
  if (index >= dataset->buffers.size()) return call.done(INVALID_PARAM);
  dataset->descs[index] = *tensorDesc;
  return call.done(OK);
}

aclTensorDesc *aclmdlGetDatasetTensorDesc(const aclmdlDataset *dataset, size_t index) {
  standin::Call call("aclmdlGetDatasetTensorDesc");
  call.size("index", index);
  if (call.failed() || !datasets().has(dataset, "aclmdlGetDatasetTensorDesc")) return call.donePointer<aclTensorDesc>(nullptr);
  const auto found = dataset->descs.find(index);
  return call.donePointer(found == dataset->descs.end() ? nullptr : const_cast<aclTensorDesc *>(&found->second));
}

size_t aclGetTensorDescNumDims(const aclTensorDesc *desc) { return desc->dims.size(); }
int32_t aclGetTensorDescType(const aclTensorDesc *desc) { return desc->dataType; }
size_t aclGetTensorDescSize(const aclTensorDesc *desc) { return model::bytesOf(model::protoType(desc->dataType), desc->dims); }

aclError aclGetTensorDescDimV2(const aclTensorDesc *desc, size_t index, int64_t *dimSize) {
  standin::Call call("aclGetTensorDescDimV2");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (index >= desc->dims.size()) return call.done(INVALID_PARAM);
  *dimSize = desc->dims[index];
  return call.done(OK);
}

size_t aclDataTypeSize(int32_t dataType) { return static_cast<size_t>(std::max(model::bitsOf(model::protoType(dataType)), 8)) / 8; }

aclError aclmdlExecute(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output) {
  standin::Call call("aclmdlExecute");
  const ModelFile *file = modelOf(modelId);
  call.size("modelId", modelId).text("model", file == nullptr ? "" : file->def.name);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  if (!datasets().has(input, "aclmdlExecute") || !datasets().has(output, "aclmdlExecute")) return call.done(INVALID_PARAM);
  call.size("inputs", input->buffers.size()).size("outputs", output->buffers.size());
  return call.done(execute(modelId, *input, *output));
}
}
