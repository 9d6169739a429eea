// aclgrphConvertToWeightRefreshableGraphs of the stand-in. Source: om-format.md §5. Part of libge_compiler.so.
#include "convert.h"

#include <set>

namespace compile {

using model::Desc;
using model::GraphDef;
using model::ModelDef;
using model::Op;

namespace {

Op makeOp(const std::string &name, const std::string &type, std::vector<std::string> inputs, std::vector<Desc> inputDescs, std::vector<Desc> outputDescs) {
  Op op;
  op.name = name;
  op.type = type;
  op.inputs = std::move(inputs);
  op.inputDescs = std::move(inputDescs);
  op.outputDescs = std::move(outputDescs);
  return op;
}

GraphDef graphOf(const std::string &name) {
  GraphDef graph;
  graph.name = name;
  return graph;
}

/** A Variable has one unconnected input, as GE's own conversions do. */
Op variable(const std::string &weight, const Desc &desc) { return makeOp(weight + "_var", "Variable", {""}, {desc}, {desc}); }

Op parentData(const std::string &name, const Desc &desc) {
  Op op = makeOp(name, "Data", {""}, {desc}, {desc});
  op.attrs["_parent_node_index"] = model::attrInt(1);
  return op;
}

void addInit(GraphDef &graph, const Op &constant, const Desc &desc) {
  graph.ops.push_back(variable(constant.name, desc));
  Op copy = constant;
  copy.inputs.clear();
  graph.ops.push_back(copy);
  graph.ops.push_back(makeOp(constant.name + "_assign", "Assign", {constant.name + "_var:0", constant.name + ":0"}, {desc, desc}, {desc}));
}

void addUpdate(ModelDef &model, const std::string &weight, const Desc &desc, int64_t index) {
  const std::string var = weight + "_var";
  Desc unknown = desc;
  unknown.dims = {-2};
  Op data = makeOp(var + "_data", "Data", {""}, {unknown}, {unknown});
  data.attrs["index"] = model::attrInt(index);
  Op branch = makeOp(var + "_if", "If", {var + "_data:0", var + "_data:0"}, {unknown, unknown}, {});
  branch.subgraphs = {var + "_then_graph", var + "_else_graph"};
  GraphDef &root = model.graphs[0];
  root.inputs.push_back(data.name + ":0");
  root.ops.push_back(data);
  root.ops.push_back(branch);
  GraphDef thenGraph = graphOf(var + "_then_graph"), elseGraph = graphOf(var + "_else_graph");
  thenGraph.ops = {variable(weight, desc), parentData(var + "_then_data", desc),
                   makeOp(var + "_then_assign", "Assign", {var + ":0", var + "_then_data:0"}, {desc, desc}, {desc})};
  elseGraph.ops = {parentData(var + "_else_data", desc)};
  model.graphs.push_back(thenGraph);
  model.graphs.push_back(elseGraph);
}

}  // namespace

Split convert(const ModelDef &origin, const std::vector<std::string> &names) {
  if (names.empty()) throw std::string("const_names cannot be empty");
  Split split;
  split.infer = origin;
  split.infer.graphs[0].name = "var_infer_graph";
  split.init.graphs = {graphOf("var_init_graph")};
  split.update.graphs = {graphOf("var_update_graph")};
  std::set<std::string> seen;
  for (size_t i = 0; i < names.size(); i++) {
    const std::string &name = names[i];
    if (!seen.insert(name).second) throw "cannot insert repeat name " + name;
    GraphDef *owner = nullptr;
    Op *constant = nullptr;
    for (auto &graph : split.infer.graphs) {
      Op *found = model::findOp(graph, name);
      if (found != nullptr && found->type == "Const") {
        owner = &graph;
        constant = found;
        break;
      }
    }
    if (constant == nullptr) throw "cannot find const name " + name + " in graph";
    if (!constant->hasValue) throw "const " + name + " has no weight";
    const Desc desc = constant->valueDesc;
    addInit(split.init.graphs[0], *constant, desc);
    addUpdate(split.update, name, desc, static_cast<int64_t>(i));
    const std::string old = name + ":0", now = name + "_var:0";
    *constant = Op();
    owner->ops.erase(owner->ops.begin() + (constant - owner->ops.data()));
    owner->ops.push_back(variable(name, desc));
    for (auto &op : owner->ops) {
      for (auto &input : op.inputs) {
        if (input == old) input = now;
        if (input == name + ":-1") input = name + "_var:-1";
      }
    }
    for (auto &output : owner->outputs) {
      if (output == old) output = now;
    }
  }
  return split;
}

}  // namespace compile
