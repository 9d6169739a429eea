// AscendString: a handle on a string. Becomes libgraph_base.so.
#include "ge_types.h"

namespace ge {

AscendString::AscendString(const char_t *name) {
  if (name != nullptr) name_ = std::make_shared<std::string>(name);
}

AscendString::AscendString(const char_t *name, size_t length) {
  if (name != nullptr) name_ = std::make_shared<std::string>(name, length);
}

const char_t *AscendString::GetString() const { return name_ == nullptr ? "" : name_->c_str(); }

size_t AscendString::GetLength() const { return name_ == nullptr ? 0 : name_->size(); }

bool AscendString::operator<(const AscendString &d) const {
  if (name_ == nullptr) return d.name_ != nullptr;
  return d.name_ != nullptr && *name_ < *d.name_;
}

bool AscendString::operator==(const AscendString &d) const {
  return GetLength() == d.GetLength() && std::string(GetString()) == d.GetString();
}

}  // namespace ge
