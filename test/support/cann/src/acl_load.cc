// Reading of bundles as the loader does: what it checks, and nothing more. Source: om-format.md §1.2, §2.4. Part of libacl_mdl.so.
#include <cstring>

#include "acl_model.h"

namespace acl {

namespace {

constexpr uint64_t HEADER = 256;

template <typename T>
T at(const model::Blob &blob, uint64_t offset) {
  T value{};
  if (offset + sizeof value > blob.size) throw std::runtime_error("a length leads past the end");
  memcpy(&value, blob.data + offset, sizeof value);
  return value;
}

model::Blob slice(const model::Blob &blob, uint64_t from, uint64_t size) {
  if (size > blob.size || from > blob.size - size) throw std::runtime_error("a partition leads past the end");
  return {blob.owner, blob.data + from, size};
}

std::vector<Port> readPorts(const model::Blob &block) {
  std::vector<Port> ports(at<uint32_t>(block, 0));
  uint64_t from = 4;
  for (Port &port : ports) {
    port.bytes = at<uint64_t>(block, from);
    port.desc.dtype = model::protoType(at<int32_t>(block, from + 12));
    const uint32_t name = at<uint32_t>(block, from + 16), dims = at<uint32_t>(block, from + 20), more = at<uint32_t>(block, from + 24),
                   ranges = at<uint32_t>(block, from + 28);
    from += 32;
    const model::Blob text = slice(block, from, name);
    port.name = std::string(reinterpret_cast<const char *>(text.data), name);
    for (uint32_t i = 0; i < dims / 8; i++) port.desc.dims.push_back(at<int64_t>(block, from + name + 8 * uint64_t{i}));
    from += uint64_t{name} + dims + more + ranges;
  }
  return ports;
}

std::vector<std::string> readTexts(const model::Blob &block) {
  std::vector<std::string> texts(at<uint32_t>(block, 0));
  uint64_t from = 4 + 4 * uint64_t{texts.size()};
  for (size_t i = 0; i < texts.size(); i++) {
    const model::Blob text = slice(block, from, at<uint32_t>(block, 4 + 4 * uint64_t{i}));
    texts[i] = std::string(reinterpret_cast<const char *>(text.data), text.size);
    from += text.size;
  }
  return texts;
}

void readInoutInfo(const model::Blob &info, ModelFile &file) {
  for (uint64_t from = 0; from < info.size;) {
    const uint32_t type = at<uint32_t>(info, from), length = at<uint32_t>(info, from + 4);
    const model::Blob block = slice(info, from + 8, length);
    from += 8 + uint64_t{length};
    if (type == 0) file.inputs = readPorts(block);
    if (type == 1) file.outputs = readPorts(block);
    if (type == 6) file.gearOrder = readTexts(block);
    if (type < 2 || type > 4) continue;
    file.gearBlock = type;
    const uint32_t rows = at<uint32_t>(block, 0);
    uint64_t value = 4 + (type == 2 ? 0 : 4 * uint64_t{rows});
    for (uint32_t row = 0; row < rows; row++) {
      const uint32_t count = type == 2 ? 1 : at<uint32_t>(block, 4 + 4 * uint64_t{row});
      std::vector<int64_t> numbers;
      for (uint32_t i = 0; i < count; i++, value += 8) numbers.push_back(at<int64_t>(block, value));
      file.gears.push_back(numbers);
    }
  }
}

/** The first table: in a model of dynamic shape it has the whole graph. */
ModelFile readModelFile(const model::Blob &om) {
  if (om.size < HEADER || memcmp(om.data, "IMOD", 4) != 0) throw std::runtime_error("Invalid om file.");
  ModelFile file;
  file.isUnknown = om.data[193] == 1;
  const uint32_t count = at<uint32_t>(om, HEADER);
  uint64_t from = HEADER + 8 + 24 * uint64_t{count};
  bool hasDef = false;
  for (uint32_t i = 0; i < count; i++) {
    const uint64_t entry = HEADER + 8 + 24 * uint64_t{i};
    const model::Blob part = slice(om, from, at<uint64_t>(om, entry + 16));
    from += part.size;
    switch (at<uint32_t>(om, entry)) {
      case 0:
        file.def = model::readModel(part);
        hasDef = true;
        break;
      case 1: file.weights = part; break;
      case 8: readInoutInfo(part, file); break;
      default: break;
    }
  }
  if (!hasDef || file.def.graphs.empty()) throw std::runtime_error("MODEL_DEF is missing");
  file.workBytes = static_cast<uint64_t>(model::intOf(file.def.attrs, "memory_size", 0));
  return file;
}

}  // namespace

aclError readBundleFile(const std::string &path, BundleFile &bundle) {
  model::Blob file;
  try {
    file = model::mapFile(path);
  } catch (const std::exception &) {
    standin::logLine("ERROR", "GE", "[Get][Path] " + path + " is not a file");
    return NO_FILE;
  }
  if (file.size < HEADER + 8 || file.data[82] != 5) {
    standin::logLine("ERROR", "ASCENDCL", "[Check][Param] not bundle om");
    return INVALID_PARAM;
  }
  try {
    const uint32_t count = at<uint32_t>(file, HEADER);
    uint64_t from = HEADER + 8 + 24 * uint64_t{count};
    for (uint32_t i = 0; i < count; i++) {
      const uint64_t entry = HEADER + 8 + 24 * uint64_t{i};
      const model::Blob part = slice(file, from, at<uint64_t>(file, entry + 16));
      from += part.size;
      const uint32_t type = at<uint32_t>(file, entry);
      // An 8.1 takes every partition for a model, so that bundles of 9.x fail here.
      if (standin::layout() == 81 && part.size < HEADER) throw std::runtime_error("a model has less than 256 bytes");
      if (type == 25) bundle.variableBytes = at<uint64_t>(part, 0);
      if (type == 24 || standin::layout() == 81) bundle.models.push_back(readModelFile(part));
    }
  } catch (const std::exception &error) {
    standin::logLine("ERROR", "ASCENDCL", std::string("[Parse][Bundle] ") + error.what());
    return INVALID_PARAM;
  }
  const std::string soc = standin::setting("STANDIN_CANN_SOC", "");
  for (const ModelFile &one : bundle.models) {
    const std::string made = model::textOf(one.def.attrs, "soc_version");
    if (soc.empty() || made.empty() || made == soc) continue;
    standin::reportError("EE1001", "Invalid_Argument", "ModelCheckCompatibility failed, supported socVersion=" + soc + ", but the model socVersion=" + made + ".", "");
    return GE_FAILURE;
  }
  // The variables of a bundle in layout v1 are where their addresses say; there is room for them all.
  for (const ModelFile &one : bundle.models) {
    for (const auto &graph : one.def.graphs) {
      for (const auto &op : graph.ops) {
        if (op.type != "Variable" || op.outputOffsets.empty()) continue;
        const auto end = static_cast<uint64_t>(op.outputOffsets[0] - 137438953472) + model::bytesOf(op.outputDescs.at(0).dtype, op.outputDescs.at(0).dims);
        if (standin::layout() == 81 || bundle.variableBytes == 0) bundle.variableBytes = std::max(bundle.variableBytes, end + 512);
      }
    }
  }
  return OK;
}

std::map<uint32_t, Bundle> &bundles() {
  static std::map<uint32_t, Bundle> all;
  return all;
}
std::map<uint32_t, Loaded> &loadedModels() {
  static std::map<uint32_t, Loaded> all;
  return all;
}
uint32_t nextId() {
  static uint32_t next = 2147483648U;
  return next++;
}

const ModelFile *modelOf(uint32_t modelId) {
  const auto found = loadedModels().find(modelId);
  return found == loadedModels().end() ? nullptr : &bundles().at(found->second.bundle).file.models.at(found->second.index);
}

aclError geFailure(const std::string &message) {
  standin::logLine("ERROR", "GE", message);
  standin::reportError("E19999", "Inner_Error", message, "");
  return GE_FAILURE;
}

aclError addBundle(const std::string &path, void *variables, size_t variableBytes, bool isManual, uint32_t &bundleId) {
  Bundle bundle;
  if (const aclError status = readBundleFile(path, bundle.file)) return status;
  bundle.isManual = isManual;
  if (variables != nullptr) {
    if (variableBytes < bundle.file.variableBytes) return INVALID_PARAM;
    bundle.variables = variables;
  } else if (bundle.file.variableBytes > 0) {
    bundle.variables = deviceAllocate(bundle.file.variableBytes);
    bundle.ownsVariables = true;
  }
  bundleId = nextId();
  bundles()[bundleId] = std::move(bundle);
  standin::alive("bundle", 1);
  return OK;
}

aclError loadMember(uint32_t bundleId, size_t index, uint32_t &modelId) {
  const auto found = bundles().find(bundleId);
  if (found == bundles().end()) return NO_BUNDLE;
  if (index >= found->second.file.models.size()) return INVALID_PARAM;
  modelId = nextId();
  Loaded loaded;
  loaded.bundle = bundleId;
  loaded.index = index;
  loadedModels()[modelId] = loaded;
  found->second.members.push_back(modelId);
  return OK;
}

aclError unloadBundle(uint32_t bundleId) {
  const auto found = bundles().find(bundleId);
  if (found == bundles().end()) return NO_BUNDLE;
  for (const uint32_t id : found->second.members) loadedModels().erase(id);
  if (found->second.ownsVariables) deviceFree(found->second.variables);
  bundles().erase(found);
  standin::alive("bundle", -1);
  return OK;
}

}  // namespace acl
