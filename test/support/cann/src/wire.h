// A walker over protobuf's wire format and the few writers that the stand-in needs. Malformed bytes throw.
#pragma once
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace wire {

struct Span {
  const uint8_t *data = nullptr;
  size_t size = 0;
  std::string text() const { return std::string(reinterpret_cast<const char *>(data), size); }
};

inline Span spanOf(const std::string &text) { return {reinterpret_cast<const uint8_t *>(text.data()), text.size()}; }

struct Field {
  uint32_t number = 0;
  uint32_t type = 0;
  uint64_t value = 0;
  Span bytes;
  /** Tag and all, to copy a field as it is. */
  Span whole;
};

class Reader {
 public:
  explicit Reader(Span span) : at_(span.data), end_(span.data + span.size) {}

  bool next(Field &field) {
    if (at_ == end_) return false;
    const uint8_t *start = at_;
    const uint64_t tag = varint();
    field = Field();
    field.number = static_cast<uint32_t>(tag >> 3);
    field.type = static_cast<uint32_t>(tag & 7);
    if (field.number == 0) fail();
    switch (field.type) {
      case 0: field.value = varint(); break;
      case 1: field.bytes = take(8); break;
      case 2: field.bytes = take(varint()); break;
      case 5: field.bytes = take(4); break;
      default: fail();
    }
    field.whole = {start, static_cast<size_t>(at_ - start)};
    return true;
  }

  bool more() const { return at_ != end_; }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) fail();
      const uint8_t byte = *at_++;
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail();
  }

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("malformed protobuf"); }
  Span take(uint64_t size) {
    if (size > static_cast<uint64_t>(end_ - at_)) fail();
    const Span span{at_, static_cast<size_t>(size)};
    at_ += size;
    return span;
  }
  const uint8_t *at_;
  const uint8_t *end_;
};

/** A repeated number, packed or not. */
inline void addNumbers(const Field &field, std::vector<int64_t> &to) {
  if (field.type != 2) {
    to.push_back(static_cast<int64_t>(field.value));
    return;
  }
  for (Reader packed(field.bytes); packed.more();) to.push_back(static_cast<int64_t>(packed.varint()));
}

inline void putVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
inline void putNumber(std::string &out, uint32_t number, uint64_t value) {
  putVarint(out, static_cast<uint64_t>(number) << 3);
  putVarint(out, value);
}
inline void putHead(std::string &out, uint32_t number, uint64_t size) {
  putVarint(out, static_cast<uint64_t>(number) << 3 | 2);
  putVarint(out, size);
}
inline void putBytes(std::string &out, uint32_t number, const void *data, size_t size) {
  putHead(out, number, size);
  out.append(static_cast<const char *>(data), size);
}
inline void putText(std::string &out, uint32_t number, const std::string &text) { putBytes(out, number, text.data(), text.size()); }
inline void putPacked(std::string &out, uint32_t number, const std::vector<int64_t> &values) {
  if (values.empty()) return;
  std::string packed;
  for (const int64_t value : values) putVarint(packed, static_cast<uint64_t>(value));
  putText(out, number, packed);
}

}  // namespace wire
