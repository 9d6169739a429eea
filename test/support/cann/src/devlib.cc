// What the libraries of `devlib` are: symbols to link against that answer 100039 when they are called.
#include <cstdint>

#include "ge_types.h"

constexpr int32_t STUB = 100039;

extern "C" {
int32_t aclInit(const char *) { return STUB; }
int32_t aclFinalize() { return STUB; }
int32_t aclrtSetDevice(int32_t) { return STUB; }
int32_t aclrtGetDeviceCount(uint32_t *) { return STUB; }
int32_t aclrtGetRunMode(int32_t *) { return STUB; }
int32_t aclmdlBundleLoadFromFile(const char *, uint32_t *) { return STUB; }
const char *aclGetRecentErrMsg() { return nullptr; }
}

namespace ge {
graphStatus aclgrphBuildInitialize(std::map<AscendString, AscendString> &) { return STUB; }
void aclgrphBuildFinalize() {}
graphStatus aclgrphConvertToWeightRefreshableGraphs(const ge::Graph &, const std::vector<AscendString> &, WeightRefreshableGraphs &) { return STUB; }
graphStatus aclgrphBundleBuildModel(const std::vector<ge::GraphWithOptions> &, ModelBufferData &) { return STUB; }
graphStatus aclgrphBundleSaveModel(const char_t *, const ModelBufferData &) { return STUB; }
graphStatus aclgrphParseONNX(const char_t *, const std::map<AscendString, AscendString> &, ge::Graph &) { return STUB; }
AscendString::AscendString(const char_t *) {}
Graph::Graph(const char_t *) {}
graphStatus Graph::LoadFromFile(const char_t *) { return STUB; }
graphStatus Graph::SaveToFile(const char_t *) const { return STUB; }
}  // namespace ge
