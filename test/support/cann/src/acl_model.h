// A loaded bundle: its models, their variables. Part of libacl_mdl.so.
#pragma once
#include "acl_types.h"

namespace acl {

struct Port {
  std::string name;
  model::Desc desc;  // dims, and dtype by ge.proto
  uint64_t bytes = 0;
};

/** One model of a bundle, as its file has it. */
struct ModelFile {
  model::ModelDef def;
  model::Blob weights;
  std::vector<Port> inputs, outputs;
  bool isUnknown = false;
  uint32_t gearBlock = 0;
  std::vector<std::vector<int64_t>> gears;
  /** The inputs whose dimensions make up a gear of dimensions, behind each other; others have no part in it. */
  std::vector<std::string> gearOrder;
  uint64_t workBytes = 0;
};

struct BundleFile {
  std::vector<ModelFile> models;
  uint64_t variableBytes = 0;
};

/** Gives OK, or what the real loader answers; then the log says why. */
aclError readBundleFile(const std::string &path, BundleFile &bundle);

struct Bundle {
  BundleFile file;
  /** Device memory of the variables; the caller's own, or ours. */
  void *variables = nullptr;
  bool ownsVariables = false;
  /** Loaded with the calls of 9.0: there are no members until they are loaded one by one. */
  bool isManual = false;
  std::vector<uint32_t> members;
};

struct Loaded {
  uint32_t bundle;
  size_t index;
  /** The caller's memory for constants; must stay alive. */
  const void *weights = nullptr;
  const void *work = nullptr;
  std::vector<int64_t> gear;
};

std::map<uint32_t, Bundle> &bundles();
std::map<uint32_t, Loaded> &loadedModels();
uint32_t nextId();

const ModelFile *modelOf(uint32_t modelId);

/** The text that GE leaves for a failure of its own. */
aclError geFailure(const std::string &message);

aclError addBundle(const std::string &path, void *variables, size_t variableBytes, bool isManual, uint32_t &bundleId);
aclError loadMember(uint32_t bundleId, size_t index, uint32_t &modelId);
aclError unloadBundle(uint32_t bundleId);

/** Runs one model. */
aclError execute(uint32_t modelId, const aclmdlDataset &input, aclmdlDataset &output);

/** Shapes of the outputs for a gear. */
std::vector<model::Desc> outputsForGear(const ModelFile &file, const std::vector<int64_t> &gear);
/** The places of `gearOrder` among the inputs. */
std::vector<size_t> gearedInputs(const ModelFile &file);
/** The dims of an input with a gear's numbers in place of its unknown dimensions. */
std::vector<model::Dims> inputDimsForGear(const ModelFile &file, const std::vector<int64_t> &gear);

}  // namespace acl

struct aclmdlDesc {
  uint32_t modelId = 0;
  bool isFilled = false;
};
