// aclgrphParseONNX: an ONNX file becomes a graph with the names and quirks of GE's parser. Becomes libfmk_onnx_parser.so.
// Sources: cann-api.md §1.6 and §10; field numbers: onnx.proto.
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <ctime>
#include <set>

#include "ge_types.h"
#include "graph_model.h"
#include "map_check.h"
#include "options.h"
#include "standin.h"

namespace {

using model::Blob;
using model::Desc;
using model::GraphDef;
using model::Op;
using wire::Field;
using wire::Reader;
using wire::Span;

/** An error with the code and the title of its text. */
struct ParseError {
  const char *code, *title;
  std::string message;
};

const std::map<std::string, std::string> PLUGINS = {
    {"MatMul", "BatchMatMulV2"}, {"Gemm", "MatMulV2"}, {"Add", "Add"}, {"Sub", "Sub"}, {"Mul", "Mul"}, {"Div", "RealDiv"},
    {"Max", "Maximum"}, {"Min", "Minimum"}, {"Relu", "Relu"}, {"Identity", "Identity"}, {"Neg", "Neg"}, {"Abs", "Abs"}, {"Exp", "Exp"},
    {"Tanh", "Tanh"}, {"Sigmoid", "Sigmoid"}, {"Conv", "Conv2D"}, {"Softmax", "SoftmaxV2"}, {"Reshape", "Reshape"}, {"Transpose", "Transpose"},
    {"Flatten", "FlattenV2"}, {"Concat", "ConcatV2"}, {"MaxPool", "MaxPoolV3"}, {"AveragePool", "AvgPoolV2"}, {"Clip", "ClipByValue"},
    {"BatchNormalization", "BNInference"}, {"GlobalAveragePool", "GlobalAveragePool"}, {"LRN", "LRN"}, {"Dropout", "Identity"},
    {"Gather", "GatherV2"}, {"Unsqueeze", "Unsqueeze"}, {"Squeeze", "Squeeze"}, {"Cast", "Cast"}, {"Pad", "PadV3"}, {"Shape", "Shape"},
    {"LayerNormalization", "LayerNorm"}, {"LeakyRelu", "LeakyRelu"}, {"Sqrt", "Sqrt"}, {"Pow", "Pow"}, {"ReduceMean", "ReduceMean"}, {"PRelu", "PRelu"},
    {"Sum", "AddN"}, {"Slice", "StridedSliceV2"}, {"Erf", "Erf"}, {"Gelu", "Gelu"}, {"Split", "SplitV"}, {"Where", "Select"}, {"Expand", "Expand"},
    {"ConvTranspose", "Conv2DTransposeD"}, {"Einsum", "Einsum"}, {"Equal", "Equal"}, {"InstanceNormalization", "InstanceNorm"}};

/** TensorProto.DataType to the numbers of ge.proto. */
int protoOfOnnx(int64_t type) {
  constexpr std::pair<int64_t, int> ROWS[] = {{1, 1}, {2, 4}, {3, 3}, {4, 6}, {5, 5}, {6, 7}, {7, 8}, {8, 13}, {9, 11}, {10, 2}, {11, 12}, {12, 9}, {13, 10}, {16, 27}};
  for (const auto &[onnx, proto] : ROWS) {
    if (onnx == type) return proto;
  }
  return 0;
}

struct Tensor {
  std::string name;
  Desc desc;
  Blob data;
  bool isExternal = false;
  std::string location;
  int64_t offset = -1, length = -1;
};

Tensor readTensor(Span bytes, const Blob &file) {
  Tensor tensor;
  tensor.desc.hasShape = true;
  std::vector<int64_t> numbers;
  Field field, part;
  for (Reader r(bytes); r.next(field);) {
    switch (field.number) {
      case 1: wire::addNumbers(field, tensor.desc.dims); break;
      case 2: tensor.desc.dtype = protoOfOnnx(static_cast<int64_t>(field.value)); break;
      case 4: case 10: case 9: tensor.data = {file.owner, field.bytes.data, field.bytes.size}; break;
      case 5: case 7: case 11: wire::addNumbers(field, numbers); break;
      case 8: tensor.name = field.bytes.text(); break;
      case 13: {
        std::string key, value;
        for (Reader e(field.bytes); e.next(part);) (part.number == 1 ? key : value) = part.bytes.text();
        if (key == "location") tensor.location = value;
        if (key == "offset") tensor.offset = atoll(value.c_str());
        if (key == "length") tensor.length = atoll(value.c_str());
        if (key == "checksum") throw ParseError{"E19999", "Inner_Error", "external data of " + tensor.name + " has a checksum"};
        break;
      }
      case 14: tensor.isExternal = field.value == 1; break;
      default: break;
    }
  }
  if (!numbers.empty()) {
    std::string packed;
    const size_t size = static_cast<size_t>(model::bitsOf(tensor.desc.dtype)) / 8;
    for (const int64_t number : numbers) packed.append(reinterpret_cast<const char *>(&number), size);
    tensor.data = model::blobOf(packed);
  }
  return tensor;
}

struct ValueInfo {
  std::string name;
  Desc desc;
};

ValueInfo readValueInfo(Span bytes) {
  ValueInfo info;
  info.desc.dims = {-2};
  Field field, type, tensor, dim, value;
  for (Reader r(bytes); r.next(field);) {
    if (field.number == 1) info.name = field.bytes.text();
    if (field.number != 2) continue;
    for (Reader t(field.bytes); t.next(type);) {
      if (type.number != 1) continue;
      for (Reader s(type.bytes); s.next(tensor);) {
        if (tensor.number == 1) info.desc.dtype = protoOfOnnx(static_cast<int64_t>(tensor.value));
        if (tensor.number != 2) continue;
        info.desc.dims.clear();
        info.desc.hasShape = true;
        for (Reader d(tensor.bytes); d.next(dim);) {
          int64_t size = -1;
          for (Reader v(dim.bytes); v.next(value);) {
            if (value.number == 1) size = static_cast<int64_t>(value.value);
          }
          info.desc.dims.push_back(size);
        }
      }
    }
  }
  return info;
}

struct Attribute {
  int64_t number = 0;
  float real = 0;
  Tensor tensor;
  bool hasTensor = false, hasGraph = false;
};

struct Node {
  std::vector<std::string> inputs, outputs;
  std::string name, type, domain;
  std::map<std::string, Attribute> attributes;
};

Node readNode(Span bytes, const Blob &file) {
  Node node;
  Field field, part;
  for (Reader r(bytes); r.next(field);) {
    switch (field.number) {
      case 1: node.inputs.push_back(field.bytes.text()); break;
      case 2: node.outputs.push_back(field.bytes.text()); break;
      case 3: node.name = field.bytes.text(); break;
      case 4: node.type = field.bytes.text(); break;
      case 5: {
        std::string name;
        Attribute attribute;
        for (Reader a(field.bytes); a.next(part);) {
          if (part.number == 1) name = part.bytes.text();
          if (part.number == 2) memcpy(&attribute.real, part.bytes.data, 4);
          if (part.number == 3) attribute.number = static_cast<int64_t>(part.value);
          if (part.number == 5) {
            attribute.tensor = readTensor(part.bytes, file);
            attribute.hasTensor = true;
          }
          if (part.number == 6) attribute.hasGraph = true;
        }
        node.attributes[name] = attribute;
        break;
      }
      case 7: node.domain = field.bytes.text(); break;
      default: break;
    }
  }
  return node;
}

Desc scalarDesc() {
  Desc desc;
  desc.dtype = 1;
  desc.hasShape = true;
  return desc;
}

std::string attrDtype(int type) {
  std::string out;
  wire::putNumber(out, 15, static_cast<uint64_t>(type));
  return out;
}

/** The descriptor of the output says FLOAT [], whatever the value is: so does GE's. */
Op constant(const std::string &name, const Tensor &tensor, const std::string &folder) {
  Op op;
  op.name = name;
  op.outputDescs = {scalarDesc()};
  if (!tensor.isExternal) {
    op.type = "Const";
    op.hasValue = true;
    op.valueDesc = tensor.desc;
    op.value = tensor.data;
    return op;
  }
  op.type = "FileConstant";
  op.attrs["shape"] = model::attrInts(tensor.desc.dims);
  op.attrs["dtype"] = attrDtype(model::geType(tensor.desc.dtype));
  op.attrs["location"] = model::attrText(folder + tensor.location);
  op.attrs["_ir_attr_names"] = model::attrTexts({"shape", "dtype", "location", "offset", "length"});
  if (tensor.offset >= 0) op.attrs["offset"] = model::attrInt(tensor.offset);
  if (tensor.length >= 0) op.attrs["length"] = model::attrInt(tensor.length);
  return op;
}

class Parser {
 public:
  Parser(const Blob &file, std::string folder, const ge::Options &params) : file_(file), folder_(std::move(folder)), params_(params) {}

  GraphDef parse() {
    Field field;
    Span graph;
    bool hasGraph = false;
    std::vector<std::pair<std::string, int64_t>> opsets;
    for (Reader r(Span{file_.data, file_.size}); r.next(field);) {
      if (field.number == 7 && field.type == 2) {
        graph = field.bytes;
        hasGraph = true;
      }
      if (field.number == 8 && field.type == 2) opsets.push_back(readOpset(field.bytes));
    }
    if (!hasGraph) throw ParseError{"E16004", "Invalid_Model", "The model has no graph."};
    int defaults = 0;
    for (const auto &[domain, version] : opsets) {
      if (!domain.empty() && domain != "ai.onnx") continue;
      opset_ = version;
      defaults++;
    }
    if (defaults > 1) throw ParseError{"E16005", "Invalid_Model", "The model has " + std::to_string(defaults) + " domain_version fields, but only one is allowed."};
    readGraph(graph);
    return build();
  }

 private:
  static std::pair<std::string, int64_t> readOpset(Span bytes) {
    std::pair<std::string, int64_t> out{"", 0};
    Field field;
    for (Reader r(bytes); r.next(field);) {
      if (field.number == 1) out.first = field.bytes.text();
      if (field.number == 2) out.second = static_cast<int64_t>(field.value);
    }
    return out;
  }

  void readGraph(Span bytes) {
    Field field;
    for (Reader r(bytes); r.next(field);) {
      if (field.number == 1) nodes_.push_back(readNode(field.bytes, file_));
      if (field.number == 5) {
        Tensor tensor = readTensor(field.bytes, file_);
        if (!tensor.name.empty()) initializers_[tensor.name] = tensor;
      }
      if (field.number == 11) inputs_.push_back(readValueInfo(field.bytes));
      if (field.number == 12) outputs_.push_back(readValueInfo(field.bytes));
    }
  }

  GraphDef build() {
    GraphDef graph;
    const std::string asked = options::valueOf(params_, "output");
    graph.name = asked.empty() ? "domi_default_" + std::to_string(time(nullptr)) + "_0" : asked;
    int64_t index = 0;
    for (const auto &[name, desc] : inputs_) {
      if (initializers_.count(name) != 0) continue;
      Op op;
      op.name = name;
      op.type = "Data";
      op.inputs = {""};
      op.inputDescs = op.outputDescs = {desc};
      op.attrs["index"] = model::attrInt(index++);
      add(graph, op, {name});
      graph.inputs.push_back(name + ":0");
    }
    if (index == 0 || outputs_.empty()) throw ParseError{"E16001", "Invalid_Model", "The model has no input or output node."};
    size_t rank = 0;
    for (const auto &[name, tensor] : initializers_) add(graph, constant(name + "_Initializer_" + std::to_string(rank++), tensor, folder_), {name});
    int unnamed = 0;
    for (const Node &node : nodes_) {
      const std::string name = node.name.empty() ? node.type + "_" + std::to_string(unnamed++) : node.name;
      add(graph, node.type == "Constant" && node.domain.empty() ? constantNode(name, node) : operation(name, node), node.outputs);
    }
    for (Op &op : graph.ops) {
      for (auto &input : op.inputs) {
        if (!input.empty()) input = edges_.count(input) != 0 ? edges_[input] : throw ParseError{"E19999", "Inner_Error", "tensor " + input + " of node " + op.name + " is not made"};
      }
    }
    Op end;
    end.name = "Node_Output";
    end.type = "NetOutput";
    for (const auto &[name, desc] : outputs_) {
      const std::string edge = edges_.count(name) != 0 ? edges_[name] : throw ParseError{"E16001", "Invalid_Model", "output " + name + " is not made"};
      graph.outputs.push_back(edge);
      end.inputs.push_back(edge);
      end.inputDescs.push_back(scalarDesc());
      const auto [producer, slot] = model::splitEdge(edge);
      Op *op = model::findOp(graph, producer);
      // What the file says of an output is all that is known of an operator without a shape rule.
      if (op->type != "Data" && op->type != "Const") op->outputDescs.at(static_cast<size_t>(slot)) = desc;
      op->outputDescs.at(static_cast<size_t>(slot)).tensorName = name;
    }
    graph.ops.push_back(end);
    options::applyInputShapes(graph, options::valueOf(params_, "input_shape"));
    return graph;
  }

  void add(GraphDef &graph, const Op &op, const std::vector<std::string> &tensors) {
    if (!names_.insert(op.name).second) throw ParseError{"E13009", "Repeated_Operator", "Operators have the same name " + op.name + "."};
    for (size_t i = 0; i < tensors.size(); i++) {
      if (!tensors[i].empty()) edges_[tensors[i]] = op.name + ":" + std::to_string(i);
    }
    graph.ops.push_back(op);
  }

  /** Only the attribute `value` gives bytes; the others give a Const without any, and no error: so does GE. */
  Op constantNode(const std::string &name, const Node &node) {
    const auto value = node.attributes.find("value");
    if (value != node.attributes.end() && value->second.hasTensor) return constant(name, value->second.tensor, folder_);
    Tensor empty;
    empty.desc = scalarDesc();
    return constant(name, empty, folder_);
  }

  Op operation(const std::string &name, const Node &node) {
    const auto plugin = PLUGINS.find(node.type);
    // The plug-ins of the published operator packages are registered for opset 8 and up.
    if (plugin == PLUGINS.end() || opset_ < 8 || (!node.domain.empty() && node.domain != "ai.onnx")) {
      throw ParseError{"E13010", "Unsupported_Operator",
                       "No operator plugin is registered for Op: " + name + ", optype: ai.onnx::" + std::to_string(opset_) + "::" + node.type + "."};
    }
    Op op;
    op.name = name;
    op.type = plugin->second;
    op.inputs = node.inputs;
    op.outputDescs.resize(node.outputs.size(), Desc());
    for (Desc &desc : op.outputDescs) desc.dims = {-2};
    op.inputDescs.resize(node.inputs.size(), scalarDesc());
    const auto flag = [&node](const char *key) { return node.attributes.count(key) != 0 && node.attributes.at(key).number != 0; };
    if (node.type == "MatMul") op.attrs["adj_x1"] = op.attrs["adj_x2"] = model::attrBool(false);
    if (node.type == "Gemm") {
      op.attrs["transpose_x1"] = model::attrBool(flag("transA"));
      op.attrs["transpose_x2"] = model::attrBool(flag("transB"));
    }
    return op;
  }

  Blob file_;
  std::string folder_;
  const ge::Options &params_;
  int64_t opset_ = 0;
  std::vector<Node> nodes_;
  std::map<std::string, Tensor> initializers_;  // in byte order, which is the order of their numbers
  std::vector<ValueInfo> inputs_, outputs_;
  std::map<std::string, std::string> edges_;
  std::set<std::string> names_;
};

ge::graphStatus parse(const Blob &file, const std::string &folder, const ge::Options &params, ge::Graph &graph) {
  try {
    auto impl = std::make_shared<ge::GraphImpl>();
    impl->model.graphs = {Parser(file, folder, params).parse()};
    graph.setImpl(impl);
    return ge::GRAPH_SUCCESS;
  } catch (const ParseError &error) {
    standin::reportError(error.code, error.title, error.message, "");
  } catch (const std::exception &error) {
    standin::reportError("E13005", "File_Parse_Failed", std::string("Failed to parse the file as an ONNX model: ") + error.what() + ".", "Check the file.");
  }
  return ge::GRAPH_FAILED;
}

}  // namespace

namespace ge {

graphStatus aclgrphParseONNX(const char_t *model_file, const std::map<AscendString, AscendString> &parser_params, ge::Graph &graph) {
  standin::Call call("aclgrphParseONNX");
  call.text("file", model_file).json("params", standin::useMap(parser_params));
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  if (model_file == nullptr) return call.done(GRAPH_PARAM_INVALID);
  const graphStatus status = options::checkParser(parser_params);
  if (status != GRAPH_SUCCESS) return call.done(status);
  char real[PATH_MAX];
  if (realpath(model_file, real) == nullptr) {
    standin::reportError("E13026", "File_Path_Invalid", std::string("Pathname ") + model_file + " is invalid. Errno: 2.", "Check the path.");
    return call.done(GRAPH_FAILED);
  }
  const std::string path = real;
  Blob file;
  try {
    file = model::mapFile(path);
  } catch (const std::exception &) {
    standin::reportError("E13001", "File_Open_Failed", "Failed to open file[" + path + "].", "Check the file.");
    return call.done(GRAPH_FAILED);
  }
  if (file.size >= INT_MAX) {
    standin::reportError("E13015", "File_Size_Invalid", "File[" + path + "] is larger than 2 GB.", "Use external data.");
    return call.done(GRAPH_FAILED);
  }
  return call.done(parse(file, path.substr(0, path.rfind('/') + 1), parser_params, graph));
}

graphStatus aclgrphParseONNXFromMem(const char_t *buffer, size_t size, const std::map<AscendString, AscendString> &parser_params, ge::Graph &graph) {
  standin::Call call("aclgrphParseONNXFromMem");
  call.size("bytes", size).json("params", standin::useMap(parser_params));
  if (call.failed()) return call.done(static_cast<graphStatus>(call.status));
  const graphStatus status = options::checkParser(parser_params);
  if (status != GRAPH_SUCCESS) return call.done(status);
  return call.done(parse(model::blobOf(std::string(buffer, static_cast<uint32_t>(size))), "", parser_params, graph));
}

}  // namespace ge
