// A C++ program that builds a bundle as cann-api.md §1.4 has it, compiled with the classes and linked to the libraries:
// what a caller without foreign-function tricks gets. `drive <graph file | model.onnx> <output without .om> <const>...`,
// options as `key=value` before the first argument: `-g` for Initialize, `-b` for the inference graph, `-u FILE` for an
// update graph in place of GE's, `-n` for a bundle without the init graph.
#include <cstdio>
#include <cstring>
#include <string>

#include "ge_types.h"

extern "C" const char *aclGetRecentErrMsg();

namespace {

int fail(const char *what, ge::graphStatus status) {
  const char *text = aclGetRecentErrMsg();
  fprintf(stderr, "%s: %u\n%s", what, status, text == nullptr ? "" : text);
  return 1;
}

void put(ge::Options &options, const char *text) {
  const std::string all = text;
  const size_t equals = all.find('=');
  options[ge::AscendString(all.substr(0, equals).c_str())] = ge::AscendString(all.substr(equals + 1).c_str());
}

}  // namespace

int main(int argc, char **argv) {
  ge::Options globals, inference;
  std::string updateFile;
  bool withInit = true;
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; at++) {
    if (strcmp(argv[at], "-n") == 0) {
      withInit = false;
      continue;
    }
    const char *value = argv[at + 1];
    if (strcmp(argv[at], "-g") == 0) put(globals, value);
    if (strcmp(argv[at], "-b") == 0) put(inference, value);
    if (strcmp(argv[at], "-u") == 0) updateFile = value;
    at++;
  }
  if (argc - at < 3) return 2;
  const std::string source = argv[at], output = argv[at + 1];
  std::vector<ge::AscendString> names;
  for (int i = at + 2; i < argc; i++) names.push_back(ge::AscendString(argv[i]));
  ge::graphStatus status = ge::aclgrphBuildInitialize(globals);
  if (status != ge::GRAPH_SUCCESS) return fail("Initialize", status);
  ge::Graph graph("origin");
  const bool isOnnx = source.size() > 5 && source.substr(source.size() - 5) == ".onnx";
  status = isOnnx ? ge::aclgrphParseONNX(source.c_str(), {}, graph) : graph.LoadFromFile(source.c_str());
  if (status != ge::GRAPH_SUCCESS) return fail("Load", status);
  if (isOnnx && strcmp(argv[at + 2], "-") == 0) {
    status = graph.SaveToFile(output.c_str());
    return status == ge::GRAPH_SUCCESS ? 0 : fail("SaveToFile", status);
  }
  ge::WeightRefreshableGraphs parts;
  status = ge::aclgrphConvertToWeightRefreshableGraphs(graph, names, parts);
  if (status != ge::GRAPH_SUCCESS) return fail("Convert", status);
  if (!updateFile.empty()) {
    parts.var_update_graph = ge::Graph("update");
    status = parts.var_update_graph.LoadFromFile(updateFile.c_str());
    if (status != ge::GRAPH_SUCCESS) return fail("Load update", status);
  }
  std::vector<ge::GraphWithOptions> list;
  list.push_back({parts.infer_graph, inference});
  if (withInit) list.push_back({parts.var_init_graph, {}});
  list.push_back({parts.var_update_graph, {}});
  ge::ModelBufferData model;
  status = ge::aclgrphBundleBuildModel(list, model);
  if (status != ge::GRAPH_SUCCESS) return fail("BundleBuild", status);
  status = ge::aclgrphBundleSaveModel(output.c_str(), model);
  if (status != ge::GRAPH_SUCCESS) return fail("BundleSave", status);
  ge::aclgrphBuildFinalize();
  return 0;
}
