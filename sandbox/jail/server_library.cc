// What a fork server's child calls to become a program, whatever the interpreter is written in:
// built as a shared library that the server loads (languages/python_server.py).

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/jail/confine.h"
#include "sandbox/jail/root.h"
#include "sandbox/jail/syscalls.h"

// Arranges the descriptors (fds[i] becomes i, all others are closed), enters the working folder,
// sets the limits and confines this process. landlock_fd: -1 for none. Returns nullptr, or the name
// of the step that failed with errno; then no descriptor was closed.
extern "C" __attribute__((visibility("default"))) const char* rationale_confine(
    int64_t cpu_ms, int64_t processes, int64_t descriptors, int64_t file_bytes, int landlock_fd,
    int proc_fd, int num_fds, const int* fds, const char* filter, size_t filter_bytes) {
  using namespace rationale::jail;
  setsid();
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return "become dumpable";
  const int score = openat(proc_fd, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score < 0 || write(score, "1000", 4) != 4) return "be the first to go when memory is short";
  for (int fd = 0; fd < num_fds; ++fd) {
    if (dup2(fds[fd], fd) != fd) return "dup2";
  }
  if (chdir(kWorkingFolder) != 0) return "enter the working folder";
  if (!SetResourceLimits({cpu_ms, processes, descriptors, file_bytes})) return "setrlimit";
  if (const char* step = Confine(landlock_fd, std::string(filter, filter_bytes))) return step;
  CloseRange(static_cast<unsigned>(num_fds), ~0U);
  return nullptr;
}
