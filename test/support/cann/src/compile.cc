// Turns a graph into a single `.om` as GE lays it out; kernels and tasks are placeholders. Source: om-format.md §1, §3, §4.
#include <algorithm>
#include <cstring>

#include "convert.h"
#include "op_rules.h"
#include "standin.h"

namespace compile {

using model::Blob;
using model::Desc;
using model::Dims;
using model::GraphDef;
using model::ModelDef;
using model::Op;

namespace {

constexpr uint64_t ALIGN = 512;
constexpr int64_t VARIABLE_BASE = 137438953472;

uint64_t alignUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }
uint64_t paddedBytes(uint64_t bytes) { return alignUp(bytes, 32) + 32; }

void put32(std::string &out, uint32_t value) { out.append(reinterpret_cast<const char *>(&value), 4); }
void put64(std::string &out, uint64_t value) { out.append(reinterpret_cast<const char *>(&value), 8); }

/** Places each Const in WEIGHTS_DATA, equal bytes in one place, and takes its bytes out of the graph. */
std::vector<Blob> placeConstants(ModelDef &model, uint64_t &size) {
  struct Place {
    Blob bytes;
    uint64_t offset;
  };
  std::vector<Place> places;
  std::vector<Blob> pieces = {model::blobOf(std::string(ALIGN, '\0'))};
  uint64_t end = ALIGN;
  for (auto &graph : model.graphs) {
    for (auto &op : graph.ops) {
      if (op.type != "Const" || !op.hasValue) continue;
      if (model::isStatic(op.valueDesc.dims) && op.value.size != model::bytesOf(op.valueDesc.dtype, op.valueDesc.dims)) {
        standin::violation("Const " + op.name + " has " + std::to_string(op.value.size) + " bytes; its shape needs " +
                           std::to_string(model::bytesOf(op.valueDesc.dtype, op.valueDesc.dims)));
      }
      const auto same = std::find_if(places.begin(), places.end(), [&op](const Place &place) {
        return place.bytes.size == op.value.size && (op.value.size == 0 || memcmp(place.bytes.data, op.value.data, op.value.size) == 0);
      });
      op.valueDesc.weightSize = static_cast<int64_t>(op.value.size);
      op.valueDesc.dataOffset = static_cast<int64_t>(same == places.end() ? end : same->offset);
      if (same == places.end()) {
        places.push_back({op.value, end});
        const uint64_t room = alignUp(op.value.size, ALIGN);
        pieces.push_back(op.value);
        pieces.push_back(model::blobOf(std::string(room - op.value.size, '\0')));
        end += room;
      }
      op.value = Blob();
    }
  }
  pieces.push_back(model::blobOf(std::string(ALIGN, '\0')));
  size = end + ALIGN;
  return pieces;
}

void placeVariables(ModelDef &model, VariableMemory &memory) {
  for (auto &graph : model.graphs) {
    for (auto &op : graph.ops) {
      if (op.type != "Variable") continue;
      const Desc &desc = op.outputDescs.at(0);
      const auto [found, isNew] = memory.places.insert({op.name, {memory.size, desc.dtype, desc.dims}});
      if (isNew) memory.size += alignUp(paddedBytes(model::bytesOf(desc.dtype, desc.dims)), ALIGN) + 1024;
      if (found->second.dtype != desc.dtype || found->second.dims != desc.dims) {
        throw std::runtime_error("variable " + op.name + " differs between the graphs");
      }
      op.outputOffsets = {VARIABLE_BASE + static_cast<int64_t>(found->second.offset)};
    }
  }
}

struct Port {
  std::string name;
  Desc desc;
  uint64_t bytes;
};

/** Adds what GE's build adds: a NetOutput, and names for the outputs. */
std::vector<Port> closeGraph(GraphDef &root) {
  Op *end = nullptr;
  for (auto &op : root.ops) {
    if (op.type == "NetOutput") end = &op;
  }
  if (end == nullptr) {
    Op added;
    added.name = "Node_Output";
    added.type = "NetOutput";
    added.inputs = root.outputs;
    if (added.inputs.empty()) {
      for (const auto &op : root.ops) {
        if (op.type == "Assign" || op.type == "If") added.inputs.push_back(op.name + ":-1");
      }
    }
    root.ops.push_back(added);
    end = &root.ops.back();
  }
  std::vector<Port> outputs;
  end->inputDescs.clear();
  end->srcNames.clear();
  end->srcIndices.clear();
  const std::vector<std::string> edges = end->inputs;
  const std::string name = end->name;
  for (const auto &edge : edges) {
    const auto [producer, index] = model::splitEdge(edge);
    if (index < 0) continue;
    const Op *source = model::findOp(root, producer);
    if (source == nullptr) throw std::runtime_error("an output takes " + edge + ", which no operator makes");
    const Desc desc = static_cast<size_t>(index) < source->outputDescs.size() ? source->outputDescs[static_cast<size_t>(index)] : Desc();
    end->inputDescs.push_back(desc);
    end->srcNames.push_back(producer);
    end->srcIndices.push_back(index);
    const std::string place = producer + "_" + std::to_string(index);
    outputs.push_back({desc.tensorName.empty() ? "output_" + std::to_string(outputs.size()) + "_" + place : producer + ":" + std::to_string(index) + ":" + desc.tensorName,
                       desc, 0});
  }
  root.outputs.clear();
  return outputs;
}

std::vector<Port> inputsOf(const GraphDef &root) {
  std::vector<std::pair<int64_t, Port>> found;
  for (const auto &op : root.ops) {
    if (op.type == "Data") found.push_back({model::intOf(op.attrs, "index", 0), {op.name, op.outputDescs.at(0), 0}});
  }
  std::stable_sort(found.begin(), found.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
  std::vector<Port> out;
  for (auto &[index, port] : found) out.push_back(port);
  return out;
}

std::string inoutInfo(const std::vector<Port> &inputs, const std::vector<Port> &outputs, const Gears &gears) {
  std::string out;
  const auto block = [&out](uint32_t type, const std::string &content) {
    put32(out, type);
    put32(out, static_cast<uint32_t>(content.size()));
    out += content;
  };
  const auto tensors = [&block](uint32_t type, const std::vector<Port> &ports) {
    if (ports.empty()) return;
    std::string content;
    put32(content, static_cast<uint32_t>(ports.size()));
    for (const Port &port : ports) {
      const uint32_t dims = static_cast<uint32_t>(port.desc.dims.size() * 8);
      put64(content, port.bytes);
      put32(content, 2);
      put32(content, static_cast<uint32_t>(model::geType(port.desc.dtype)));
      put32(content, static_cast<uint32_t>(port.name.size()));
      put32(content, dims);
      put32(content, dims);
      put32(content, 0);
      content += port.name;
      for (int twice = 0; twice < 2; twice++) {
        for (const int64_t dim : port.desc.dims) put64(content, static_cast<uint64_t>(dim));
      }
    }
    block(type, content);
  };
  tensors(0, inputs);
  tensors(1, outputs);
  if (gears.rows.empty()) return out;
  std::string content;
  put32(content, static_cast<uint32_t>(gears.rows.size()));
  if (gears.block != 2) {
    for (const auto &row : gears.rows) put32(content, static_cast<uint32_t>(row.size()));
  }
  for (const auto &row : gears.rows) {
    for (const int64_t dim : row) put64(content, static_cast<uint64_t>(dim));
  }
  block(gears.block, content);
  content.clear();
  put32(content, static_cast<uint32_t>(gears.order.size()));
  for (const auto &name : gears.order) put32(content, static_cast<uint32_t>(name.size()));
  for (const auto &name : gears.order) content += name;
  if (!gears.order.empty()) block(6, content);
  return out;
}

/** With gears of dimensions the inputs of input_shape in its order, else all. */
std::vector<std::string> gearedInputs(const std::vector<Port> &inputs, const Gears &gears) {
  if (gears.block == 4) return gears.order;
  std::vector<std::string> names;
  for (const Port &input : inputs) names.push_back(input.name);
  return names;
}

/** The largest shapes of inputs and outputs of a model with gears: every unknown dimension in turn takes a number of a gear. */
void sizeByGears(GraphDef root, const Gears &gears, std::vector<Port> &inputs, std::vector<Port> &outputs) {
  for (const auto &row : gears.rows) {
    GraphDef sized = root;
    size_t next = 0;
    for (const auto &name : gearedInputs(inputs, gears)) {
      Op *op = model::findOp(sized, name);
      if (op == nullptr) continue;
      for (int64_t &dim : op->outputDescs[0].dims) {
        // One batch size is the first dimension of every input; other gears have a number for each unknown dimension.
        if (dim < 0) dim = row.at(gears.block == 4 ? next++ : gears.block == 3 ? next++ % 2 : 0);
      }
    }
    for (const Port &input : inputs) {
      if (!model::isStatic(model::findOp(sized, input.name)->outputDescs[0].dims)) {
        throw std::runtime_error("data:" + input.name + " must be set in --input_shape");
      }
    }
    rules::inferGraph(sized);
    for (Port &input : inputs) {
      const Desc &desc = model::findOp(sized, input.name)->outputDescs[0];
      input.bytes = std::max(input.bytes, model::bytesOf(desc.dtype, desc.dims));
    }
    std::vector<Port> ends = closeGraph(sized);
    for (size_t i = 0; i < ends.size(); i++) {
      if (model::isStatic(ends[i].desc.dims)) outputs[i].bytes = std::max(outputs[i].bytes, model::bytesOf(ends[i].desc.dtype, ends[i].desc.dims));
    }
  }
}

std::string partitionTable(const std::vector<std::pair<uint32_t, uint64_t>> &partitions) {
  std::string table;
  put32(table, static_cast<uint32_t>(partitions.size()));
  put32(table, 0);
  uint64_t offset = 0;
  for (const auto &[type, size] : partitions) {
    put32(table, type);
    put32(table, 0);
    put64(table, offset);
    put64(table, size);
    offset += size;
  }
  return table;
}

std::string header(const std::string &name, uint64_t bodyBytes, bool isUnknown) {
  std::string out(256, '\0');
  const auto at32 = [&out](size_t at, uint32_t value) { memcpy(&out[at], &value, 4); };
  at32(0, 0x444F4D49);
  at32(4, 256);
  at32(8, 0x20000000);
  memcpy(&out[84], name.data(), std::min<size_t>(name.size(), 31));
  at32(152, 2);
  at32(156, 1);
  memcpy(&out[160], "1.11.z.0", 8);
  out[180] = 1;
  memcpy(&out[184], &bodyBytes, 8);
  out[193] = isUnknown ? 1 : 0;
  return out;
}

std::string kernelItem(const std::string &name) {
  std::string out;
  const std::string binary = "\x7f" "ELF placeholder";
  put32(out, 0x5D776EFD);
  put32(out, static_cast<uint32_t>(name.size()));
  put32(out, static_cast<uint32_t>(binary.size()));
  return out + name + binary;
}

std::string taskInfo(uint64_t memoryBytes, uint64_t weightBytes) {
  std::string out, task;
  wire::putNumber(task, 1, 0);
  wire::putText(out, 10, task);
  wire::putNumber(out, 11, memoryBytes);
  wire::putNumber(out, 12, 1);
  wire::putNumber(out, 14, weightBytes);
  return out;
}

}  // namespace

Model compileModel(const ModelDef &graph, const Gears &gears, const std::string &soc, VariableMemory &memory) {
  ModelDef compiled = graph;
  GraphDef &root = compiled.graphs[0];
  for (auto &part : compiled.graphs) rules::inferGraph(part);
  placeVariables(compiled, memory);
  std::vector<Port> outputs = closeGraph(root);
  std::vector<Port> inputs = inputsOf(root);
  const auto isDynamic = [](const Port &port) { return !model::isStatic(port.desc.dims); };
  const bool hasGears = !gears.rows.empty();
  const bool isUnknown = !hasGears && (std::any_of(inputs.begin(), inputs.end(), isDynamic) || std::any_of(outputs.begin(), outputs.end(), isDynamic));
  for (auto *ports : {&inputs, &outputs}) {
    for (Port &port : *ports) port.bytes = isDynamic(port) ? 0 : model::bytesOf(port.desc.dtype, port.desc.dims);
  }
  if (hasGears) {
    sizeByGears(root, gears, inputs, outputs);
    Op choice;
    choice.name = "ascend_mbatch_shape_data";
    choice.type = "Data";
    choice.inputs = {""};
    Desc desc;
    desc.dtype = 8;
    desc.dims = {static_cast<int64_t>(gears.rows[0].size())};
    choice.inputDescs = choice.outputDescs = {desc};
    choice.attrs["index"] = model::attrInt(static_cast<int64_t>(inputs.size()));
    root.ops.push_back(choice);
    inputs.push_back({choice.name, desc, model::bytesOf(desc.dtype, desc.dims)});
  }
  root.inputs.clear();
  for (const Port &input : inputs) root.inputs.push_back(input.name + ":0");
  uint64_t weightBytes = 0;
  const std::vector<Blob> weights = placeConstants(compiled, weightBytes);
  std::vector<std::string> outputNames;
  uint64_t workBytes = isUnknown ? 0 : 512;
  for (const Port &output : outputs) {
    outputNames.push_back(output.name);
    if (!isUnknown) workBytes += alignUp(paddedBytes(output.bytes), ALIGN);
  }
  compiled.name = root.name;
  compiled.version = 2;
  compiled.customVersion = "1.11.z.0";
  compiled.attrs.clear();
  compiled.attrs["attr_model_out_nodes_name"] = model::attrTexts(outputNames);
  compiled.attrs["memory_size"] = model::attrInt(static_cast<int64_t>(workBytes));
  compiled.attrs["weight_size"] = model::attrInt(static_cast<int64_t>(weightBytes));
  compiled.attrs["soc_version"] = model::attrText(soc);
  compiled.attrs["task_gen_variable_addr"] = model::attrInt(VARIABLE_BASE);
  compiled.attrs["variable_size"] = model::attrInt(int64_t{5} << 30);
  compiled.attrs["opp_version"] = model::attrText(standin::layout() == 81 ? "8.1.RC1" : "9.2.0");

  const std::string info = inoutInfo(inputs, outputs, gears), def = model::writeModel(compiled), kernels = kernelItem(root.name + "_kernel"),
                    tasks = taskInfo(workBytes, weightBytes);
  std::vector<std::pair<uint32_t, uint64_t>> partitions;
  if (!info.empty()) partitions.push_back({8, info.size()});
  partitions.push_back({0, def.size()});
  partitions.push_back({1, weightBytes});
  partitions.push_back({3, kernels.size()});
  partitions.push_back({2, tasks.size()});
  const std::string table = partitionTable(partitions);
  Model out;
  const uint64_t body = table.size() + info.size() + def.size() + weightBytes + kernels.size() + tasks.size();
  out.pieces = {model::blobOf(header(root.name, body, isUnknown) + table + info + def)};
  out.pieces.insert(out.pieces.end(), weights.begin(), weights.end());
  out.pieces.push_back(model::blobOf(kernels + tasks));
  for (const Blob &piece : out.pieces) out.size += piece.size;
  return out;
}

}  // namespace compile
