#include "sandbox/jail/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>

#include "sandbox/jail/root.h"
#include "sandbox/jail/syscalls.h"

namespace rationale::jail {
namespace {

constexpr int kStartTimeoutMs = 60'000;

[[noreturn]] void Execute(const std::vector<std::string>& argv, int socket, int filter, int proc,
                          int library) {
  uint64_t keep = 0;
  for (int capability : kServerCapabilities) keep |= uint64_t{1} << capability;
  // Moved out of the way first: any of them may lie where another goes.
  const int fds[] = {fcntl(socket, F_DUPFD, 16), fcntl(filter, F_DUPFD, 16),
                     fcntl(proc, F_DUPFD, 16), fcntl(library, F_DUPFD, 16)};
  const int null = open("/dev/null", O_RDWR);
  if (null < 0) _exit(126);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  dup2(fds[0], kServerSocketFd);
  dup2(fds[1], kServerFilterFd);
  dup2(fds[2], kServerProcFd);
  dup2(fds[3], kServerLibraryFd);
  CloseRange(kServerLibraryFd + 1, ~0U);
  if (!DropCapabilities(keep)) _exit(126);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const char* environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                               "HOME=/tmp/box",
                               "LANG=C.UTF-8",
                               "TZ=UTC",
                               "PYTHONHASHSEED=0",
                               nullptr};
  if (chdir("/") != 0) _exit(126);
  execve(arguments[0], arguments.data(), const_cast<char**>(environment));
  _exit(127);
}

}  // namespace

Server::Server(const std::vector<std::string>& argv, const std::string& library,
               const std::string& filter, int proc_fd) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) Refuse("socketpair");
  const int filter_fd = MemoryFile("filter", filter);
  const int library_fd = MemoryFile("library", library);
  if (filter_fd < 0 || library_fd < 0) Refuse("memfd_create");
  pid_ = CloneInto(0);
  if (pid_ < 0) Refuse("fork the server");
  if (pid_ == 0) Execute(argv, pair[1], filter_fd, proc_fd, library_fd);
  close(pair[1]);
  close(filter_fd);
  close(library_fd);
  socket_ = pair[0];
  pollfd ready{socket_, POLLIN, 0};
  if (poll(&ready, 1, kStartTimeoutMs) != 1)
    Refuse("start the fork server", argv[0] + " did not answer");
  char hello = 0;
  std::vector<int> fds;
  if (ReceiveMessage(socket_, &hello, 1, fds) != 1) {
    Refuse("start the fork server", argv[0] + " ended at once");
  }
}

bool Server::Start(const JobRequest& request, const ProcessLimits& limits, int init_namespace,
                   int landlock_fd, const std::vector<int>& fds) {
  std::string words;
  for (const auto* list : {&request.argv, &request.environment}) {
    for (const std::string& word : *list) words.append(word).push_back('\0');
  }
  const int words_fd = MemoryFile("words", words);
  if (words_fd < 0) return false;
  std::vector<int> sent{init_namespace, words_fd};
  sent.insert(sent.end(), fds.begin(), fds.end());
  if (landlock_fd >= 0) sent.push_back(landlock_fd);
  const ServerRequest message{.limits = limits,
                              .num_arguments = static_cast<int32_t>(request.argv.size()),
                              .num_channels = static_cast<int32_t>(fds.size()),
                              .has_landlock = landlock_fd >= 0};
  const bool done = SendMessage(socket_, &message, sizeof message, sent);
  close(words_fd);
  return done;
}

bool Server::Finish(ServerAnswer& answer) {
  std::vector<int> fds;
  return ReceiveMessage(socket_, &answer, sizeof answer, fds) == sizeof answer;
}

}  // namespace rationale::jail
