// Init, devices, memory and data buffers. Part of libacl_rt.so, or of libascendcl.so.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "acl_types.h"

namespace acl {

namespace {

bool isInitialized = false, wasFinalized = false;
int64_t contextThread = 0;

int64_t threadId() { return syscall(SYS_gettid); }

struct Allocation {
  size_t size, mapped;
  uint8_t *bytes;
};
std::map<uintptr_t, Allocation> &allocations() {
  static std::map<uintptr_t, Allocation> all;
  return all;
}
std::set<const void *> &hostAllocations() {
  static std::set<const void *> all;
  return all;
}

/** The allocation that holds the address; null when there is none. */
const std::pair<const uintptr_t, Allocation> *holder(const void *address) {
  auto &all = allocations();
  auto after = all.upper_bound(reinterpret_cast<uintptr_t>(address));
  if (after == all.begin()) return nullptr;
  --after;
  return reinterpret_cast<uintptr_t>(address) < after->first + after->second.mapped ? &*after : nullptr;
}

}  // namespace

bool isHostMode() { return standin::setting("STANDIN_CANN_RUN_MODE", "host") == "host"; }

aclError ready() {
  if (!isInitialized) return UNINITIALIZED;
  return contextThread == threadId() ? OK : NO_CONTEXT;
}

void *deviceAllocate(size_t size) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), mapped = (size + page - 1) / page * page;
  const int fd = memfd_create("standin", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(mapped)) != 0) abort();
  void *bytes = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  // On a server the card's memory is not the process's: whoever follows such an address crashes.
  void *seen = isHostMode() ? mmap(nullptr, mapped, PROT_NONE, MAP_SHARED, fd, 0) : bytes;
  close(fd);
  if (bytes == MAP_FAILED || seen == MAP_FAILED) return nullptr;
  // Not zeros: whoever reads what was never written should see it.
  memset(bytes, 0xCD, mapped);
  allocations()[reinterpret_cast<uintptr_t>(seen)] = {size, mapped, static_cast<uint8_t *>(bytes)};
  standin::alive("device memory", 1);
  return seen;
}

bool deviceFree(void *address) {
  const auto found = allocations().find(reinterpret_cast<uintptr_t>(address));
  if (found == allocations().end()) {
    standin::violation("aclrtFree: this is no device memory that is alive");
    return false;
  }
  munmap(found->second.bytes, found->second.mapped);
  if (found->second.bytes != address) munmap(address, found->second.mapped);
  allocations().erase(found);
  standin::alive("device memory", -1);
  return true;
}

bool isDevice(const void *address) { return holder(address) != nullptr; }

uint8_t *deviceBytes(const void *address, size_t size, const char *call) {
  const auto *found = holder(address);
  if (found == nullptr) {
    standin::violation(std::string(call) + ": an address is no device memory");
    return nullptr;
  }
  const size_t offset = reinterpret_cast<uintptr_t>(address) - found->first;
  if (size > found->second.size || offset > found->second.size - size) {
    standin::violation(std::string(call) + ": " + std::to_string(size) + " bytes from byte " + std::to_string(offset) + " of " +
                       std::to_string(found->second.size) + " bytes of device memory");
    return nullptr;
  }
  return found->second.bytes + offset;
}

Handles &dataBuffers() {
  static Handles handles("data buffer");
  return handles;
}

}  // namespace acl

using namespace acl;

namespace {

/** What a copy may read or write: device memory through its own side, host memory as it is. */
uint8_t *side(const void *address, size_t size, bool wantsDevice, aclError &status) {
  if (!isHostMode()) {
    if (!isDevice(address)) return static_cast<uint8_t *>(const_cast<void *>(address));
    return deviceBytes(address, size, "aclrtMemcpy");
  }
  if (isDevice(address) != wantsDevice) {
    status = BAD_ARGUMENT;
    standin::reportError("EE1001", "Invalid_Argument", "The argument is invalid. Reason: the kind of the copy does not fit its addresses.", "");
    return nullptr;
  }
  return wantsDevice ? deviceBytes(address, size, "aclrtMemcpy") : static_cast<uint8_t *>(const_cast<void *>(address));
}

}  // namespace

extern "C" {

aclError aclInit(const char *configPath) {
  standin::Call call("aclInit");
  call.text("configPath", configPath);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  const bool again = isInitialized || call.behaviour("repeat") != nullptr;
  isInitialized = true;
  return call.done(again ? REPEAT_INITIALIZE : OK);
}

aclError aclFinalize() {
  standin::Call call("aclFinalize");
  // A process that is killed afterwards says nothing more.
  call.json("alive", standin::aliveJson());
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!isInitialized) return call.done(wasFinalized ? REPEAT_FINALIZE : UNINITIALIZED);
  isInitialized = false;
  wasFinalized = true;
  return call.done(OK);
}

aclError aclrtGetDeviceCount(uint32_t *count) {
  standin::Call call("aclrtGetDeviceCount");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  *count = static_cast<uint32_t>(atoi(standin::setting("STANDIN_CANN_DEVICES", "1").c_str()));
  return call.done(OK);
}

aclError aclrtSetDevice(int32_t deviceId) {
  standin::Call call("aclrtSetDevice");
  call.number("deviceId", deviceId);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!isInitialized) return call.done(UNINITIALIZED);
  const int32_t count = atoi(standin::setting("STANDIN_CANN_DEVICES", "1").c_str());
  if (deviceId < 0 || deviceId >= count) {
    standin::reportError("EE1001", "Invalid_Argument", "The argument is invalid. Reason: Set device failed, device_id=" + std::to_string(deviceId) +
                             ", valid device range is [0, " + std::to_string(count) + ").", "Check the device id.");
    return call.done(BAD_DEVICE);
  }
  contextThread = threadId();
  standin::alive("device", 1);
  return call.done(OK);
}

aclError aclrtResetDevice(int32_t deviceId) {
  standin::Call call("aclrtResetDevice");
  call.number("deviceId", deviceId);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (contextThread == 0) return call.done(NO_CONTEXT);
  contextThread = 0;
  standin::alive("device", -1);
  return call.done(OK);
}

aclError aclrtGetRunMode(int32_t *runMode) {
  standin::Call call("aclrtGetRunMode");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  *runMode = isHostMode() ? 1 : 0;
  return call.done(OK);
}

const char *aclrtGetSocName() {
  standin::Call call("aclrtGetSocName");
  static const std::string name = standin::setting("STANDIN_CANN_SOC", "Ascend910B1");
  call.failed();
  call.done(0);
  return name.c_str();
}

aclError aclrtGetVersion(int32_t *major, int32_t *minor, int32_t *patch) {
  standin::Call call("aclrtGetVersion");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  *major = 1;
  *minor = standin::layout() == 81 ? 13 : 15;
  *patch = 0;
  return call.done(OK);
}

aclError aclrtMalloc(void **devPtr, size_t size, int32_t policy) {
  standin::Call call("aclrtMalloc");
  call.size("size", size).number("policy", policy);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  if (devPtr == nullptr || size == 0) return call.done(INVALID_PARAM);
  const std::string limit = standin::setting("STANDIN_CANN_DEVICE_MEMORY", "");
  if (!limit.empty() && size > strtoull(limit.c_str(), nullptr, 10)) return call.done(aclError{207001});
  *devPtr = deviceAllocate(size);
  call.pointer("devPtr", *devPtr);
  return call.done(*devPtr == nullptr ? aclError{207001} : OK);
}

aclError aclrtFree(void *devPtr) {
  standin::Call call("aclrtFree");
  call.pointer("devPtr", devPtr);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  return call.done(deviceFree(devPtr) ? OK : BAD_ARGUMENT);
}

aclError aclrtMallocHost(void **hostPtr, size_t size) {
  standin::Call call("aclrtMallocHost");
  call.size("size", size);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  *hostPtr = malloc(size);
  hostAllocations().insert(*hostPtr);
  standin::alive("host memory", 1);
  return call.done(OK);
}

aclError aclrtFreeHost(void *hostPtr) {
  standin::Call call("aclrtFreeHost");
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (hostAllocations().erase(hostPtr) == 0) {
    standin::violation("aclrtFreeHost: this is no host memory that is alive");
    return call.done(BAD_ARGUMENT);
  }
  free(hostPtr);
  standin::alive("host memory", -1);
  return call.done(OK);
}

aclError aclrtMemcpy(void *dst, size_t destMax, const void *src, size_t count, int32_t kind) {
  standin::Call call("aclrtMemcpy");
  call.size("destMax", destMax).size("count", count).number("kind", kind);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  if (count > destMax || kind < 0 || kind > 3) return call.done(INVALID_PARAM);
  if (count == 0 || dst == nullptr || src == nullptr) return call.done(INVALID_PARAM);
  // On the SoC itself every copy is one from device to device.
  if (!isHostMode() && kind != 3) return call.done(BAD_ARGUMENT);
  aclError status = OK;
  uint8_t *to = side(dst, count, kind == 1 || kind == 3, status);
  const uint8_t *from = side(src, count, kind == 2 || kind == 3, status);
  if (to == nullptr || from == nullptr) return call.done(status == OK ? BAD_ARGUMENT : status);
  memcpy(to, from, count);
  return call.done(OK);
}

aclError aclrtMemset(void *devPtr, size_t maxCount, int32_t value, size_t count) {
  standin::Call call("aclrtMemset");
  call.size("count", count);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  uint8_t *bytes = count > maxCount ? nullptr : deviceBytes(devPtr, count, "aclrtMemset");
  if (bytes == nullptr) return call.done(INVALID_PARAM);
  memset(bytes, value, count);
  return call.done(OK);
}

aclError aclrtGetMemInfo(int32_t attr, size_t *free, size_t *total) {
  standin::Call call("aclrtGetMemInfo");
  call.number("attr", attr);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (const aclError status = ready()) return call.done(status);
  *free = size_t{30} << 30;
  *total = size_t{32} << 30;
  return call.done(OK);
}

aclDataBuffer *aclCreateDataBuffer(void *data, size_t size) {
  standin::Call call("aclCreateDataBuffer");
  call.pointer("data", data).size("size", size);
  if (call.failed()) return call.donePointer<aclDataBuffer>(nullptr);
  return call.donePointer(dataBuffers().add(new aclDataBuffer{data, size}));
}

aclError aclDestroyDataBuffer(const aclDataBuffer *dataBuffer) {
  standin::Call call("aclDestroyDataBuffer");
  call.pointer("dataBuffer", dataBuffer);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!dataBuffers().remove(dataBuffer, "aclDestroyDataBuffer")) return call.done(INVALID_PARAM);
  delete dataBuffer;
  return call.done(OK);
}

aclError aclUpdateDataBuffer(aclDataBuffer *dataBuffer, void *data, size_t size) {
  standin::Call call("aclUpdateDataBuffer");
  call.pointer("dataBuffer", dataBuffer).size("size", size);
  if (call.failed()) return call.done(static_cast<aclError>(call.status));
  if (!dataBuffers().has(dataBuffer, "aclUpdateDataBuffer")) return call.done(INVALID_PARAM);
  dataBuffer->data = data;
  dataBuffer->size = size;
  return call.done(OK);
}

void *aclGetDataBufferAddr(const aclDataBuffer *dataBuffer) {
  standin::Call call("aclGetDataBufferAddr");
  if (call.failed() || !dataBuffers().has(dataBuffer, "aclGetDataBufferAddr")) return call.donePointer<void>(nullptr);
  return call.donePointer(dataBuffer->data);
}

size_t aclGetDataBufferSizeV2(const aclDataBuffer *dataBuffer) {
  standin::Call call("aclGetDataBufferSizeV2");
  if (call.failed() || !dataBuffers().has(dataBuffer, "aclGetDataBufferSizeV2")) return call.done(size_t{0});
  return call.done(dataBuffer->size);
}
}
