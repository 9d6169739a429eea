// The split of a graph into the three of a weight-updatable bundle, and its compilation into models. Part of libge_compiler.so.
#pragma once
#include <string>
#include <vector>

#include "graph_model.h"

namespace compile {

struct Split {
  model::ModelDef infer, init, update;
};

/** @throws std::string with the line for the log, when a name does not fit */
Split convert(const model::ModelDef &origin, const std::vector<std::string> &names);

struct Gears {
  /** Block of MODEL_INOUT_INFO: 2 batch, 3 image size, 4 dimensions. */
  uint32_t block = 0;
  std::vector<std::vector<int64_t>> rows;
  /** The inputs in the order of input_shape: numbers of dimensions are dealt out in it. */
  std::vector<std::string> order;
};

/** Variables that the models of a bundle share. */
struct VariableMemory {
  struct Place {
    uint64_t offset;
    int dtype;
    model::Dims dims;
  };
  std::map<std::string, Place> places;
  uint64_t size = 0;
};

/** A compiled model, in pieces: the constants stay where they are. */
struct Model {
  std::vector<model::Blob> pieces;
  uint64_t size = 0;
};

/** @throws std::runtime_error */
Model compileModel(const model::ModelDef &graph, const Gears &gears, const std::string &soc, VariableMemory &memory);

}  // namespace compile
