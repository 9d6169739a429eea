// What all libraries of the stand-in share: the record of calls, faults on demand, error texts, the log.
// Its code is in liberror_manager.so, which the real CANN has too. Its settings: ../standin.ts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace standin {

/** 81 or 92: which CANN this install plays; fixed when liberror_manager.so is compiled. */
int layout();

std::string jsonText(const std::string &text);

/**
 * One call from outside. Its line of the record is written when `done` is called, or before a fault ends the process.
 * Faults come from STANDIN_CANN_FAULT: `call[#n]=kind[:argument]`, several separated by a new line.
 */
class Call {
 public:
  explicit Call(const char *name);
  Call &text(const char *key, const char *value);
  Call &text(const char *key, const std::string &value);
  Call &number(const char *key, int64_t value);
  Call &size(const char *key, uint64_t value);
  Call &pointer(const char *key, const void *value);
  Call &json(const char *key, const std::string &value);
  /** True when the environment asks for a failure: then return `done(status)`. Crashes, hangs and floods happen in here. */
  bool failed();
  /** The status of the fault. */
  int64_t status = 0;
  /** The argument of a fault that only this call knows, such as `second` of the saving call; null when it is not asked for. */
  const std::string *behaviour(const char *kind) const;
  template <typename T>
  T done(T result) {
    finish(static_cast<int64_t>(result));
    return result;
  }
  template <typename T>
  T *donePointer(T *result) {
    pointer("result", result);
    finish(result == nullptr ? -1 : 0);
    return result;
  }

 private:
  void finish(int64_t result);
  std::string name_;
  std::string fields_;
  std::string kind_;
  std::string argument_;
};

/** Something that a real CANN would answer with corrupted memory: the tests look for these lines. */
void violation(const std::string &what);

/** Counts what is alive, by kind; what is left is written at the end of the process. */
void alive(const char *kind, int change);
/** The counts above 0, as JSON. */
std::string aliveJson();

/** Puts an error text into the store of this thread, in the form of the CANN that is played. Empty solution: none. */
void reportError(const char *code, const char *title, const std::string &message, const std::string &solution);
/** A line of the log: where most errors of parameters are told, and nowhere else. */
void logLine(const char *level, const char *module, const std::string &message);

/** The text of an error as aclGetRecentErrMsg gives it; null when there was never one. */
const char *recentErrorText();

/** A line on stdout, as GE writes them unless ge.screen_print_mode is `disable`. */
void screenLine(const std::string &message);
void setScreenPrint(bool enabled);

/** The environment variable, or the default. */
std::string setting(const char *name, const char *fallback);

}  // namespace standin
