// The jail's helper program: the keeper, which stays outside a cell and ends it, and the warden
// within.
//
// The library starts it from memory, statically linked: it needs no files of its own, and the
// trainer, however large, is never forked.

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "sandbox/jail/syscalls.h"
#include "sandbox/jail/warden.h"

namespace rationale::jail {

void Refuse(std::string_view step, std::string_view why) {
  Report report;
  report.kind = Kind::kRefused;
  const std::string text = std::string(step) + ": " + std::string(why);
  std::strncpy(report.text, text.c_str(), sizeof report.text - 1);
  SendMessage(kControlFd, &report, sizeof report);
  _exit(1);
}

void Refuse(std::string_view step) {
  const int error = errno;
  Refuse(step, strerror(error));
}

bool WriteSmallFileAt(int folder, const char* path, std::string_view text) {
  const int fd = openat(folder, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  close(fd);
  errno = error;
  return done;
}

bool WriteSmallFile(const char* path, std::string_view text) {
  return WriteSmallFileAt(AT_FDCWD, path, text);
}

namespace {

constexpr uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr uint32_t kInnerId = 1000;

CellConfig ReadConfig() {
  std::string bytes;
  if (!ReadMemoryFile(kConfigFd, bytes)) Refuse("read the configuration");
  Decoder decoder(bytes);
  CellConfig config;
  decoder(config);
  if (!decoder.ok() || config.cgroup_files.size() != kNumCgroupFiles) {
    Refuse("read the configuration", "it is cut off");
  }
  return config;
}

std::array<int, kNumCgroupFiles> OpenCgroupFiles(const CellConfig& config) {
  std::array<int, kNumCgroupFiles> fds;
  for (size_t i = 0; i < kNumCgroupFiles; ++i) {
    const std::string& path = config.cgroup_files[i];
    fds[i] = path.empty() ? -1 : open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (!path.empty() && fds[i] < 0 && (errno == EACCES || errno == EPERM || errno == EINVAL)) {
      fds[i] = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    }
    if (!path.empty() && fds[i] < 0) Refuse("open " + path);
  }
  return fds;
}

void MapUser(pid_t warden, const CellConfig& config) {
  const std::string folder = "/proc/" + std::to_string(warden);
  // A user may map his group only after giving up setgroups().
  if (config.privileged == 0 && !WriteSmallFile((folder + "/setgroups").c_str(), "deny")) {
    Refuse("give up setgroups");
  }
  const std::string inner = std::to_string(kInnerId) + ' ';
  if (!WriteSmallFile((folder + "/uid_map").c_str(),
                      inner + std::to_string(config.outer_uid) + " 1") ||
      !WriteSmallFile((folder + "/gid_map").c_str(),
                      inner + std::to_string(config.outer_gid) + " 1")) {
    Refuse("map a user into the jail");
  }
}

[[noreturn]] void BeWarden(CellConfig config, const std::array<int, kNumCgroupFiles>& cgroup_files,
                           int mapped) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  char byte;
  if (read(mapped, &byte, 1) != 1) _exit(1);  // the keeper died before us
  close(mapped);
  close(kLifelineFd);
  // Only now, in the cell's own cgroup: this becomes the root that programs see.
  if (unshare(CLONE_NEWCGROUP) != 0) Refuse("make a cgroup namespace");
  Warden warden(std::move(config), cgroup_files);
  warden.Serve();
  _exit(0);
}

// Waits for the library's end or the warden's, whichever is first, and leaves nothing behind.
int Keep(pid_t warden, const CellConfig& config) {
  const int pidfd = PidfdOpen(warden);
  if (pidfd < 0) Refuse("pidfd_open");
  pollfd ends[2] = {{kLifelineFd, 0, 0}, {pidfd, POLLIN, 0}};
  while (poll(ends, 2, -1) < 0 && errno == EINTR) {
  }
  kill(warden, SIGKILL);
  while (waitpid(warden, nullptr, 0) < 0 && errno == EINTR) {
  }
  for (const std::string& folder : config.cgroups) {
    // The kernel lets go of the last process a moment after it was waited for.
    for (int attempt = 0; attempt < 100 && rmdir(folder.c_str()) != 0 && errno == EBUSY;
         ++attempt) {
      poll(nullptr, 0, 10);
    }
  }
  return 0;
}

int Main() {
  CloseRange(kFirstFreeFd, ~0U);
  umask(022);
  prctl(PR_SET_NAME, "rationale-jail", 0, 0, 0);
  // Ctrl-C reaches the whole foreground group; it is the library that decides when a cell ends.
  setsid();
  CellConfig config = ReadConfig();
  close(kConfigFd);
  const std::array<int, kNumCgroupFiles> cgroup_files = OpenCgroupFiles(config);
  int mapped[2];
  if (pipe2(mapped, O_CLOEXEC) != 0) Refuse("pipe");
  const pid_t warden = CloneInto(kNamespaces);
  if (warden < 0) {
    Refuse(
        "make namespaces (user, pid, mount, net, ipc, uts); are user namespaces allowed "
        "here?");
  }
  if (warden == 0) {
    close(mapped[1]);
    BeWarden(std::move(config), cgroup_files, mapped[0]);
  }
  close(mapped[0]);
  MapUser(warden, config);
  for (const std::string& folder : config.cgroups) {
    if (!WriteSmallFile((folder + "/cgroup.procs").c_str(), std::to_string(warden))) {
      Refuse("join the cgroup " + folder);
    }
  }
  if (write(mapped[1], "1", 1) != 1) Refuse("start the warden");
  close(mapped[1]);
  close(kControlFd);
  return Keep(warden, config);
}

}  // namespace
}  // namespace rationale::jail

int main() {
  return rationale::jail::Main();
}
