// The aclgrph* calls: what they check, record and answer. Becomes libge_compiler.so. Sources: cann-api.md §1, §10.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "bundle_file.h"
#include "convert.h"
#include "ge_types.h"
#include "map_check.h"
#include "options.h"
#include "standin.h"

namespace ge {

namespace {

bool isUp = false;
std::string socVersion;

graphStatus innerError(const std::string &message, graphStatus status) {
  standin::logLine("ERROR", "GE", message);
  standin::reportError("E19999", "Inner_Error", message, "");
  return status;
}

/** Kinds of gears by their option; the number is the block of MODEL_INOUT_INFO. */
compile::Gears gearsOf(const Options &given) {
  compile::Gears gears;
  constexpr std::pair<const char *, uint32_t> KINDS[] = {{"ge.dynamicBatchSize", 2}, {"ge.dynamicImageSize", 3}, {"ge.dynamicDims", 4}};
  for (const auto &[key, block] : KINDS) {
    const std::string value = options::valueOf(given, key);
    if (value.empty()) continue;
    gears.block = block;
    std::vector<int64_t> row;
    for (size_t at = 0; at <= value.size();) {
      const size_t end = std::min(value.find_first_of(",;", at), value.size());
      row.push_back(strtoll(value.substr(at, end - at).c_str(), nullptr, 10));
      // Batch sizes are separated by commas, groups of dimensions by semicolons.
      if (block == 2 || end == value.size() || value[end] == ';') {
        gears.rows.push_back(row);
        row.clear();
      }
      at = end + 1;
    }
  }
  gears.order = options::namesOfShapes(options::valueOf(given, "input_shape"));
  return gears;
}

void makeFolders(const std::string &path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) mkdir(path.substr(0, at).c_str(), 0755);
}

/** @returns 0 or errno */
int writeFile(const std::string &path, const std::vector<model::Blob> &pieces, bool diskFull) {
  makeFolders(path);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int problem = 0;
  size_t budget = diskFull ? 1024 : SIZE_MAX;
  for (const auto &piece : pieces) {
    for (size_t done = 0; done < piece.size && problem == 0;) {
      const size_t want = std::min({piece.size - done, budget, size_t{1} << 30});
      const ssize_t wrote = want == 0 ? -1 : write(fd, piece.data + done, want);
      if (wrote < 0) {
        problem = want == 0 ? ENOSPC : errno;
        break;
      }
      done += static_cast<size_t>(wrote);
      if (diskFull) budget -= static_cast<size_t>(wrote);
    }
  }
  close(fd);
  return problem;
}

}  // namespace

graphStatus aclgrphBuildInitialize(std::map<AscendString, AscendString> &global_options) {
  standin::Call call("aclgrphBuildInitialize");
  call.json("options", standin::useMap(global_options));
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  // A second call is accepted, and its options are not looked at.
  if (isUp) {
    standin::logLine("WARNING", "GE", "GE has been initialized");
    return call.done(GRAPH_SUCCESS);
  }
  const graphStatus status = options::checkGlobal(global_options);
  if (status != GRAPH_SUCCESS) return call.done(status);
  socVersion = options::valueOf(global_options, "ge.socVersion");
  isUp = true;
  return call.done(GRAPH_SUCCESS);
}

void aclgrphBuildFinalize() {
  standin::Call call("aclgrphBuildFinalize");
  call.failed();
  isUp = false;
  call.done(0);
}

graphStatus aclgrphConvertToWeightRefreshableGraphs(const ge::Graph &origin_graph, const std::vector<AscendString> &const_names,
                                                    WeightRefreshableGraphs &weight_refreshable_graphs) {
  standin::Call call("aclgrphConvertToWeightRefreshableGraphs");
  call.json("constNames", standin::useStrings(const_names));
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (origin_graph.impl() == nullptr || origin_graph.impl()->model.graphs.empty()) return call.done(GRAPH_FAILED);
  std::vector<std::string> names;
  for (const auto &name : const_names) {
    if (name.GetLength() == 0) return call.done(GRAPH_FAILED);
    names.push_back(name.GetString());
  }
  try {
    compile::Split split = compile::convert(origin_graph.impl()->model, names);
    const auto handle = [](model::ModelDef &model) {
      Graph graph(model.graphs[0].name.c_str());
      graph.impl()->model = std::move(model);
      return graph;
    };
    weight_refreshable_graphs.infer_graph = handle(split.infer);
    weight_refreshable_graphs.var_init_graph = handle(split.init);
    weight_refreshable_graphs.var_update_graph = handle(split.update);
    return call.done(GRAPH_SUCCESS);
  } catch (const std::string &reason) {
    standin::logLine("ERROR", "GE", reason);
    return call.done(GRAPH_PARAM_INVALID);
  }
}

graphStatus aclgrphBundleBuildModel(const std::vector<ge::GraphWithOptions> &graph_with_options, ModelBufferData &model) {
  standin::Call call("aclgrphBundleBuildModel");
  const std::vector<ge::GraphWithOptions> graphs = graph_with_options;
  std::string list;
  for (const auto &one : graph_with_options) {
    const std::string name = one.graph.impl() == nullptr ? "" : one.graph.impl()->model.graphs.at(0).name;
    list += (list.empty() ? "" : ",") + std::string("{\"graph\":") + standin::jsonText(name) + ",\"options\":" + standin::useMap(one.build_options) + "}";
  }
  call.json("graphs", "[" + list + "]");
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (graphs.size() < 2) {
    standin::logLine("ERROR", "GE", "graph_with_options size must be greater than 1");
    return call.done(GRAPH_PARAM_INVALID);
  }
  std::vector<compile::Model> models;
  compile::VariableMemory memory;
  for (const auto &[graph, given] : graphs) {
    if (graph.impl() == nullptr) return call.done(GRAPH_FAILED);
    const graphStatus status = options::checkBuild(given);
    if (status != GRAPH_SUCCESS) return call.done(status);
    if (graph.impl()->built) return call.done(innerError("The graph has been built before", GRAPH_FAILED));
    graph.impl()->built = true;
    standin::screenLine("Start compiling " + graph.impl()->model.graphs.at(0).name);
    try {
      options::applyInputShapes(graph.impl()->model.graphs.at(0), options::valueOf(given, "input_shape"));
      models.push_back(compile::compileModel(graph.impl()->model, gearsOf(given), socVersion, memory));
    } catch (const std::exception &error) {
      return call.done(innerError(std::string("[Build][Model] ") + error.what(), GRAPH_FAILED));
    }
  }
  model = compile::bundleOf(models, memory.size);
  call.size("length", model.length);
  return call.done(GRAPH_SUCCESS);
}

graphStatus aclgrphBundleSaveModel(const char_t *output_file, const ModelBufferData &model) {
  standin::Call call("aclgrphBundleSaveModel");
  call.text("file", output_file).size("length", model.length);
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (output_file == nullptr) return call.done(GRAPH_PARAM_INVALID);
  compile::SavedBundle saved;
  try {
    saved = compile::repack(model);
  } catch (const std::exception &error) {
    return call.done(innerError(error.what(), GE_FAILED));
  }
  std::string path = output_file;
  if (saved.isBound) {
    utsname machine{};
    uname(&machine);
    path += std::string("_linux_") + machine.machine;
  }
  if (const std::string *name = call.behaviour("rename")) path = path.substr(0, path.rfind('/') + 1) + *name;
  path += ".om";
  if (call.behaviour("nofile") != nullptr) return call.done(GRAPH_SUCCESS);
  call.text("written", path);
  const int problem = writeFile(path, saved.pieces, call.behaviour("enospc") != nullptr);
  if (problem != 0) {
    standin::reportError("E13004", "File_Write_Failed",
                         "Failed to write file [" + path + "]. [Errno " + std::to_string(problem) + "] " + strerror(problem) + ".", "Check the disk.");
    return call.done(GRAPH_FAILED);
  }
  if (call.behaviour("second") != nullptr) writeFile(path.substr(0, path.rfind('/') + 1) + "second.om", saved.pieces, false);
  return call.done(GRAPH_SUCCESS);
}

graphStatus aclgrphGetIRVersion(int32_t *major_version, int32_t *minor_version, int32_t *patch_version) {
  standin::Call call("aclgrphGetIRVersion");
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  *major_version = 1;
  *minor_version = 0;
  *patch_version = 0;
  return call.done(GRAPH_SUCCESS);
}

graphStatus aclgrphDumpGraph(const ge::Graph &graph, const char_t *file, const size_t len) {
  standin::Call call("aclgrphDumpGraph");
  call.text("file", file).size("len", len);
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (file == nullptr || strlen(file) != len || len > PATH_MAX || !graph.IsValid()) return call.done(GRAPH_PARAM_INVALID);
  return call.done(GRAPH_SUCCESS);
}

graphStatus aclgrphSetOpAttr(Graph &graph, aclgrphAttrType attr_type, const char_t *cfg_path) {
  standin::Call call("aclgrphSetOpAttr");
  call.number("type", attr_type).text("file", cfg_path);
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (!graph.IsValid() || cfg_path == nullptr) return call.done(GRAPH_PARAM_INVALID);
  return call.done(access(cfg_path, R_OK) == 0 ? GRAPH_SUCCESS : GRAPH_FAILED);
}

}  // namespace ge
