// Runs models: init and update assign to variables, inference computes with the few operators of op_rules. Part of libacl_mdl.so.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "acl_model.h"
#include "op_rules.h"

namespace acl {

namespace {

constexpr int64_t VARIABLE_BASE = 137438953472;

using model::Desc;
using model::Dims;
using model::Op;

const Op *findVariable(const ModelFile &file, const std::string &name) {
  for (const auto &graph : file.def.graphs) {
    for (const auto &op : graph.ops) {
      if (op.type == "Variable" && op.name == name) return &op;
    }
  }
  return nullptr;
}

/** Where the value of a variable is; null after a violation. */
uint8_t *variableBytes(const Bundle &bundle, const Op &variable, uint64_t &size) {
  const Desc &desc = variable.outputDescs.at(0);
  size = model::bytesOf(desc.dtype, desc.dims);
  const auto offset = static_cast<uint64_t>(variable.outputOffsets.at(0) - VARIABLE_BASE);
  return deviceBytes(static_cast<uint8_t *>(bundle.variables) + offset, size, "aclmdlExecute (variables)");
}

aclError runInit(const Bundle &bundle, const ModelFile &file) {
  const auto &root = file.def.graphs[0];
  for (const Op &op : root.ops) {
    if (op.type != "Assign") continue;
    const Op *variable = findVariable(file, model::splitEdge(op.inputs.at(0)).first);
    const Op *constant = nullptr;
    for (const Op &other : root.ops) {
      if (other.name == model::splitEdge(op.inputs.at(1)).first && other.hasValue) constant = &other;
    }
    if (variable == nullptr || constant == nullptr) return geFailure("[" + op.name + "] does not assign a constant to a variable");
    uint64_t size = 0;
    uint8_t *to = variableBytes(bundle, *variable, size);
    const auto from = static_cast<uint64_t>(constant->valueDesc.dataOffset), length = static_cast<uint64_t>(constant->valueDesc.weightSize);
    if (to == nullptr || from + length > file.weights.size || length != size) return geFailure("[" + op.name + "] has a constant of another size");
    memcpy(to, file.weights.data + from, length);
  }
  return OK;
}

/** The variable that input `name` of the update model is for. */
const Op *updatedVariable(const ModelFile &file, const std::string &name) {
  constexpr const char *SUFFIX = "_data";
  if (name.size() > 5 && name.compare(name.size() - 5, 5, SUFFIX) == 0) {
    if (const Op *variable = findVariable(file, name.substr(0, name.size() - 5))) return variable;
  }
  for (const Op &op : file.def.graphs[0].ops) {
    if (op.type == "Assign" && model::splitEdge(op.inputs.at(1)).first == name) return findVariable(file, model::splitEdge(op.inputs.at(0)).first);
  }
  return nullptr;
}

/** A scalar counts by its value: 0 means "not given", and half floats cannot be judged. Null: an error. */
aclError judgeScalar(const uint8_t *bytes, int dtype, bool &isGiven) {
  double number = 0;
  float single;
  int32_t whole;
  int64_t large;
  switch (dtype) {
    case 1: memcpy(&single, bytes, 4); number = single; break;
    case 7: memcpy(&whole, bytes, 4); number = whole; break;
    case 8: memcpy(&large, bytes, 8); number = static_cast<double>(large); break;
    case 12: memcpy(&number, bytes, 8); break;
    case 11: case 3: case 4: number = *bytes; break;
    default: return geFailure("the condition of an If has no converter");
  }
  isGiven = number != 0;
  return OK;
}

aclError runUpdate(const Bundle &bundle, const ModelFile &file, const aclmdlDataset &input) {
  for (size_t i = 0; i < file.inputs.size(); i++) {
    const Port &port = file.inputs[i];
    const Op *variable = updatedVariable(file, port.name);
    if (variable == nullptr) return geFailure("input " + port.name + " updates nothing");
    const aclDataBuffer *buffer = input.buffers[i];
    if (!dataBuffers().has(buffer, "aclmdlExecute")) return INVALID_PARAM;
    uint64_t size = 0;
    uint8_t *to = variableBytes(bundle, *variable, size);
    if (to == nullptr) return GE_FAILURE;
    const Desc &own = variable->outputDescs.at(0);
    bool isGiven = true;
    if (model::isStatic(port.desc.dims)) {
      if (buffer->data == nullptr) return geFailure("input " + port.name + " has no address");
    } else {
      const auto given = input.descs.find(i);
      if (given == input.descs.end()) {
        standin::violation("aclmdlExecute: input " + port.name + " of an update model has no tensor desc");
        return OK;
      }
      const auto &dims = given->second.dims;
      isGiven = std::find(dims.begin(), dims.end(), 0) == dims.end();
      if (isGiven && (dims != own.dims || model::protoType(given->second.dataType) != own.dtype)) {
        standin::violation("aclmdlExecute: input " + port.name + " of an update model has another shape or dtype than its variable");
      }
      if (isGiven && dims.empty()) {
        const uint8_t *bytes = deviceBytes(buffer->data, size, "aclmdlExecute");
        if (bytes == nullptr) return OK;
        if (const aclError status = judgeScalar(bytes, own.dtype, isGiven)) return status;
      }
    }
    if (!isGiven) continue;
    // The size of a buffer is not looked at: a wrong one is read past its end.
    if (buffer->size < size) standin::violation("aclmdlExecute: the buffer of " + port.name + " has " + std::to_string(buffer->size) + " bytes; its variable " + std::to_string(size));
    const uint8_t *from = deviceBytes(buffer->data, size, "aclmdlExecute");
    if (from != nullptr) memcpy(to, from, size);
  }
  return OK;
}

constexpr const char *GEAR_INPUT = "ascend_mbatch_shape_data";

aclError readInputs(const ModelFile &file, const aclmdlDataset &input, const std::vector<int64_t> &gear, std::map<std::string, rules::Value> &values) {
  const auto byGear = inputDimsForGear(file, gear);
  for (size_t i = 0; i < file.inputs.size(); i++) {
    const Port &port = file.inputs[i];
    if (port.name == GEAR_INPUT) continue;
    const aclDataBuffer *buffer = input.buffers[i];
    if (!dataBuffers().has(buffer, "aclmdlExecute")) return INVALID_PARAM;
    Desc desc = port.desc;
    desc.dims = byGear[i];
    if (!model::isStatic(desc.dims)) {
      const auto given = input.descs.find(i);
      if (given == input.descs.end()) return geFailure("input " + port.name + " has no tensor desc, and its shape is not known");
      desc.dims = given->second.dims;
      if (!model::isStatic(desc.dims)) return geFailure("input " + port.name + " has unknown dimensions");
    }
    const uint64_t size = model::bytesOf(desc.dtype, desc.dims);
    if (buffer->size < std::max(size, port.bytes)) {
      standin::violation("aclmdlExecute: the buffer of input " + port.name + " has " + std::to_string(buffer->size) + " bytes; it takes " +
                         std::to_string(std::max(size, port.bytes)));
      return OK;
    }
    const uint8_t *bytes = size == 0 ? buffer->data == nullptr ? nullptr : static_cast<const uint8_t *>(buffer->data) : deviceBytes(buffer->data, size, "aclmdlExecute");
    if (bytes == nullptr && size > 0) return GE_FAILURE;
    values[port.name] = rules::valueOf(desc, bytes, size);
  }
  return OK;
}

aclError writeOutput(const Port &port, const rules::Value &value, aclDataBuffer *buffer, aclmdlDataset &output, size_t index) {
  if (!dataBuffers().has(buffer, "aclmdlExecute")) return INVALID_PARAM;
  const uint64_t size = model::bytesOf(value.desc.dtype, value.desc.dims);
  if (buffer->data == nullptr && buffer->size == 0) {
    if (size > 0) buffer->data = deviceAllocate(size);
    buffer->size = size;
  }
  if (buffer->size < size) {
    if (port.bytes == 0) return geFailure("output " + port.name + " needs " + std::to_string(size) + " bytes, and its buffer has " + std::to_string(buffer->size));
    standin::violation("aclmdlExecute: the buffer of output " + port.name + " has " + std::to_string(buffer->size) + " bytes; it gets " + std::to_string(size));
    return OK;
  }
  if (size > 0) {
    uint8_t *bytes = deviceBytes(buffer->data, size, "aclmdlExecute");
    if (bytes == nullptr) return GE_FAILURE;
    rules::writeValue(value, bytes, size);
  }
  output.descs[index] = {model::geType(value.desc.dtype), value.desc.dims, 2};
  return OK;
}

aclError runInference(const Bundle &bundle, const ModelFile &file, const aclmdlDataset &input, aclmdlDataset &output) {
  if (!file.gears.empty() && input.gear.empty()) return BAD_GEAR;
  std::map<std::string, rules::Value> values;
  if (const aclError status = readInputs(file, input, input.gear, values)) return status;
  model::GraphDef root = file.def.graphs[0];
  for (const size_t at : rules::inferGraph(root)) {
    const Op &op = root.ops[at];
    if (op.type == "Data" || op.type == "NetOutput") continue;
    if (op.type == "Const") {
      values[op.name] = rules::valueOf(op.valueDesc, file.weights.data + op.valueDesc.dataOffset, static_cast<size_t>(op.valueDesc.weightSize));
      continue;
    }
    if (op.type == "Variable") {
      uint64_t size = 0;
      const uint8_t *bytes = variableBytes(bundle, op, size);
      if (bytes == nullptr) return GE_FAILURE;
      values[op.name] = rules::valueOf(op.outputDescs.at(0), bytes, size);
      continue;
    }
    std::vector<const rules::Value *> inputs;
    for (const auto &edge : op.inputs) {
      const auto [producer, index] = model::splitEdge(edge);
      if (edge.empty() || index < 0) continue;
      inputs.push_back(&values.at(producer));
    }
    values[op.name] = rules::compute(op, inputs);
  }
  for (const Op &op : root.ops) {
    if (op.type != "NetOutput") continue;
    for (size_t i = 0; i < file.outputs.size(); i++) {
      const rules::Value &value = values.at(model::splitEdge(op.inputs.at(i)).first);
      if (const aclError status = writeOutput(file.outputs[i], value, output.buffers[i], output, i)) return status;
    }
  }
  return OK;
}

bool hasAssign(const ModelFile &file) {
  for (const auto &graph : file.def.graphs) {
    for (const auto &op : graph.ops) {
      if (op.type == "Assign") return true;
    }
  }
  return false;
}

}  // namespace

std::vector<size_t> gearedInputs(const ModelFile &file) {
  std::vector<size_t> places;
  for (const auto &name : file.gearOrder) {
    for (size_t i = 0; i < file.inputs.size(); i++) {
      if (file.inputs[i].name == name) places.push_back(i);
    }
  }
  return places;
}

std::vector<Dims> inputDimsForGear(const ModelFile &file, const std::vector<int64_t> &gear) {
  std::vector<Dims> all;
  for (const Port &port : file.inputs) all.push_back(port.desc.dims);
  if (gear.empty()) return all;
  std::vector<size_t> places = gearedInputs(file);
  if (file.gearBlock != 4) {
    // A batch or an image size is that of every input, whether input_shape names it or not.
    places.clear();
    for (size_t i = 0; i < all.size(); i++) places.push_back(i);
  }
  size_t next = 0;
  for (const size_t i : places) {
    for (int64_t &dim : all[i]) {
      if (dim < 0) dim = gear.at(file.gearBlock == 4 ? next++ : file.gearBlock == 3 ? next++ % 2 : 0);
    }
  }
  return all;
}

std::vector<Desc> outputsForGear(const ModelFile &file, const std::vector<int64_t> &gear) {
  model::GraphDef root = file.def.graphs[0];
  const auto dims = inputDimsForGear(file, gear);
  for (size_t i = 0; i < file.inputs.size(); i++) {
    if (Op *op = model::findOp(root, file.inputs[i].name)) op->outputDescs.at(0).dims = dims[i];
  }
  rules::inferGraph(root);
  std::vector<Desc> out;
  for (Op &op : root.ops) {
    if (op.type != "NetOutput") continue;
    for (const auto &edge : op.inputs) out.push_back(model::findOp(root, model::splitEdge(edge).first)->outputDescs.at(0));
  }
  return out;
}

aclError execute(uint32_t modelId, const aclmdlDataset &input, aclmdlDataset &output) {
  const ModelFile *file = modelOf(modelId);
  if (file == nullptr) return NO_MODEL;
  const Loaded &loaded = loadedModels().at(modelId);
  const Bundle &bundle = bundles().at(loaded.bundle);
  for (const void *memory : {loaded.weights, loaded.work}) {
    if (memory != nullptr && deviceBytes(memory, 1, "aclmdlExecute (memory of the model)") == nullptr) return GE_FAILURE;
  }
  if (input.buffers.size() < file->inputs.size() || output.buffers.size() < file->outputs.size()) {
    standin::reportError("E13025", "Invalid_Argument", "The number of buffers is " + std::to_string(input.buffers.size()) + "; the model has " +
                             std::to_string(file->inputs.size()) + " inputs.", "");
    return GE_FAILURE;
  }
  try {
    if (!hasAssign(*file)) return runInference(bundle, *file, input, output);
    return file->inputs.empty() ? runInit(bundle, *file) : runUpdate(bundle, *file, input);
  } catch (const std::exception &error) {
    return geFailure(error.what());
  }
}

}  // namespace acl
