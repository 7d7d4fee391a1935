#include "sandbox/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace rationale {

ProcessResult RunProcess(const std::vector<std::string>& argv, bool discard_stderr) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Failure("run {}: {}", argv[0], std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  if (discard_stderr) {
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  } else {
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    throw Failure("run {}: {}", argv[0], std::strerror(error));
  }
  ProcessResult result;
  char bytes[65536];
  ssize_t got;
  while ((got = read(ends[0], bytes, sizeof bytes)) > 0 || (got < 0 && errno == EINTR)) {
    if (got > 0) result.output.append(bytes, static_cast<size_t>(got));
  }
  close(ends[0]);
  while (waitpid(pid, &result.wait_status, 0) < 0 && errno == EINTR) {
  }
  return result;
}

}  // namespace rationale
