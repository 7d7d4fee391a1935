#include "sandbox/cell.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "sandbox/filter.h"
#include "sandbox/resources.h"

namespace rationale {
namespace {

constexpr int kReadyTimeoutMs = 90'000;
constexpr int64_t kGraceMs = 15'000;  // beyond a job's wall limit before its cell is given up
constexpr int kEndTimeoutMs = 10'000;

[[noreturn]] void FailSystem(const char* step) {
  throw Failure("the sandbox: {}: {}", step, std::strerror(errno));
}

int64_t NowMs() {
  using std::chrono::steady_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             steady_clock::now().time_since_epoch())
      .count();
}

// A memfd with the helper's image, kept for the process's lifetime.
int HelperImage() {
  static const int fd = [] {
    const OwnedFd image(jail::MemoryFile("rationale-jail", JailHelper()));
    return image ? fcntl(image.get(), F_DUPFD_CLOEXEC, 64) : -1;
  }();
  if (fd < 0) FailSystem("put the jail's helper into memory");
  return fd;
}

// As root, whom a cell's user is outside: nobody, and another nobody for each cell, so that the
// kernel's counts per user stay apart.
uint32_t OuterId(const char* map_path) {
  static std::atomic<uint32_t> next{0};
  constexpr uint32_t kHigh = 2'000'000'000, kLow = 64'000, kSpread = 1'000;
  std::ifstream map(map_path);
  uint64_t inner, outer, count;
  while (map >> inner >> outer >> count) {
    if (inner <= kHigh && inner + count > kHigh + kSpread) return kHigh + next++ % kSpread;
  }
  return kLow + next++ % kSpread;
}

// Lets the program open /dev/stdout although it is another user.
void OpenToAll(int fd) {
  fchmod(fd, 0666);
}

}  // namespace

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void OwnedFd::Reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Cell::Cell(const CellKind& kind, const SandboxOptions& options) {
  if (options.use_cgroups) cgroup_ = MakeCellCgroup(options.cgroup_parent);
  jail::CellConfig config{.paths = kind.paths, .server = kind.server, .filter = SystemCallFilter()};
  if (!kind.server.empty()) config.server_library = ServerLibrary();
  config.privileged = geteuid() == 0;
  config.outer_uid = config.privileged ? OuterId("/proc/self/uid_map") : geteuid();
  config.outer_gid = config.privileged ? OuterId("/proc/self/gid_map") : getegid();
  config.cgroups = cgroup_.folders;
  config.cgroup_v2 = cgroup_.v2;
  config.cgroup_files.assign(cgroup_.files.begin(), cgroup_.files.end());
  int pair[2], lifeline[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) FailSystem("socketpair");
  control_ = OwnedFd(pair[0]);
  OwnedFd far_control(pair[1]);
  if (pipe2(lifeline, O_CLOEXEC) != 0) FailSystem("pipe");
  OwnedFd far_lifeline(lifeline[0]);
  lifeline_ = OwnedFd(lifeline[1]);
  OwnedFd config_fd(jail::MemoryFile("config", jail::Encode(config)));
  if (!config_fd) FailSystem("memfd_create");
  Spawn(far_control.get(), far_lifeline.get(), config_fd.get());
  far_control.Reset();
  far_lifeline.Reset();
  AwaitReady();
}

void Cell::Spawn(int control, int lifeline, int config) {
  const std::string image = "/proc/self/fd/" + std::to_string(HelperImage());
  // Out of the way of the numbers they are moved to.
  const OwnedFd aside[] = {OwnedFd(fcntl(control, F_DUPFD_CLOEXEC, 64)),
                           OwnedFd(fcntl(lifeline, F_DUPFD_CLOEXEC, 64)),
                           OwnedFd(fcntl(config, F_DUPFD_CLOEXEC, 64))};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd < 3; ++fd) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, aside[0].get(), jail::kControlFd);
  posix_spawn_file_actions_adddup2(&actions, aside[1].get(), jail::kLifelineFd);
  posix_spawn_file_actions_adddup2(&actions, aside[2].get(), jail::kConfigFd);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char name[] = "rationale-jail";
  char* argv[] = {name, nullptr};
  char* environment[] = {nullptr};
  const int error = posix_spawn(&keeper_, image.c_str(), &actions, &attributes, argv, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    keeper_ = -1;
    cgroup_.Remove();
    throw Failure("the sandbox: start the jail's helper from memory: {}", std::strerror(error));
  }
}

void Cell::AwaitReady() {
  pollfd ready{control_.get(), POLLIN, 0};
  jail::Report report;
  std::vector<int> fds;
  std::string reason = "its helper did not answer";
  if (poll(&ready, 1, kReadyTimeoutMs) == 1) {
    const ssize_t got = jail::ReceiveMessage(control_.get(), &report, sizeof report, fds);
    if (got == sizeof report && report.kind == jail::Kind::kReady) return;
    reason = got == sizeof report ? report.text : "its helper ended without a word";
  }
  Close();  // no destructor runs for an object that was never complete
  throw Failure("the sandbox cannot run here: {}", reason);
}

Cell::~Cell() {
  Close();
}

void Cell::Close() {
  lifeline_.Reset();
  control_.Reset();
  if (keeper_ > 0) {
    const OwnedFd keeper(static_cast<int>(syscall(SYS_pidfd_open, keeper_, 0)));
    pollfd ended{keeper.get(), POLLIN, 0};
    if (keeper && poll(&ended, 1, kEndTimeoutMs) != 1) kill(keeper_, SIGKILL);
    while (waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
    }
    keeper_ = -1;
  }
  cgroup_.Remove();
}

CellJob::CellJob(Cell& cell, const jail::JobRequest& request, const std::string& stdin_text,
                 int64_t output_bytes_max, int channel)
    : cell_(cell), request_(request), output_left_(output_bytes_max) {
  if (!Start(stdin_text, channel))
    Break("give the job to its cell: " + std::string(std::strerror(errno)));
}

bool CellJob::Start(const std::string& stdin_text, int channel) {
  const OwnedFd request(jail::MemoryFile("job", jail::Encode(request_)));
  const OwnedFd input(jail::MemoryFile("stdin", stdin_text));
  if (!request || !input) return false;
  // Sealed and opened anew for reading: through /proc/self/fd/0 a program could otherwise open it
  // for writing and keep there what no limit counts.
  if (fcntl(input.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
      0) {
    return false;
  }
  const OwnedFd input_read(
      open(("/proc/self/fd/" + std::to_string(input.get())).c_str(), O_RDONLY | O_CLOEXEC));
  if (!input_read) return false;
  OpenToAll(input.get());
  OwnedFd far[2];
  for (int i = 0; i < 2; ++i) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    streams_[i].fd = OwnedFd(ends[0]);
    far[i] = OwnedFd(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    OpenToAll(ends[1]);
  }
  std::vector<int> fds{request.get(), input_read.get(), far[0].get(), far[1].get()};
  if (channel >= 0) fds.push_back(channel);
  const jail::Order order = jail::Order::kRun;
  give_up_ms_ = NowMs() + request_.wall_ms + kGraceMs;
  return jail::SendMessage(cell_.control_.get(), &order, sizeof order, fds);
}

void CellJob::Break(const std::string& reason) {
  outcome_.end = End::kJailFailure;
  outcome_.reason = reason;
  cell_.usable_ = false;
  done_ = true;
}

void CellJob::ReadStream(Stream& stream) {
  char bytes[65536];
  while (stream.fd) {
    const ssize_t got = read(stream.fd.get(), bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      stream.fd.Reset();
      return;
    }
    const auto kept = static_cast<size_t>(std::min<int64_t>(got, output_left_));
    stream.text.append(bytes, kept);
    output_left_ -= static_cast<int64_t>(kept);
    if (kept == static_cast<size_t>(got)) continue;
    stream.truncated = true;
    if (!stopped_) {
      stopped_ = true;
      const jail::Order order = jail::Order::kStop;
      jail::SendMessage(cell_.control_.get(), &order, sizeof order);
    }
  }
}

void CellJob::EndBecause(const std::string& reason) {
  if (done_ || !end_reason_.empty()) return;
  end_reason_ = reason;
  const jail::Order order = jail::Order::kStop;
  jail::SendMessage(cell_.control_.get(), &order, sizeof order);
}

void CellJob::ReadReport() {
  jail::Report report;
  std::vector<int> fds;
  const ssize_t got = jail::ReceiveMessage(cell_.control_.get(), &report, sizeof report, fds);
  if (got == sizeof report && report.kind == jail::Kind::kDone) {
    Finish(report, fds);
  } else {
    Break(got == sizeof report ? report.text : "the cell ended during the job");
  }
}

void CellJob::Finish(const jail::Report& report, std::vector<int>& fds) {
  for (Stream& stream : streams_) ReadStream(stream);  // all writers are dead
  outcome_.end = static_cast<End>(report.cause);
  if (outcome_.end == End::kExited) outcome_.exit_code = report.code;
  if (outcome_.end == End::kSignalled) outcome_.signal = report.code;
  if (stopped_ && outcome_.end != End::kJailFailure) outcome_.end = End::kOutput;
  outcome_.reason = report.text;
  if (outcome_.end == End::kOutput && !stopped_) {  // it was our stop that ended it
    outcome_.end = End::kSignalled;
    outcome_.signal = SIGKILL;
    outcome_.reason = end_reason_;
  }
  outcome_.wall_ms = static_cast<double>(report.wall_us) / 1000;
  outcome_.cpu_ms = static_cast<double>(report.cpu_us) / 1000;
  outcome_.memory_bytes = report.peak_bytes;
  if (report.retire != 0) cell_.usable_ = false;
  for (size_t i = 0; i < fds.size(); ++i) {
    File file;
    if (i < report.num_collected) file.path = request_.collect[report.collected[i]];
    struct stat status;
    file.executable = fstat(fds[i], &status) == 0 && (status.st_mode & S_IXUSR) != 0;
    if (jail::ReadMemoryFile(fds[i], file.contents)) outcome_.files.push_back(std::move(file));
    close(fds[i]);
  }
  done_ = true;
}

Outcome CellJob::Take() {
  outcome_.stdout_text = std::move(streams_[0].text);
  outcome_.stderr_text = std::move(streams_[1].text);
  outcome_.stdout_truncated = streams_[0].truncated;
  outcome_.stderr_truncated = streams_[1].truncated;
  return std::move(outcome_);
}

void Supervise(std::span<CellJob* const> jobs) {
  while (true) {
    std::vector<pollfd> events;
    int64_t give_up_ms = INT64_MAX;
    for (CellJob* job : jobs) {
      if (job->done_) continue;
      // A closed stream's -1 is skipped by poll.
      for (const auto& stream : job->streams_) events.push_back({stream.fd.get(), POLLIN, 0});
      events.push_back({job->cell_.control_.get(), POLLIN, 0});
      give_up_ms = std::min(give_up_ms, job->give_up_ms_);
    }
    if (events.empty()) return;
    if (jobs.front()->done_) {
      for (CellJob* job : jobs) job->EndBecause("the program it was joined to has ended");
    }
    const int64_t left_ms = std::clamp<int64_t>(give_up_ms - NowMs(), 0, 1'000'000);
    if (poll(events.data(), events.size(), static_cast<int>(left_ms)) < 0 && errno != EINTR)
      FailSystem("poll");
    size_t at = 0;
    for (CellJob* job : jobs) {
      if (job->done_) continue;
      for (auto& stream : job->streams_) {
        if (events[at++].revents != 0) job->ReadStream(stream);
      }
      if (events[at++].revents != 0) {
        job->ReadReport();
      } else if (NowMs() > job->give_up_ms_) {
        job->Break("the cell did not end the job in time");
      }
    }
  }
}

}  // namespace rationale
