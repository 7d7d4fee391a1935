#include "sandbox/jail/warden.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "sandbox/jail/confine.h"
#include "sandbox/jail/root.h"
#include "sandbox/jail/syscalls.h"

namespace rationale::jail {
namespace {

constexpr uid_t kInnerId = 1000;
constexpr int kTickWithCgroupMs = 20;  // the kernel holds the memory limit itself
constexpr int kTickWithoutMs =
    5;  // so does nobody else: what a job can take meanwhile is over the limit
constexpr int kServerAnswerMs = 10'000;
// Processes of the cell that count against RLIMIT_NPROC beside the job's: the warden, the fork
// server, the job's init.
constexpr int64_t kOwnProcesses = 3;

// What a job's process 1 tells the warden, in one write to a pipe.
struct InitMessage {
  enum Kind : int32_t { kReady, kEnded, kFailed } kind = kFailed;
  int32_t wait_status = 0;  // of the program, with kEnded
  int32_t error = 0;        // errno, with kFailed
  char step[100] = {};
};

int64_t NowUs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

int64_t CpuUs(const rusage& usage) {
  return (int64_t{usage.ru_utime.tv_sec} + usage.ru_stime.tv_sec) * 1'000'000 +
         usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

void SetText(Report& report, const std::string& text) {
  std::strncpy(report.text, text.c_str(), sizeof report.text - 1);
}

void Fail(Report& report, const std::string& step, int error) {
  report.cause = Cause::kJailFailure;
  report.code = error;
  report.retire = 1;
  SetText(report, error == 0 ? step : step + ": " + strerror(error));
}

void BecomeInnerUser(bool privileged) {
  if (privileged && setgroups(0, nullptr) != 0) Refuse("leave the groups");
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) Refuse("keep capabilities");
  if (setresgid(kInnerId, kInnerId, kInnerId) != 0 ||
      setresuid(kInnerId, kInnerId, kInnerId) != 0) {
    Refuse("become the jail's user");
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) != 0) Refuse("read the capabilities");
  for (auto& half : data) half.effective = half.inheritable = half.permitted;
  if (syscall(SYS_capset, &header, data) != 0) Refuse("raise the capabilities");
}

// A second lock on what the system-call filter forbids already.
void ForbidNamespaces(int proc_fd) {
  for (const char* kind : {"user", "mnt", "net", "ipc", "uts", "cgroup", "time"}) {
    const std::string path = std::string("sys/user/max_") + kind + "_namespaces";
    if (!WriteSmallFileAt(proc_fd, path.c_str(), "0")) Refuse("write /proc/" + path);
  }
}

void Tell(int pipe, const InitMessage& message) {
  // A pipe takes this much at once or not at all; if the warden is gone, so are we.
  if (write(pipe, &message, sizeof message) != sizeof message) _exit(1);
}

[[noreturn]] void FailInit(int pipe, const std::string& step) {
  InitMessage message;
  message.error = errno;
  std::strncpy(message.step, step.c_str(), sizeof message.step - 1);
  Tell(pipe, message);
  _exit(1);
}

}  // namespace

struct Warden::Running {
  Running(const JobRequest& the_request, std::vector<int>& the_fds)
      : request(the_request), fds(the_fds) {}

  const JobRequest& request;
  std::vector<int>& fds;  // stdin, stdout, stderr and possibly a channel; closed once handed over
  ProcessLimits limits;
  pid_t init = -1;
  int init_namespace = -1;
  int init_pipe[2] = {-1, -1};
  int landlock_fd = -1;  // the writable folder's
  int64_t start_us = 0;
  bool ended = false;  // the program, by itself; then ...
  int wait_status = 0;
  int64_t cpu_us = 0;  // of processes that were waited for
  int64_t resident_bytes = 0;

  void CloseFds() {
    for (int fd : fds) close(fd);
    fds.clear();
  }
};

Warden::Warden(CellConfig config, const std::array<int, kNumCgroupFiles>& cgroup_files) {
  const std::vector<Source> sources = OpenSources(config.paths);
  BecomeInnerUser(config.privileged != 0);
  BuildRoot(sources);
  if (sethostname("jail", 4) != 0) Refuse("set the host name");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) Refuse("become undumpable");
  proc_fd_ = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc_fd_ < 0) Refuse("open /proc");
  ForbidNamespaces(proc_fd_);
  SealRoot();
  landlock_ = syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) > 0;
  meter_ = std::make_unique<Meter>(proc_fd_, cgroup_files, config.cgroup_v2 != 0);
  if (config.server.empty()) {
    filter_ = std::move(config.filter);
  } else {
    server_ =
        std::make_unique<Server>(config.server, config.server_library, config.filter, proc_fd_);
  }
  meter_->Calibrate();
  Report ready;
  ready.kind = Kind::kReady;
  ready.code = landlock_;
  if (!SendMessage(kControlFd, &ready, sizeof ready)) _exit(1);
}

void Warden::Serve() {
  while (true) {
    Order order{};
    std::vector<int> fds;
    if (ReceiveMessage(kControlFd, &order, sizeof order, fds) != sizeof order) return;
    if (order != Order::kRun || fds.size() < 4) {  // a stop that crossed our report
      for (int fd : fds) close(fd);
      continue;
    }
    std::string bytes;
    const bool read = ReadMemoryFile(fds[0], bytes);
    close(fds[0]);
    fds.erase(fds.begin());
    Decoder decoder(bytes);
    JobRequest request;
    decoder(request);
    Report report;
    std::vector<int> collected;
    if (read && decoder.ok()) {
      report = Run(request, fds, collected);
    } else {
      Fail(report, "read the job", EIO);
    }
    report.kind = Kind::kDone;
    for (int fd : fds) close(fd);
    if (!SendMessage(kControlFd, &report, sizeof report, collected)) return;
    for (int fd : collected) close(fd);
  }
}

Report Warden::Run(const JobRequest& request, std::vector<int>& fds, std::vector<int>& collected) {
  Report report;
  Running job(request, fds);
  // A file may not even pretend to be larger than the whole space, which usually fills up first.
  job.limits = {request.cpu_ms, request.processes + kOwnProcesses, request.descriptors,
                2 * request.writable_bytes};
  if (!writable_.Begin(request)) {
    Fail(report, "write the job's files", errno);
  } else if (landlock_ && (job.landlock_fd = writable_.Rules()) < 0) {
    Fail(report, "make the Landlock rules", errno);
  } else if (!meter_->Begin(request.memory_bytes, request.processes)) {
    Fail(report, "set the cgroup's limits", errno);
  } else if (!StartInit(job)) {
    Fail(report, "start the job's process 1", errno);
  } else if (!StartProgram(job)) {
    Fail(report, "ask the fork server", errno);
  } else {
    Watch(job, report);
  }
  End(job, report);
  Collect(job, report, collected);
  const bool unused = UnmountJobProc();
  if ((!writable_.End(collected.empty()) && collected.empty()) || !unused) report.retire = 1;
  return report;
}

bool Warden::StartInit(Running& job) {
  if (pipe2(job.init_pipe, O_CLOEXEC) != 0) return false;
  job.start_us = NowUs();
  job.init = CloneInto(CLONE_NEWPID);
  if (job.init == 0) BeInit(job);
  if (job.init < 0) return false;
  close(job.init_pipe[1]);
  job.init_pipe[1] = -1;
  return true;
}

namespace {

[[noreturn]] void BeProgram(const JobRequest& request, const ProcessLimits& limits,
                            const std::vector<int>& fds, int landlock_fd, int pipe,
                            const std::string& filter) {
  setsid();
  constexpr int kAside = 32;  // above every target of the dup2 calls
  std::vector<int> moved;
  for (int fd : fds) moved.push_back(fcntl(fd, F_DUPFD_CLOEXEC, kAside));
  const int aside_pipe = fcntl(pipe, F_DUPFD_CLOEXEC, kAside);
  const int aside_landlock = landlock_fd < 0 ? -1 : fcntl(landlock_fd, F_DUPFD_CLOEXEC, kAside);
  for (size_t i = 0; i < moved.size(); ++i) dup2(moved[i], static_cast<int>(i));
  constexpr unsigned kCloseOnExec = 4;
  if (syscall(SYS_close_range, static_cast<unsigned>(fds.size()), ~0U, kCloseOnExec) != 0) {
    FailInit(aside_pipe, "close_range");
  }
  if (chdir(kWorkingFolder) != 0) FailInit(aside_pipe, "enter the working folder");
  if (!SetResourceLimits(limits)) FailInit(aside_pipe, "setrlimit");
  if (const char* step = Confine(aside_landlock, filter)) FailInit(aside_pipe, step);
  std::vector<char*> argv, environment;
  for (const std::string& text : request.argv) argv.push_back(const_cast<char*>(text.c_str()));
  for (const std::string& text : request.environment) {
    environment.push_back(const_cast<char*>(text.c_str()));
  }
  argv.push_back(nullptr);
  environment.push_back(nullptr);
  execve(argv[0], argv.data(), environment.data());
  FailInit(aside_pipe, "execute " + request.argv[0]);
}

}  // namespace

// Process 1 of the job's PID namespace: takes in orphans, and all die with it.
void Warden::BeInit(const Running& job) {
  const int pipe = job.init_pipe[1];
  // Lets the warden, our equal, look at us and us at /proc/self; the program, without our
  // capabilities, still may not.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  WriteSmallFile("/proc/self/oom_score_adj", "1000");
  if (!MountJobProc()) FailInit(pipe, "mount the job's /proc");
  pid_t program = -1;
  if (server_ == nullptr) {
    program = static_cast<pid_t>(CloneInto(0));
    if (program < 0) FailInit(pipe, "fork the program");
    if (program == 0) {
      BeProgram(job.request, job.limits, job.fds, job.landlock_fd, pipe, filter_);
    }
  } else {
    Tell(pipe, {.kind = InitMessage::kReady});
  }
  for (int fd : job.fds) close(fd);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, nullptr);
  while (true) {
    int status = 0;
    const pid_t ended = waitpid(-1, &status, WNOHANG);
    if (ended > 0 && ended == program) {
      Tell(pipe, {.kind = InitMessage::kEnded, .wait_status = status});
      _exit(0);
    }
    if (ended <= 0) sigwaitinfo(&children, nullptr);
  }
}

bool Warden::StartProgram(Running& job) {
  if (server_ == nullptr) {
    job.CloseFds();
    return true;
  }
  InitMessage message;
  if (read(job.init_pipe[0], &message, sizeof message) != sizeof message ||
      message.kind != InitMessage::kReady) {
    errno = message.error != 0 ? message.error : ECHILD;
    return false;
  }
  // Not a pidfd: entering by one would need the right to trace process 1.
  const std::string path = std::to_string(job.init) + "/ns/pid";
  job.init_namespace = openat(proc_fd_, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (job.init_namespace < 0) return false;
  if (!server_->Start(job.request, job.limits, job.init_namespace, job.landlock_fd, job.fds)) {
    return false;
  }
  job.CloseFds();
  return true;
}

void Warden::Watch(Running& job, Report& report) {
  const int64_t deadline_us = job.start_us + job.request.wall_ms * 1000;
  const int tick_ms = meter_->has_cgroup() ? kTickWithCgroupMs : kTickWithoutMs;
  pollfd events[2] = {{server_ ? server_->socket() : job.init_pipe[0], POLLIN, 0},
                      {kControlFd, POLLIN, 0}};
  while (true) {
    const int64_t left_us = deadline_us - NowUs();
    if (left_us <= 0) {
      report.cause = Cause::kWallTime;
      SetText(report, "still running at the deadline");
      return;
    }
    const int wait_ms = static_cast<int>(std::min<int64_t>(tick_ms, left_us / 1000 + 1));
    if (poll(events, 2, wait_ms) < 0 && errno != EINTR) return Fail(report, "poll", errno);
    if (events[1].revents != 0) {
      Order order{};
      std::vector<int> fds;
      if (ReceiveMessage(kControlFd, &order, sizeof order, fds) <= 0) _exit(0);
      // A limit that has ended the job may be why it is stopped: its joined program saw it go.
      if (CheckLimits(job, report)) {
        report.cause = Cause::kOutput;
        SetText(report, "wrote more output than it may");
      }
      return;
    }
    if (events[0].revents != 0) {
      if (server_ != nullptr) {
        ServerAnswer answer;
        if (!server_->Finish(answer)) return Fail(report, "the fork server ended", 0);
        if (answer.failed != 0) return Fail(report, answer.reason, 0);
        job.wait_status = answer.wait_status;
        job.cpu_us += answer.cpu_us;
      } else {
        InitMessage message;
        const ssize_t got = read(job.init_pipe[0], &message, sizeof message);
        if (got == 0 && meter_->OutOfMemory()) {
          report.cause = Cause::kMemory;
          return;
        }
        if (got != sizeof message) return Fail(report, "the job's process 1 ended", 0);
        if (message.kind == InitMessage::kFailed) {
          return Fail(report, message.step, message.error);
        }
        job.wait_status = message.wait_status;
      }
      job.ended = true;
      report.wall_us = NowUs() - job.start_us;
      return;
    }
    if (!CheckLimits(job, report)) return;
  }
}

bool Warden::CheckLimits(Running& job, Report& report) {
  std::vector<pid_t> own{getpid(), job.init};
  if (server_ != nullptr) own.push_back(server_->pid());
  const Usage usage = meter_->Sample(own, job.init);
  if (meter_->OutOfMemory() ||
      (!meter_->has_cgroup() && usage.memory_bytes > job.request.memory_bytes)) {
    report.cause = Cause::kMemory;
  } else if (usage.cpu_us > job.request.cpu_ms * 1000) {
    report.cause = Cause::kCpuTime;
  } else if (writable_.Full()) {
    report.cause = Cause::kFiles;
  } else {
    return true;
  }
  return false;
}

// Ends every process of the job and finishes the accounts.
void Warden::End(Running& job, Report& report) {
  if (report.wall_us == 0 && job.start_us != 0) report.wall_us = NowUs() - job.start_us;
  if (job.init > 0) {
    kill(job.init, SIGKILL);
    // The job's main process is the server's child: the server must see it die before process 1 can
    // go.
    if (server_ != nullptr && !job.ended && job.fds.empty() &&
        report.cause != Cause::kJailFailure) {
      pollfd answer_ready{server_->socket(), POLLIN, 0};
      ServerAnswer answer;
      if (poll(&answer_ready, 1, kServerAnswerMs) == 1 && server_->Finish(answer)) {
        job.cpu_us += answer.cpu_us;
      } else {
        Fail(report, "the fork server does not answer", 0);
      }
    }
    rusage usage{};
    while (wait4(job.init, nullptr, 0, &usage) < 0 && errno == EINTR) {
    }
    job.cpu_us += CpuUs(usage);
    job.resident_bytes = int64_t{usage.ru_maxrss} * 1024;
  }
  Judge(job, report);
  // What killed grandchildren used is in no rusage, only in the last sample.
  report.cpu_us = std::max(job.cpu_us, meter_->PeakCpuUs());
  report.peak_bytes = meter_->PeakBytes();
  if (!meter_->has_cgroup()) report.peak_bytes = std::max(report.peak_bytes, job.resident_bytes);
  for (int fd : {job.init_pipe[0], job.init_pipe[1], job.init_namespace}) {
    if (fd >= 0) close(fd);
  }
}

// Names the end of a program that ended by itself: a limit that the kernel enforced comes before
// the exit code that the program made of it.
void Warden::Judge(const Running& job, Report& report) {
  if (!job.ended) return;
  const bool signalled = WIFSIGNALED(job.wait_status);
  const int signal = signalled ? WTERMSIG(job.wait_status) : 0;
  if (meter_->OutOfMemory()) {
    report.cause = Cause::kMemory;
  } else if (signal == SIGXFSZ || writable_.Full()) {
    report.cause = Cause::kFiles;
  } else if (signal == SIGXCPU || (signal == SIGKILL && job.cpu_us >= job.request.cpu_ms * 1000)) {
    report.cause = Cause::kCpuTime;
  } else if (signalled) {
    report.cause = Cause::kSignalled;
    report.code = signal;
  } else {
    report.cause = Cause::kExited;
    report.code = WEXITSTATUS(job.wait_status);
  }
}

void Warden::Collect(const Running& job, Report& report, std::vector<int>& collected) {
  if (report.cause != Cause::kExited) return;
  for (size_t i = 0; i < job.request.collect.size() && collected.size() < kCollectMax; ++i) {
    const std::string path = std::string(kWorkingFolder) + '/' + job.request.collect[i];
    // No link on the way either: it would be followed with our rights.
    open_how how{.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    const int fd = static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
    if (fd < 0) continue;
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
      close(fd);
      continue;
    }
    report.collected[collected.size()] = static_cast<uint32_t>(i);
    collected.push_back(fd);
  }
  report.num_collected = static_cast<uint32_t>(collected.size());
}

}  // namespace rationale::jail
