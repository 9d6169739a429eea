// Which options GE accepts, and what it answers to the others. Sources: cann-api.md §2, §10. Becomes libge_common.so.
#pragma once
#include "ge_types.h"
#include "graph_model.h"

namespace options {

/** @returns GRAPH_SUCCESS, or the status with which GE refuses; then the text and the log say why as GE does */
ge::graphStatus checkGlobal(const ge::Options &options);
ge::graphStatus checkBuild(const ge::Options &options);
ge::graphStatus checkParser(const ge::Options &options);

std::string valueOf(const ge::Options &options, const char *key);

/** `name:1,3,8;other:2` into the shapes of Data nodes. @throws std::runtime_error */
void applyInputShapes(model::GraphDef &root, const std::string &shapes);

/** The names in such a list, in its order. */
std::vector<std::string> namesOfShapes(const std::string &shapes);

}  // namespace options
