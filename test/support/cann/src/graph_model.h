// A graph in memory: what the stand-in reads of a ge.proto.ModelDef and writes again. Field numbers: om-format.md §3.1.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wire.h"

namespace model {

/** Bytes that someone keeps: a piece of a mapped file or of a string. */
struct Blob {
  std::shared_ptr<const void> owner;
  const uint8_t *data = nullptr;
  size_t size = 0;
};

/** @throws std::runtime_error */
Blob mapFile(const std::string &path);
Blob blobOf(std::string text);

using Dims = std::vector<int64_t>;
using Attrs = std::map<std::string, std::string>;  // to encoded AttrDefs

/** A TensorDescriptor, read. `dtype` has the numbers of ge.proto. */
struct Desc {
  int dtype = 0;
  Dims dims;
  std::string layout = "ND";
  /** `_origin_output_tensor_name`, which the ONNX parser leaves. */
  std::string tensorName;
  int64_t dataOffset = 0;
  int64_t weightSize = 0;
  bool hasShape = false;
};

Desc readDesc(wire::Span bytes);
std::string writeDesc(const Desc &desc);

struct Op {
  std::string name, type;
  std::vector<std::string> inputs;
  Attrs attrs;
  /** Of a Const: attribute `value`. */
  bool hasValue = false;
  Desc valueDesc;
  Blob value;
  std::vector<Desc> inputDescs, outputDescs;
  std::vector<std::string> subgraphs;
  std::vector<std::string> srcNames;
  std::vector<int64_t> srcIndices, outputOffsets;
};

struct GraphDef {
  std::string name;
  std::vector<std::string> inputs, outputs;
  std::vector<Op> ops;
};

struct ModelDef {
  std::string name;
  uint64_t version = 0;
  std::string customVersion;
  std::vector<GraphDef> graphs;  // the root first
  Attrs attrs;
};

/** @param blob is kept where values of constants point into it. @throws std::runtime_error */
ModelDef readModel(const Blob &blob);
std::string writeModel(const ModelDef &model);

Op *findOp(GraphDef &graph, const std::string &name);

// AttrDefs of one number, text, …
std::string attrInt(int64_t value);
std::string attrText(const std::string &value);
std::string attrBool(bool value);
std::string attrInts(const std::vector<int64_t> &values);
std::string attrTexts(const std::vector<std::string> &values);
int64_t intOf(const Attrs &attrs, const char *name, int64_t fallback);
std::string textOf(const Attrs &attrs, const char *name);
bool boolOf(const Attrs &attrs, const char *name);
std::vector<int64_t> intsOf(const Attrs &attrs, const char *name);

/** Bits of an element by ge.proto's number; 0 for what has no size. */
int bitsOf(int dtype);
/** ge::DataType by ge.proto's number, and back. */
int geType(int protoType);
int protoType(int geType);
bool isStatic(const Dims &dims);
/** Packed bytes of a static shape. */
uint64_t bytesOf(int dtype, const Dims &dims);

/** Splits `name:index` at the last colon. */
std::pair<std::string, int> splitEdge(const std::string &edge);

}  // namespace model

namespace ge {
class GraphImpl {
 public:
  model::ModelDef model;
  /** A graph object can be compiled once. */
  bool built = false;
};
}  // namespace ge
