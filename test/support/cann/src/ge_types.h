// The classes that cross GE's border, with the names, sizes and members of its headers. Source: cann-api.md §1.2, §1.3, §7.1.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ge {

using graphStatus = uint32_t;
using char_t = char;
constexpr graphStatus GRAPH_SUCCESS = 0;
constexpr graphStatus GRAPH_FAILED = 0xFFFFFFFF;
constexpr graphStatus GRAPH_PARAM_INVALID = 50331649;
/** What GE 9.2 answered where its own failures leak through. */
constexpr graphStatus GE_FAILED = 0x50100001;

class AscendString {
 public:
  AscendString() = default;
  ~AscendString() = default;
  AscendString(const char_t *name);
  AscendString(const char_t *name, size_t length);
  const char_t *GetString() const;
  size_t GetLength() const;
  bool operator<(const AscendString &d) const;
  bool operator==(const AscendString &d) const;

 private:
  std::shared_ptr<std::string> name_;
};

class GraphImpl;

class Graph {
 public:
  Graph() = default;
  ~Graph() = default;
  explicit Graph(const char_t *name);
  graphStatus LoadFromFile(const char_t *file_name);
  graphStatus LoadFromMem(const uint8_t *data, const size_t len);
  graphStatus LoadFromSerializedModelArray(const void *serialized_model, size_t size);
  graphStatus SaveToFile(const char_t *file_name) const;
  graphStatus GetName(AscendString &name) const;
  bool IsValid() const;

  const std::shared_ptr<GraphImpl> &impl() const { return impl_; }
  void setImpl(std::shared_ptr<GraphImpl> impl) { impl_ = std::move(impl); }

 private:
  std::shared_ptr<GraphImpl> impl_;
};

struct ModelBufferData {
  std::shared_ptr<uint8_t> data = nullptr;
  uint64_t length;
};

struct GraphWithOptions {
  ge::Graph graph;
  std::map<AscendString, AscendString> build_options;
};

struct WeightRefreshableGraphs {
  ge::Graph infer_graph;
  ge::Graph var_init_graph;
  ge::Graph var_update_graph;
};

enum aclgrphAttrType { ATTR_TYPE_KEEP_DTYPE = 0, ATTR_TYPE_WEIGHT_COMPRESS = 1 };

using Options = std::map<AscendString, AscendString>;

static_assert(sizeof(AscendString) == 16 && sizeof(Graph) == 16, "handles are shared pointers");
static_assert(sizeof(ModelBufferData) == 24 && sizeof(GraphWithOptions) == 64 && sizeof(WeightRefreshableGraphs) == 48, "layouts of cann-api.md 7.1");
static_assert(sizeof(Options) == 48 && sizeof(std::vector<AscendString>) == 24, "libstdc++");

graphStatus aclgrphBuildInitialize(std::map<AscendString, AscendString> &global_options);
void aclgrphBuildFinalize();
graphStatus aclgrphConvertToWeightRefreshableGraphs(const ge::Graph &origin_graph, const std::vector<AscendString> &const_names,
                                                    WeightRefreshableGraphs &weight_refreshable_graphs);
graphStatus aclgrphBundleBuildModel(const std::vector<ge::GraphWithOptions> &graph_with_options, ModelBufferData &model);
graphStatus aclgrphBundleSaveModel(const char_t *output_file, const ModelBufferData &model);
graphStatus aclgrphGetIRVersion(int32_t *major_version, int32_t *minor_version, int32_t *patch_version);
graphStatus aclgrphDumpGraph(const ge::Graph &graph, const char_t *file, const size_t len);
graphStatus aclgrphSetOpAttr(Graph &graph, aclgrphAttrType attr_type, const char_t *cfg_path);
graphStatus aclgrphParseONNX(const char_t *model_file, const std::map<AscendString, AscendString> &parser_params, ge::Graph &graph);
graphStatus aclgrphParseONNXFromMem(const char_t *buffer, size_t size, const std::map<AscendString, AscendString> &parser_params, ge::Graph &graph);

}  // namespace ge
