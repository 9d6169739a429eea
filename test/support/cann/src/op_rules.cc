// Shapes and values of the few operators that the stand-in knows. Part of libgraph.so.
#include "op_rules.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

namespace rules {

using model::Desc;
using model::Dims;
using model::Op;

namespace {

const std::map<std::string, float (*)(float, float)> BINARY = {
    {"Add", [](float a, float b) { return a + b; }},     {"Sub", [](float a, float b) { return a - b; }},
    {"Mul", [](float a, float b) { return a * b; }},     {"RealDiv", [](float a, float b) { return a / b; }},
    {"Maximum", [](float a, float b) { return std::max(a, b); }}, {"Minimum", [](float a, float b) { return std::min(a, b); }},
    {"BiasAdd", [](float a, float b) { return a + b; }},
};
const std::map<std::string, float (*)(float)> UNARY = {
    {"Relu", [](float a) { return std::max(a, 0.0F); }}, {"Identity", [](float a) { return a; }},
    {"Neg", [](float a) { return -a; }},                 {"Abs", [](float a) { return std::fabs(a); }},
    {"Exp", [](float a) { return std::exp(a); }},        {"Tanh", [](float a) { return std::tanh(a); }},
    {"Sigmoid", [](float a) { return 1.0F / (1.0F + std::exp(-a)); }},
};
const std::set<std::string> MATMUL = {"MatMul", "MatMulV2", "BatchMatMul", "BatchMatMulV2"};

bool broadcast(const Dims &a, const Dims &b, Dims &out) {
  const size_t rank = std::max(a.size(), b.size());
  out.assign(rank, 1);
  for (size_t i = 0; i < rank; i++) {
    const int64_t x = i < rank - a.size() ? 1 : a[i - (rank - a.size())];
    const int64_t y = i < rank - b.size() ? 1 : b[i - (rank - b.size())];
    if (x != y && x != 1 && y != 1 && x >= 0 && y >= 0) return false;
    out[i] = x == 1 ? y : y == 1 ? x : std::max(x, y);
  }
  return true;
}

bool transposed(const Op &op, int side) {
  const std::string number = std::to_string(side);
  return model::boolOf(op.attrs, ("transpose_x" + number).c_str()) || model::boolOf(op.attrs, ("adj_x" + number).c_str());
}

struct Product {
  int64_t rows, inner, columns;
  Dims leading;
};

bool productOf(const Op &op, const Dims &a, const Dims &b, Product &out) {
  if (a.size() < 2 || b.size() < 2) return false;
  const auto side = [](const Dims &dims, bool swap) {
    const int64_t rows = dims[dims.size() - 2], columns = dims.back();
    return swap ? std::pair(columns, rows) : std::pair(rows, columns);
  };
  const auto [rows, inner] = side(a, transposed(op, 1));
  const auto [other, columns] = side(b, transposed(op, 2));
  if (inner != other && inner >= 0 && other >= 0) return false;
  out.rows = rows;
  out.inner = inner;
  out.columns = columns;
  return broadcast(Dims(a.begin(), a.end() - 2), Dims(b.begin(), b.end() - 2), out.leading);
}

Desc unknownDesc() {
  Desc desc;
  desc.dims = {-2};
  return desc;
}

[[noreturn]] void fail(const Op &op, const std::string &why) { throw std::runtime_error("[" + op.name + "] (" + op.type + ") " + why); }

}  // namespace

bool inferDesc(const Op &op, const std::vector<Desc> &inputs, Desc &output) {
  if (op.type == "Const") {
    output = op.valueDesc;
    output.dataOffset = output.weightSize = 0;
    return true;
  }
  if (BINARY.count(op.type) != 0 && inputs.size() == 2) {
    output.dtype = inputs[0].dtype;
    if (!broadcast(inputs[0].dims, inputs[1].dims, output.dims)) fail(op, "inputs do not broadcast");
  } else if (UNARY.count(op.type) != 0 && inputs.size() == 1) {
    output.dtype = inputs[0].dtype;
    output.dims = inputs[0].dims;
  } else if (MATMUL.count(op.type) != 0 && inputs.size() >= 2) {
    Product product;
    if (!productOf(op, inputs[0].dims, inputs[1].dims, product)) fail(op, "inputs do not multiply");
    output.dtype = inputs[0].dtype;
    output.dims = product.leading;
    output.dims.push_back(product.rows);
    output.dims.push_back(product.columns);
  } else {
    return false;
  }
  output.hasShape = true;
  return true;
}

std::vector<size_t> inferGraph(model::GraphDef &graph) {
  std::map<std::string, size_t> byName;
  for (size_t i = 0; i < graph.ops.size(); i++) byName[graph.ops[i].name] = i;
  std::vector<size_t> order;
  std::vector<int> state(graph.ops.size(), 0);
  const std::function<void(size_t)> visit = [&](size_t at) {
    Op &op = graph.ops[at];
    if (state[at] == 2) return;
    if (state[at] == 1) fail(op, "is part of a cycle");
    state[at] = 1;
    std::vector<Desc> inputs;
    for (size_t slot = 0; slot < op.inputs.size(); slot++) {
      if (op.inputs[slot].empty()) continue;
      const auto [producer, index] = model::splitEdge(op.inputs[slot]);
      const auto found = byName.find(producer);
      if (found == byName.end()) fail(op, "takes " + op.inputs[slot] + ", which no operator makes");
      visit(found->second);
      if (index < 0) continue;
      const auto &descs = graph.ops[found->second].outputDescs;
      const Desc desc = static_cast<size_t>(index) < descs.size() ? descs[static_cast<size_t>(index)] : unknownDesc();
      inputs.push_back(desc);
      if (op.type == "If" || op.type == "Assign") continue;
      if (op.inputDescs.size() <= slot) op.inputDescs.resize(slot + 1);
      const std::string name = op.inputDescs[slot].tensorName;
      op.inputDescs[slot] = desc;
      op.inputDescs[slot].tensorName = name;
    }
    Desc output = op.outputDescs.empty() ? Desc() : op.outputDescs[0];
    if (inferDesc(op, inputs, output)) {
      if (op.outputDescs.empty()) op.outputDescs.resize(1);
      op.outputDescs[0] = output;
    }
    state[at] = 2;
    order.push_back(at);
  };
  for (size_t i = 0; i < graph.ops.size(); i++) visit(i);
  return order;
}

namespace {

float fromHalf(uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  return sign * (exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24) : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25));
}

uint16_t toHalf(float value) {
  if (std::isnan(value)) return 0x7e00;
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float size = std::fabs(value);
  if (size >= 65520.0F) return sign | 0x7c00;
  if (size < 6.103515625e-5F) return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(size, 24)));
  int exponent = 0;
  const float fraction = std::frexp(size, &exponent);
  const int rounded = static_cast<int>(std::nearbyint(std::ldexp(fraction, 11)));
  return static_cast<uint16_t>(sign | (((exponent + 14) << 10) + (rounded - 1024)));
}

template <typename T>
void read(std::vector<float> &out, const uint8_t *data) {
  for (size_t i = 0; i < out.size(); i++) {
    T item;
    memcpy(&item, data + i * sizeof(T), sizeof(T));
    out[i] = static_cast<float>(item);
  }
}

template <typename T>
void write(const std::vector<float> &in, uint8_t *data, size_t room) {
  for (size_t i = 0; i < in.size() && (i + 1) * sizeof(T) <= room; i++) {
    const T item = static_cast<T>(in[i]);
    memcpy(data + i * sizeof(T), &item, sizeof(T));
  }
}

}  // namespace

Value valueOf(const Desc &desc, const uint8_t *data, size_t size) {
  Value value{desc, {}};
  uint64_t count = 1;
  for (const int64_t dim : desc.dims) count *= static_cast<uint64_t>(dim);
  if (model::bytesOf(desc.dtype, desc.dims) > size) throw std::runtime_error("a tensor has fewer bytes than its shape");
  value.numbers.resize(count);
  switch (desc.dtype) {
    case 1: read<float>(value.numbers, data); break;
    case 2: {
      for (size_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, data + 2 * i, 2);
        value.numbers[i] = fromHalf(bits);
      }
      break;
    }
    case 3: read<int8_t>(value.numbers, data); break;
    case 7: read<int32_t>(value.numbers, data); break;
    case 8: read<int64_t>(value.numbers, data); break;
    case 12: read<double>(value.numbers, data); break;
    default: throw std::runtime_error("dtype " + std::to_string(desc.dtype) + " has no arithmetic in the stand-in");
  }
  return value;
}

void writeValue(const Value &value, uint8_t *data, size_t room) {
  switch (value.desc.dtype) {
    case 1: return write<float>(value.numbers, data, room);
    case 2: {
      for (size_t i = 0; i < value.numbers.size() && 2 * i + 2 <= room; i++) {
        const uint16_t bits = toHalf(value.numbers[i]);
        memcpy(data + 2 * i, &bits, 2);
      }
      return;
    }
    case 3: return write<int8_t>(value.numbers, data, room);
    case 7: return write<int32_t>(value.numbers, data, room);
    case 8: return write<int64_t>(value.numbers, data, room);
    case 12: return write<double>(value.numbers, data, room);
    default: throw std::runtime_error("dtype " + std::to_string(value.desc.dtype) + " has no arithmetic in the stand-in");
  }
}

namespace {

/** The element of a broadcast operand that element `index` of the result takes. */
size_t operandIndex(size_t index, const Dims &result, const Dims &operand) {
  size_t at = 0, stride = 1;
  for (size_t i = result.size(); i-- > 0;) {
    const size_t position = index % static_cast<size_t>(result[i]);
    index /= static_cast<size_t>(result[i]);
    const size_t missing = result.size() - operand.size();
    if (i < missing) continue;
    if (operand[i - missing] != 1) at += position * stride;
    stride *= static_cast<size_t>(operand[i - missing]);
  }
  return at;
}

Value combine(const Value &a, const Value &b, float (*apply)(float, float), const Desc &desc) {
  Value out{desc, {}};
  size_t count = 1;
  for (const int64_t dim : desc.dims) count *= static_cast<size_t>(dim);
  out.numbers.resize(count);
  for (size_t i = 0; i < count; i++) {
    out.numbers[i] = apply(a.numbers[operandIndex(i, desc.dims, a.desc.dims)], b.numbers[operandIndex(i, desc.dims, b.desc.dims)]);
  }
  return out;
}

Value multiply(const Op &op, const Value &a, const Value &b, const Desc &desc) {
  Product product;
  productOf(op, a.desc.dims, b.desc.dims, product);
  const size_t rows = static_cast<size_t>(product.rows), inner = static_cast<size_t>(product.inner), columns = static_cast<size_t>(product.columns);
  size_t groups = 1;
  for (const int64_t dim : product.leading) groups *= static_cast<size_t>(dim);
  Value out{desc, std::vector<float>(groups * rows * columns)};
  const bool swapA = transposed(op, 1), swapB = transposed(op, 2);
  for (size_t g = 0; g < groups; g++) {
    const float *x = a.numbers.data() + operandIndex(g, product.leading, Dims(a.desc.dims.begin(), a.desc.dims.end() - 2)) * rows * inner;
    const float *y = b.numbers.data() + operandIndex(g, product.leading, Dims(b.desc.dims.begin(), b.desc.dims.end() - 2)) * inner * columns;
    for (size_t r = 0; r < rows; r++) {
      for (size_t c = 0; c < columns; c++) {
        float sum = 0;
        for (size_t k = 0; k < inner; k++) sum += (swapA ? x[k * rows + r] : x[r * inner + k]) * (swapB ? y[c * inner + k] : y[k * columns + c]);
        out.numbers[(g * rows + r) * columns + c] = sum;
      }
    }
  }
  return out;
}

}  // namespace

Value compute(const Op &op, const std::vector<const Value *> &inputs) {
  std::vector<Desc> descs;
  for (const Value *input : inputs) descs.push_back(input->desc);
  Desc desc;
  if (!inferDesc(op, descs, desc)) fail(op, "is not computed by the stand-in");
  if (const auto found = BINARY.find(op.type); found != BINARY.end()) return combine(*inputs[0], *inputs[1], found->second, desc);
  if (const auto found = UNARY.find(op.type); found != UNARY.end()) {
    Value out{desc, inputs[0]->numbers};
    for (float &number : out.numbers) number = found->second(number);
    return out;
  }
  Value out = multiply(op, *inputs[0], *inputs[1], desc);
  if (inputs.size() == 2) return out;
  return combine(out, *inputs[2], BINARY.at("Add"), desc);
}

}  // namespace rules
