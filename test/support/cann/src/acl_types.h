// What AscendCL's objects are in the stand-in, and what its parts share. Sources: cann-api.md §3, §10.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "graph_model.h"
#include "standin.h"

using aclError = int32_t;

namespace acl {

constexpr aclError OK = 0;
constexpr aclError INVALID_PARAM = 100000;
constexpr aclError UNINITIALIZED = 100001;
constexpr aclError REPEAT_INITIALIZE = 100002;
constexpr aclError REPEAT_FINALIZE = 100037;
constexpr aclError NO_FILE = 145002;
constexpr aclError NO_MODEL = 145003;
constexpr aclError BAD_GEAR_LENGTH = 145012;
constexpr aclError BAD_GEAR = 145013;
constexpr aclError NO_BUNDLE = 148053;
constexpr aclError NOT_SUPPORTED = 200001;
constexpr aclError GE_FAILURE = 500002;
constexpr aclError BAD_DEVICE = 107001;
constexpr aclError NO_CONTEXT = 107002;
constexpr aclError BAD_ARGUMENT = 107000;

/** Process state: what must have been called before. Gives OK, or what the real one answers. */
aclError ready();
bool isHostMode();

/** Handles of one kind that are alive; anything else is a violation. */
class Handles {
 public:
  explicit Handles(const char *kind) : kind_(kind) {}
  template <typename T>
  T *add(T *handle) {
    alive_.insert(handle);
    standin::alive(kind_, 1);
    return handle;
  }
  bool has(const void *handle, const char *call) const {
    if (alive_.count(handle) != 0) return true;
    standin::violation(std::string(call) + ": this is no " + kind_ + " that is alive");
    return false;
  }
  bool remove(const void *handle, const char *call) {
    if (!has(handle, call)) return false;
    alive_.erase(handle);
    standin::alive(kind_, -1);
    return true;
  }

 private:
  const char *kind_;
  std::set<const void *> alive_;
};

/** Device memory: in host mode our own side of it cannot be read through the address that the caller has. */
void *deviceAllocate(size_t size);
bool deviceFree(void *address);
/** Where the bytes really are; null, with a violation, unless all of them are in one live allocation. */
uint8_t *deviceBytes(const void *address, size_t size, const char *call);
bool isDevice(const void *address);

Handles &dataBuffers();

}  // namespace acl

struct aclDataBuffer {
  void *data;
  size_t size;
};

struct aclTensorDesc {
  int32_t dataType;
  std::vector<int64_t> dims;
  int32_t format;
};

struct aclmdlIODims {
  char name[128];
  size_t dimCount;
  int64_t dims[128];
};
static_assert(sizeof(aclmdlIODims) == 1160, "cann-api.md 3.2");
struct aclmdlBatch {
  size_t batchCount;
  uint64_t batch[128];
};
struct aclmdlHW {
  size_t hwCount;
  uint64_t hw[128][2];
};
static_assert(sizeof(aclmdlBatch) == 1032 && sizeof(aclmdlHW) == 2056, "cann-api.md 3.2");

struct aclmdlDataset {
  std::vector<aclDataBuffer *> buffers;
  std::map<size_t, aclTensorDesc> descs;
  /** Set by the aclmdlSetDynamic* calls. */
  std::vector<int64_t> gear;
};
