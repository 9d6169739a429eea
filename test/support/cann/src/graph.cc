// ge::Graph: a handle on a graph that came from a graph file. Part of libgraph.so.
#include <sys/stat.h>

#include <climits>
#include <cstdio>
#include <cstdlib>

#include "ge_types.h"
#include "graph_model.h"
#include "standin.h"

namespace ge {

namespace {

/** GE adds the folder of the graph file to the location, even to an absolute one; without `length` it reads nothing. */
void fillExternal(model::ModelDef &model, const std::string &folder) {
  for (auto &graph : model.graphs) {
    for (auto &op : graph.ops) {
      if (op.type != "Const" || op.value.size > 0) continue;
      const std::string location = model::textOf(op.attrs, "location");
      const int64_t length = model::intOf(op.attrs, "length", 0);
      if (location.empty() || length == 0) continue;
      op.value = model::mapFile(folder + location);
      if (op.value.size != static_cast<size_t>(length)) throw std::runtime_error(location + " does not have " + std::to_string(length) + " bytes");
      op.attrs.erase("location");
      op.attrs.erase("length");
    }
  }
}

graphStatus load(std::shared_ptr<GraphImpl> &impl, const model::Blob &blob, const std::string &folder) {
  try {
    auto loaded = std::make_shared<GraphImpl>();
    loaded->model = model::readModel(blob);
    if (loaded->model.graphs.empty()) throw std::runtime_error("no graph");
    fillExternal(loaded->model, folder);
    impl = loaded;
    return GRAPH_SUCCESS;
  } catch (const std::exception &error) {
    standin::logLine("ERROR", "GE", std::string("[Load][Graph] ") + error.what());
    return GRAPH_FAILED;
  }
}

}  // namespace

Graph::Graph(const char_t *name) {
  impl_ = std::make_shared<GraphImpl>();
  model::GraphDef root;
  root.name = name == nullptr ? "" : name;
  impl_->model.graphs.push_back(root);
  standin::Call("Graph::Graph").text("name", name).done(0);
}

graphStatus Graph::LoadFromFile(const char_t *file_name) {
  standin::Call call("Graph::LoadFromFile");
  call.text("file", file_name);
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (file_name == nullptr) return call.done(GRAPH_PARAM_INVALID);
  model::Blob blob;
  try {
    blob = model::mapFile(file_name);
  } catch (const std::exception &error) {
    standin::reportError("E13001", "File_Open_Failed", std::string("Failed to open file[") + file_name + "]. Errno: 2.", "Check the path.");
    return call.done(GRAPH_FAILED);
  }
  call.size("bytes", blob.size);
  if (blob.size > INT_MAX - size_t{8}) {
    standin::logLine("ERROR", "GE", "the graph file is too large");
    return call.done(GE_FAILED);
  }
  const std::string path = file_name;
  const size_t slash = path.rfind('/');
  return call.done(load(impl_, blob, slash == std::string::npos ? "" : path.substr(0, slash + 1)));
}

graphStatus Graph::LoadFromMem(const uint8_t *data, const size_t len) {
  standin::Call call("Graph::LoadFromMem");
  call.size("bytes", len);
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (data == nullptr || len == 0) return call.done(GRAPH_PARAM_INVALID);
  if (len > INT_MAX) return call.done(GE_FAILED);
  if (len > INT_MAX - size_t{8}) abort();
  return call.done(load(impl_, model::blobOf(std::string(reinterpret_cast<const char *>(data), len)), ""));
}

graphStatus Graph::LoadFromSerializedModelArray(const void *serialized_model, size_t size) {
  return LoadFromMem(static_cast<const uint8_t *>(serialized_model), size);
}

graphStatus Graph::SaveToFile(const char_t *file_name) const {
  standin::Call call("Graph::SaveToFile");
  call.text("file", file_name);
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (file_name == nullptr || impl_ == nullptr) return call.done(GRAPH_PARAM_INVALID);
  const std::string bytes = model::writeModel(impl_->model);
  FILE *file = fopen(file_name, "wb");
  if (file == nullptr) return call.done(GRAPH_FAILED);
  const bool ok = fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  fclose(file);
  chmod(file_name, 0400);
  return call.done(ok ? GRAPH_SUCCESS : GRAPH_FAILED);
}

graphStatus Graph::GetName(AscendString &name) const {
  if (impl_ == nullptr) return GRAPH_FAILED;
  name = AscendString(impl_->model.graphs.at(0).name.c_str());
  return GRAPH_SUCCESS;
}

bool Graph::IsValid() const { return impl_ != nullptr && !impl_->model.graphs.at(0).ops.empty(); }

}  // namespace ge
