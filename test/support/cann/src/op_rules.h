// The few operators whose shapes the stand-in infers and which it computes, in float32 arithmetic. Part of libgraph.so.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "graph_model.h"

namespace rules {

/** False where the stand-in does not know the operator; then what the file says counts. */
bool inferDesc(const model::Op &op, const std::vector<model::Desc> &inputs, model::Desc &output);

/** Fills `outputDescs[0]` and `inputDescs` of every operator, in execution order; gives that order. @throws std::runtime_error on a missing producer or a cycle */
std::vector<size_t> inferGraph(model::GraphDef &graph);

struct Value {
  model::Desc desc;
  std::vector<float> numbers;
};

/** @throws std::runtime_error for a dtype without arithmetic here */
Value valueOf(const model::Desc &desc, const uint8_t *data, size_t size);
/** @param room what the target can hold; what does not fit is not written */
void writeValue(const Value &value, uint8_t *data, size_t room);

/** @throws std::runtime_error for an operator that the stand-in does not compute */
Value compute(const model::Op &op, const std::vector<const Value *> &inputs);

}  // namespace rules
