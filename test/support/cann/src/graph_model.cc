// Reading and writing of ge.proto.ModelDef for the stand-in. Part of libgraph.so.
#include "graph_model.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace model {

using wire::Field;
using wire::Reader;
using wire::Span;

Blob mapFile(const std::string &path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("cannot open " + path);
  struct stat facts {};
  fstat(fd, &facts);
  const size_t size = static_cast<size_t>(facts.st_size);
  void *data = size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (data == MAP_FAILED) throw std::runtime_error("cannot map " + path);
  return {std::shared_ptr<const void>(data, [size](const void *p) { if (p) munmap(const_cast<void *>(p), size); }), static_cast<const uint8_t *>(data), size};
}

Blob blobOf(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  return {owner, reinterpret_cast<const uint8_t *>(owner->data()), owner->size()};
}

namespace {

/** A map entry: key 1, value 2. */
std::pair<std::string, Span> entry(Span bytes) {
  std::pair<std::string, Span> out;
  Field field;
  for (Reader r(bytes); r.next(field);) {
    if (field.number == 1) out.first = field.bytes.text();
    if (field.number == 2) out.second = field.bytes;
  }
  return out;
}

void readValue(Op &op, Span attr, const Blob &whole) {
  Field field, part;
  for (Reader r(attr); r.next(field);) {
    if (field.number != 12) continue;
    op.hasValue = true;
    for (Reader t(field.bytes); t.next(part);) {
      if (part.number == 1) op.valueDesc = readDesc(part.bytes);
      if (part.number == 2) op.value = {whole.owner, part.bytes.data, part.bytes.size};
    }
  }
}

Op readOp(Span bytes, const Blob &whole) {
  Op op;
  Field field;
  for (Reader r(bytes); r.next(field);) {
    switch (field.number) {
      case 1: op.name = field.bytes.text(); break;
      case 2: op.type = field.bytes.text(); break;
      case 5: op.inputs.push_back(field.bytes.text()); break;
      case 10: {
        const auto [key, value] = entry(field.bytes);
        if (key == "value") readValue(op, value, whole);
        if (key != "value" || !op.hasValue) op.attrs[key] = value.text();
        break;
      }
      case 24: op.srcNames.push_back(field.bytes.text()); break;
      case 25: wire::addNumbers(field, op.srcIndices); break;
      case 29: wire::addNumbers(field, op.outputOffsets); break;
      case 33: op.inputDescs.push_back(readDesc(field.bytes)); break;
      case 34: op.outputDescs.push_back(readDesc(field.bytes)); break;
      case 35: op.subgraphs.push_back(field.bytes.text()); break;
      default: break;
    }
  }
  return op;
}

GraphDef readGraph(Span bytes, const Blob &whole) {
  GraphDef graph;
  Field field;
  for (Reader r(bytes); r.next(field);) {
    switch (field.number) {
      case 1: graph.name = field.bytes.text(); break;
      case 4: graph.inputs.push_back(field.bytes.text()); break;
      case 5: graph.outputs.push_back(field.bytes.text()); break;
      case 6: graph.ops.push_back(readOp(field.bytes, whole)); break;
      default: break;
    }
  }
  return graph;
}

void putAttr(std::string &out, uint32_t number, const std::string &key, const std::string &value) {
  std::string entry;
  wire::putText(entry, 1, key);
  wire::putText(entry, 2, value);
  wire::putText(out, number, entry);
}

void putOp(std::string &out, const Op &op) {
  wire::putText(out, 1, op.name);
  wire::putText(out, 2, op.type);
  for (const auto &input : op.inputs) wire::putText(out, 5, input);
  for (const auto &[key, value] : op.attrs) putAttr(out, 10, key, value);
  if (op.hasValue) {
    std::string tensor, attr;
    wire::putText(tensor, 1, writeDesc(op.valueDesc));
    if (op.value.size > 0) wire::putBytes(tensor, 2, op.value.data, op.value.size);
    wire::putText(attr, 12, tensor);
    putAttr(out, 10, "value", attr);
  }
  for (const auto &name : op.srcNames) wire::putText(out, 24, name);
  wire::putPacked(out, 25, op.srcIndices);
  wire::putPacked(out, 29, op.outputOffsets);
  for (const auto &desc : op.inputDescs) wire::putText(out, 33, writeDesc(desc));
  for (const auto &desc : op.outputDescs) wire::putText(out, 34, writeDesc(desc));
  for (const auto &name : op.subgraphs) wire::putText(out, 35, name);
}

}  // namespace

Desc readDesc(Span bytes) {
  Desc desc;
  Field field, part;
  for (Reader r(bytes); r.next(field);) {
    if (field.number == 2) desc.dtype = static_cast<int>(field.value);
    if (field.number == 3) {
      desc.hasShape = true;
      for (Reader s(field.bytes); s.next(part);) {
        if (part.number == 1) wire::addNumbers(part, desc.dims);
      }
    }
    if (field.number == 4) desc.layout = field.bytes.text();
    if (field.number == 11) desc.weightSize = static_cast<int64_t>(field.value);
    if (field.number == 18) desc.dataOffset = static_cast<int64_t>(field.value);
    if (field.number == 5) {
      const auto [key, value] = entry(field.bytes);
      if (key != "_origin_output_tensor_name") continue;
      for (Reader a(value); a.next(part);) {
        if (part.number == 2) desc.tensorName = part.bytes.text();
      }
    }
  }
  return desc;
}

std::string writeDesc(const Desc &desc) {
  std::string out, shape;
  wire::putNumber(out, 2, static_cast<uint64_t>(desc.dtype));
  wire::putPacked(shape, 1, desc.dims);
  wire::putText(out, 3, shape);
  wire::putText(out, 4, desc.layout);
  if (!desc.tensorName.empty()) putAttr(out, 5, "_origin_output_tensor_name", attrText(desc.tensorName));
  if (desc.weightSize != 0) {
    wire::putNumber(out, 11, static_cast<uint64_t>(desc.weightSize));
    wire::putNumber(out, 18, static_cast<uint64_t>(desc.dataOffset));
  }
  return out;
}

ModelDef readModel(const Blob &blob) {
  ModelDef model;
  Field field;
  for (Reader r(Span{blob.data, blob.size}); r.next(field);) {
    switch (field.number) {
      case 1: model.name = field.bytes.text(); break;
      case 2: model.version = field.value; break;
      case 3: model.customVersion = field.bytes.text(); break;
      case 7: model.graphs.push_back(readGraph(field.bytes, blob)); break;
      case 11: {
        const auto [key, value] = entry(field.bytes);
        model.attrs[key] = value.text();
        break;
      }
      default: break;
    }
  }
  return model;
}

std::string writeModel(const ModelDef &model) {
  std::string out;
  if (!model.name.empty()) wire::putText(out, 1, model.name);
  if (model.version != 0) wire::putNumber(out, 2, model.version);
  if (!model.customVersion.empty()) wire::putText(out, 3, model.customVersion);
  for (const auto &graph : model.graphs) {
    std::string body;
    wire::putText(body, 1, graph.name);
    for (const auto &input : graph.inputs) wire::putText(body, 4, input);
    for (const auto &output : graph.outputs) wire::putText(body, 5, output);
    for (const auto &op : graph.ops) {
      std::string inner;
      putOp(inner, op);
      wire::putText(body, 6, inner);
    }
    wire::putText(out, 7, body);
  }
  for (const auto &[key, value] : model.attrs) putAttr(out, 11, key, value);
  return out;
}

Op *findOp(GraphDef &graph, const std::string &name) {
  for (auto &op : graph.ops) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

std::string attrInt(int64_t value) {
  std::string out;
  wire::putNumber(out, 3, static_cast<uint64_t>(value));
  return out;
}
std::string attrText(const std::string &value) {
  std::string out;
  wire::putText(out, 2, value);
  return out;
}
std::string attrBool(bool value) {
  std::string out;
  wire::putNumber(out, 5, value ? 1 : 0);
  return out;
}
std::string attrInts(const std::vector<int64_t> &values) {
  std::string list, out;
  wire::putPacked(list, 3, values);
  wire::putNumber(list, 20, 2);
  wire::putText(out, 1, list);
  return out;
}
std::string attrTexts(const std::vector<std::string> &values) {
  std::string list, out;
  for (const auto &value : values) wire::putText(list, 2, value);
  wire::putNumber(list, 20, 1);
  wire::putText(out, 1, list);
  return out;
}

namespace {
bool findField(const Attrs &attrs, const char *name, uint32_t number, Field &field) {
  const auto found = attrs.find(name);
  if (found == attrs.end()) return false;
  for (Reader r(wire::spanOf(found->second)); r.next(field);) {
    if (field.number == number) return true;
  }
  return false;
}
}  // namespace

int64_t intOf(const Attrs &attrs, const char *name, int64_t fallback) {
  Field field;
  return findField(attrs, name, 3, field) ? static_cast<int64_t>(field.value) : fallback;
}
std::string textOf(const Attrs &attrs, const char *name) {
  Field field;
  return findField(attrs, name, 2, field) ? field.bytes.text() : "";
}
bool boolOf(const Attrs &attrs, const char *name) {
  Field field;
  return findField(attrs, name, 5, field) && field.value != 0;
}
std::vector<int64_t> intsOf(const Attrs &attrs, const char *name) {
  std::vector<int64_t> out;
  Field field, part;
  if (!findField(attrs, name, 1, field)) return out;
  for (Reader r(field.bytes); r.next(part);) {
    if (part.number == 3) wire::addNumbers(part, out);
  }
  return out;
}

namespace {
struct TypeRow {
  int ge, proto, bits;
};
constexpr TypeRow TYPES[] = {{0, 1, 32},   {1, 2, 16},   {2, 3, 8},    {3, 7, 32},   {4, 4, 8},    {6, 5, 16},   {7, 6, 16},  {8, 9, 32},
                             {9, 8, 64},   {10, 10, 64}, {11, 12, 64}, {12, 11, 8},  {16, 16, 64}, {17, 17, 128}, {27, 27, 16}, {28, 0, 0},
                             {29, 28, 4},  {30, 29, 1},  {33, 32, 32}, {34, 33, 8},  {35, 34, 8},  {36, 35, 8},  {37, 36, 8}};
}  // namespace

int bitsOf(int dtype) {
  for (const auto &row : TYPES) {
    if (row.proto == dtype) return row.bits;
  }
  return 0;
}
int geType(int dtype) {
  for (const auto &row : TYPES) {
    if (row.proto == dtype) return row.ge;
  }
  return 28;
}
int protoType(int type) {
  for (const auto &row : TYPES) {
    if (row.ge == type) return row.proto;
  }
  return 0;
}

bool isStatic(const Dims &dims) {
  for (const int64_t dim : dims) {
    if (dim < 0) return false;
  }
  return true;
}

uint64_t bytesOf(int dtype, const Dims &dims) {
  uint64_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<uint64_t>(dim);
  return (count * static_cast<uint64_t>(bitsOf(dtype)) + 7) / 8;
}

std::pair<std::string, int> splitEdge(const std::string &edge) {
  const size_t colon = edge.rfind(':');
  if (colon == std::string::npos) return {edge, 0};
  return {edge.substr(0, colon), atoi(edge.c_str() + colon + 1)};
}

}  // namespace model
