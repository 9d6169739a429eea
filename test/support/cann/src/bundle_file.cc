// The bundle around compiled models. Part of libge_compiler.so.
#include "bundle_file.h"

#include <cstring>

#include "standin.h"

namespace compile {

namespace {

constexpr uint64_t HEADER = 256;

template <typename T>
T at(const uint8_t *data, uint64_t offset) {
  T value;
  memcpy(&value, data + offset, sizeof value);
  return value;
}

template <typename T>
void set(std::string &out, uint64_t offset, T value) {
  memcpy(&out[offset], &value, sizeof value);
}

/** Header, table and, in v2, the size of variable memory. */
std::string bundleHead(const std::vector<uint64_t> &sizes, bool isV2, uint64_t variableBytes) {
  const uint64_t entries = sizes.size() + (isV2 ? 1 : 0), table = 8 + 24 * entries;
  std::string out(HEADER + table + (isV2 ? 8 : 0), '\0');
  uint64_t total = out.size();
  for (const uint64_t size : sizes) total += size;
  out[82] = 5;
  set<uint32_t>(out, 156, static_cast<uint32_t>(sizes.size()));
  set<uint64_t>(out, 184, total);
  set<uint32_t>(out, HEADER, static_cast<uint32_t>(entries));
  uint64_t entry = HEADER + 8, offset = table;
  const auto add = [&](uint32_t type, uint64_t size) {
    set<uint32_t>(out, entry, type);
    set<uint64_t>(out, entry + 8, offset);
    set<uint64_t>(out, entry + 16, size);
    entry += 24;
    offset += size;
  };
  if (isV2) {
    add(25, 8);
    set<uint64_t>(out, HEADER + table, variableBytes);
  }
  for (const uint64_t size : sizes) add(24, size);
  return out;
}

/** The model again with SO_BINS in front, as the saving call adds it. */
std::vector<model::Blob> withHostLibraries(const model::Blob &om) {
  std::string item;
  const auto put32 = [&item](uint32_t value) { item.append(reinterpret_cast<const char *>(&value), 4); };
  const std::string name = "libopmaster.so", vendor = "builtin", binary(4096, '\0');
  put32(1);
  put32(0x5D776EFD);
  const uint16_t shorts[2] = {static_cast<uint16_t>(name.size()), 1};
  item.append(reinterpret_cast<const char *>(shorts), 4);
  put32(static_cast<uint32_t>(vendor.size()));
  put32(static_cast<uint32_t>(binary.size()));
  item += name + vendor + binary;
  const uint32_t count = at<uint32_t>(om.data, HEADER);
  const uint64_t body = HEADER + 8 + 24 * uint64_t{count};
  std::string head(reinterpret_cast<const char *>(om.data), body);
  std::string first(24, '\0');
  set<uint32_t>(first, 0, 5);
  set<uint64_t>(first, 16, item.size());
  head.insert(HEADER + 8, first);
  set<uint32_t>(head, HEADER, count + 1);
  for (uint32_t i = 1; i <= count; i++) {
    const uint64_t entry = HEADER + 8 + 24 * uint64_t{i};
    set<uint64_t>(head, entry + 8, at<uint64_t>(reinterpret_cast<const uint8_t *>(head.data()), entry + 8) + item.size());
  }
  head[192] = 1;
  set<uint64_t>(head, 184, om.size - HEADER + 24 + item.size());
  return {model::blobOf(head + item), {om.owner, om.data + body, om.size - body}};
}

}  // namespace

ge::ModelBufferData bundleOf(const std::vector<Model> &models, uint64_t variableBytes) {
  const std::string asked = standin::setting("STANDIN_CANN_BUNDLE", standin::layout() == 81 ? "v1" : "v2");
  std::vector<uint64_t> sizes;
  for (const Model &one : models) sizes.push_back(one.size);
  const std::string head = bundleHead(sizes, asked == "v2", variableBytes);
  ge::ModelBufferData buffer;
  buffer.length = at<uint64_t>(reinterpret_cast<const uint8_t *>(head.data()), 184);
  buffer.data = std::shared_ptr<uint8_t>(new uint8_t[buffer.length], std::default_delete<uint8_t[]>());
  uint8_t *to = buffer.data.get();
  const auto add = [&to](const void *data, size_t size) {
    if (size > 0) memcpy(to, data, size);
    to += size;
  };
  add(head.data(), head.size());
  for (const Model &one : models) {
    for (const auto &piece : one.pieces) add(piece.data, piece.size);
  }
  return buffer;
}

SavedBundle repack(const ge::ModelBufferData &buffer) {
  const uint8_t *data = buffer.data.get();
  if (data == nullptr || buffer.length < HEADER + 8) throw std::runtime_error("Bundle model len is invalid");
  if (data[82] != 5) throw std::runtime_error("not bundle om");
  // A save rewrites the header of its buffer, so that a second one meets this.
  if (at<uint64_t>(data, 184) != buffer.length) throw std::runtime_error("Bundle model len is invalid");
  const uint64_t entries = at<uint32_t>(data, HEADER);
  uint64_t from = HEADER + 8 + 24 * entries, variableBytes = 0;
  if (from > buffer.length) throw std::runtime_error("Bundle model len is invalid");
  SavedBundle saved;
  std::vector<uint64_t> sizes;
  std::vector<model::Blob> pieces;
  bool isV2 = false;
  for (uint64_t i = 0; i < entries; i++) {
    const uint64_t entry = HEADER + 8 + 24 * i, size = at<uint64_t>(data, entry + 16);
    if (size > buffer.length - from) throw std::runtime_error("Bundle model len is invalid");
    if (at<uint32_t>(data, entry) == 25) {
      isV2 = true;
      variableBytes = at<uint64_t>(data, from);
    } else {
      const model::Blob om{buffer.data, data + from, size};
      const bool isUnknown = om.data[193] == 1;
      const std::vector<model::Blob> parts = isUnknown ? withHostLibraries(om) : std::vector<model::Blob>{om};
      saved.isBound = saved.isBound || isUnknown;
      sizes.push_back(0);
      for (const auto &part : parts) {
        sizes.back() += part.size;
        pieces.push_back(part);
      }
    }
    from += size;
  }
  saved.pieces = {model::blobOf(bundleHead(sizes, isV2, variableBytes))};
  saved.pieces.insert(saved.pieces.end(), pieces.begin(), pieces.end());
  memset(const_cast<uint8_t *>(data) + 184, 0, 8);
  return saved;
}

}  // namespace compile
