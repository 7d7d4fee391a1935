// The interpreter's side of a fork server (server.h), whatever the interpreter is written in: built
// as a shared library that it loads.
//
// None of the interpreter's own code runs between two jobs: every object it touched would be a page
// to copy, in the server and in each child.

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sandbox/jail/confine.h"
#include "sandbox/jail/root.h"
#include "sandbox/jail/server.h"
#include "sandbox/jail/syscalls.h"

namespace rationale::jail {
namespace {

struct Received {
  ServerRequest request;
  std::vector<int> fds;

  int init_namespace() const { return fds[0]; }
  int words() const { return fds[1]; }
  int channel(int i) const { return fds[2 + static_cast<size_t>(i)]; }
  int landlock() const { return request.has_landlock != 0 ? fds.back() : -1; }
};

// Arranges the descriptors (channel i becomes i, all others are closed), enters the working folder,
// sets the limits and confines this process. Returns nullptr, or the name of the step that failed
// with errno; then no descriptor was closed.
const char* BecomeProgram(const Received& job, const std::string& filter) {
  setsid();
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return "become dumpable";
  const int score = openat(kServerProcFd, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score < 0 || write(score, "1000", 4) != 4) return "be the first to go when memory is short";
  for (int fd = 0; fd < job.request.num_channels; ++fd) {
    if (dup2(job.channel(fd), fd) != fd) return "dup2";
  }
  if (chdir(kWorkingFolder) != 0) return "enter the working folder";
  if (!SetResourceLimits(job.request.limits)) return "setrlimit";
  if (const char* step = Confine(job.landlock(), filter)) return step;
  CloseRange(static_cast<unsigned>(job.request.num_channels), ~0U);
  return nullptr;
}

void Fail(ServerAnswer& answer, const char* step) {
  answer.failed = 1;
  std::snprintf(answer.reason, sizeof answer.reason, "%s: %s", step, strerror(errno));
}

// In the child, a job's: reads its words and becomes it. Only this process ever sees them.
void BeginProgram(const Received& job, const std::string& filter, int failed, std::string& words) {
  const char* step =
      ReadMemoryFile(job.words(), words) ? BecomeProgram(job, filter) : "read its words";
  if (step == nullptr) return;
  ServerAnswer answer;
  Fail(answer, step);
  _exit(write(failed, &answer, sizeof answer) == sizeof answer ? 1 : 2);
}

// Forks the job's process and waits for its end. Returns 0 in that process, confined already.
pid_t RunJob(const Received& job, const std::string& filter, std::string& words,
             ServerAnswer& answer) {
  int told[2];
  if (pipe2(told, O_CLOEXEC) != 0) {
    Fail(answer, "pipe");
    return -1;
  }
  pid_t pid = -1;
  if (setns(job.init_namespace(), CLONE_NEWPID) != 0) {
    Fail(answer, "enter the job's PID namespace");
  } else if ((pid = fork()) < 0) {
    Fail(answer, "fork the program");
  }
  if (pid == 0) {
    BeginProgram(job, filter, told[1], words);
    return 0;
  }
  close(told[1]);
  for (int fd : job.fds) close(fd);
  if (pid > 0) {
    // End-of-file: the child has closed its end once it was confined.
    while (read(told[0], &answer, sizeof answer) < 0 && errno == EINTR) {
    }
    rusage usage{};
    while (wait4(pid, &answer.wait_status, 0, &usage) < 0 && errno == EINTR) {
    }
    answer.cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
                    usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  }
  close(told[0]);
  return pid;
}

}  // namespace
}  // namespace rationale::jail

// Says that the interpreter is ready, then forks a copy of it for each job, until the warden is
// gone. Returns in these copies only, each of them about to be its job's program: *words are the
// job's arguments, *num_arguments of them, and the variables of its environment, each ended by NUL,
// *bytes in all. Needs a process of one thread; an interpreter's hooks for fork are not called.
extern "C" __attribute__((visibility("default"))) void rationale_serve(const char** words,
                                                                       size_t* bytes,
                                                                       int* num_arguments) {
  using namespace rationale::jail;
  std::string filter;
  std::string& kept = *new std::string;  // the child's words, for as long as it lives
  const char ready = 'r';
  if (!ReadMemoryFile(kServerFilterFd, filter) || write(kServerSocketFd, &ready, 1) != 1) _exit(1);
  close(kServerFilterFd);
  close(kServerLibraryFd);
  while (true) {
    Received job;
    if (ReceiveMessage(kServerSocketFd, &job.request, sizeof job.request, job.fds) !=
        sizeof job.request) {
      _exit(0);
    }
    ServerAnswer answer;
    if (RunJob(job, filter, kept, answer) == 0) {
      *words = kept.data();
      *bytes = kept.size();
      *num_arguments = job.request.num_arguments;
      return;
    }
    if (!SendMessage(kServerSocketFd, &answer, sizeof answer)) _exit(1);
  }
}
