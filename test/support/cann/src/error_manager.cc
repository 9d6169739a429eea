// The record of calls, faults on demand, error texts and the log of the stand-in. Becomes liberror_manager.so.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "standin.h"

#ifndef STANDIN_LAYOUT
#error "STANDIN_LAYOUT must be 81 or 92"
#endif

namespace standin {

int layout() { return STANDIN_LAYOUT; }

std::string setting(const char *name, const char *fallback) {
  const char *value = getenv(name);
  return value == nullptr || *value == '\0' ? fallback : value;
}

std::string jsonText(const std::string &text) {
  std::string out = "\"";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out += '"';
}

namespace {

int64_t threadId() { return syscall(SYS_gettid); }

void recordLine(const std::string &line) {
  static const int fd = [] {
    const char *path = getenv("STANDIN_CANN_RECORD");
    return path == nullptr || *path == '\0' ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }();
  if (fd < 0) return;
  const std::string whole = line + "\n";
  if (write(fd, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) abort();
}

/** What is alive, written at the end of the process. */
struct Ledger {
  std::mutex mutex;
  std::map<std::string, int64_t> counts;
  std::string json() const {
    std::string fields;
    for (const auto &[kind, count] : counts) {
      if (count != 0) fields += (fields.empty() ? "" : ",") + jsonText(kind) + ":" + std::to_string(count);
    }
    return "{" + fields + "}";
  }
  ~Ledger() { recordLine("{\"exit\":true,\"alive\":" + json() + "}"); }
};

Ledger &ledger() {
  static Ledger it;
  return it;
}

struct Fault {
  std::string call;
  int nth;  // 0: every time
  std::string kind, argument;
};

std::vector<Fault> readFaults() {
  std::vector<Fault> faults;
  const std::string all = setting("STANDIN_CANN_FAULT", "");
  for (size_t from = 0; from < all.size();) {
    const size_t end = std::min(all.find('\n', from), all.size());
    const std::string item = all.substr(from, end - from);
    from = end + 1;
    const size_t equals = item.find('=');
    if (equals == std::string::npos) continue;
    std::string call = item.substr(0, equals), kind = item.substr(equals + 1), argument;
    int nth = 0;
    if (const size_t hash = call.find('#'); hash != std::string::npos) {
      nth = atoi(call.c_str() + hash + 1);
      call.resize(hash);
    }
    if (const size_t colon = kind.find(':'); colon != std::string::npos) {
      argument = kind.substr(colon + 1);
      kind.resize(colon);
    }
    faults.push_back({call, nth, kind, argument});
  }
  return faults;
}

/** The fault for this call, if it is its turn. */
const Fault *faultOf(const std::string &call) {
  static const std::vector<Fault> faults = readFaults();
  static std::map<std::string, int> turns;
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  const int turn = ++turns[call];
  for (const Fault &fault : faults) {
    if (fault.call == call && (fault.nth == 0 || fault.nth == turn)) return &fault;
  }
  return nullptr;
}

void flood(size_t bytes) {
  const std::string line(1023, '.');
  for (size_t written = 0; written < bytes; written += 1024) {
    fputs(line.c_str(), stdout);
    fputc('\n', stdout);
  }
  fflush(stdout);
}

std::string timeText(char between) {
  timeval now{};
  gettimeofday(&now, nullptr);
  tm parts{};
  localtime_r(&now.tv_sec, &parts);
  char day[32], all[64];
  strftime(day, sizeof day, "%Y-%m-%d", &parts);
  snprintf(all, sizeof all, "%s%c%02d:%02d:%02d.%03ld.%03ld", day, between, parts.tm_hour, parts.tm_min, parts.tm_sec,
           static_cast<long>(now.tv_usec / 1000), static_cast<long>(now.tv_usec % 1000));
  return all;
}

void makeFolders(const std::string &path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) mkdir(path.substr(0, at).c_str(), 0755);
  mkdir(path.c_str(), 0755);
}

/** `$ASCEND_PROCESS_LOG_PATH/debug/plog/plog-<pid>_<time>.log` */
FILE *plog() {
  static FILE *file = [] {
    std::string root = setting("ASCEND_PROCESS_LOG_PATH", "");
    if (root.empty()) {
      const std::string work = setting("ASCEND_WORK_PATH", "");
      root = work.empty() ? setting("HOME", "/tmp") + "/ascend/log" : work + "/log";
    }
    const std::string folder = root + "/debug/plog";
    makeFolders(folder);
    timeval now{};
    gettimeofday(&now, nullptr);
    char name[96];
    snprintf(name, sizeof name, "/plog-%d_%lld%03ld.log", getpid(), static_cast<long long>(now.tv_sec), static_cast<long>(now.tv_usec / 1000));
    return fopen((folder + name).c_str(), "a");
  }();
  return file;
}

thread_local std::string unreadErrors;
bool screenPrint = true;

}  // namespace

Call::Call(const char *name) : name_(name) {
  ledger();
  if (const Fault *fault = faultOf(name_)) {
    kind_ = fault->kind;
    argument_ = fault->argument;
  }
}

Call &Call::json(const char *key, const std::string &value) {
  fields_ += "," + jsonText(key) + ":" + value;
  return *this;
}
Call &Call::text(const char *key, const char *value) { return json(key, value == nullptr ? "null" : jsonText(value)); }
Call &Call::text(const char *key, const std::string &value) { return json(key, jsonText(value)); }
Call &Call::number(const char *key, int64_t value) { return json(key, std::to_string(value)); }
Call &Call::size(const char *key, uint64_t value) { return json(key, std::to_string(value)); }
Call &Call::pointer(const char *key, const void *value) {
  char hex[32];
  snprintf(hex, sizeof hex, "\"0x%llx\"", static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(value)));
  return json(key, hex);
}

bool Call::failed() {
  if (kind_.empty()) return false;
  const std::string kind = kind_;
  if (kind == "segv" || kind == "abort" || kind == "throw" || kind == "hang" || kind == "exit") {
    json("fault", jsonText(kind));
    finish(-1);
    fprintf(stderr, "stand-in: %s in %s\n", kind.c_str(), name_.c_str());
  }
  if (kind == "segv") *reinterpret_cast<volatile int *>(uintptr_t{8}) = 1;
  if (kind == "abort") abort();
  if (kind == "throw") throw std::runtime_error("stand-in: thrown in " + name_);
  if (kind == "hang") {
    for (;;) pause();
  }
  if (kind == "exit") _exit(atoi(argument_.c_str()));
  if (kind == "flood") flood(strtoull(argument_.c_str(), nullptr, 10));
  if (kind == "log") logLine("ERROR", "GE", argument_);
  if (kind != "status" && kind != "text") return false;
  const size_t colon = argument_.find(':');
  status = static_cast<int64_t>(strtoull(argument_.c_str(), nullptr, 0));
  if (kind == "text") {
    const std::string message = colon == std::string::npos ? "[" + name_ + "] failed as asked." : argument_.substr(colon + 1);
    reportError("E19999", "Inner_Error", message, "");
    logLine("ERROR", "GE", message);
  }
  return true;
}

const std::string *Call::behaviour(const char *kind) const { return kind_ == kind ? &argument_ : nullptr; }

void Call::finish(int64_t result) {
  recordLine("{\"call\":" + jsonText(name_) + fields_ + ",\"status\":" + std::to_string(result) + ",\"tid\":" + std::to_string(threadId()) + "}");
}

void violation(const std::string &what) {
  fprintf(stderr, "stand-in: violation: %s\n", what.c_str());
  recordLine("{\"violation\":" + jsonText(what) + "}");
}

void alive(const char *kind, int change) {
  Ledger &it = ledger();
  const std::lock_guard<std::mutex> lock(it.mutex);
  it.counts[kind] += change;
}

std::string aliveJson() {
  Ledger &it = ledger();
  const std::lock_guard<std::mutex> lock(it.mutex);
  return it.json();
}

void reportError(const char *code, const char *title, const std::string &message, const std::string &solution) {
  const std::string stamp = "[PID: " + std::to_string(getpid()) + "] " + timeText('-') + " ";
  const bool inner = strcmp(code, "E19999") == 0;
  std::string text;
  if (layout() == 81) {
    text = inner ? std::string(code) + ": Inner Error!\n" : "";
    text += std::string(code) + ": " + stamp + message + "\n";
    if (!inner) text += "        Possible Cause: N/A\n";
  } else {
    text = inner ? std::string(code) + ": Internal error!\n" : "";
    text += stamp + title + "(" + code + "): " + message + "\n";
  }
  if (!solution.empty()) text += "        Solution: " + solution + "\n";
  text += "        TraceBack (most recent call last):\n        Assert failed in the stand-in[FUNC:Check][FILE:standin.cc][LINE:1]\n";
  unreadErrors += (unreadErrors.empty() ? "" : "\n") + text;
}

void logLine(const char *level, const char *module, const std::string &message) {
  FILE *file = plog();
  if (file == nullptr) return;
  fprintf(file, "[%s] %s(%d,node):%s [standin.cc:1]%lld Check: ErrorNo: 4294967295(failed) %s\n", level, module, getpid(), timeText('-').c_str(),
          static_cast<long long>(threadId()), message.c_str());
}

/** As of libunified_dlog.so: lines stay in memory until a thread of the log writes them, 200 ms later at most, or until this. */
extern "C" __attribute__((visibility("default"))) void DlogFlush() {
  FILE *file = plog();
  if (file != nullptr) fflush(file);
}

const char *recentErrorText() {
  // The buffer of the last answer is not cleared: a second call gives the old text again, a later error has it appended.
  thread_local std::string answer;
  if (!unreadErrors.empty()) {
    answer = answer.empty() ? unreadErrors : unreadErrors + "\n" + answer;
    unreadErrors.clear();
  }
  return answer.empty() ? nullptr : answer.c_str();
}

void setScreenPrint(bool enabled) { screenPrint = enabled; }

void screenLine(const std::string &message) {
  if (!screenPrint) return;
  printf("[%s]%lld %s\n", timeText('-').c_str(), static_cast<long long>(threadId()), message.c_str());
  fflush(stdout);
}

}  // namespace standin
