#include "rewards/command/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

constexpr size_t kErrorBytes = 1000;  // kept of the end of standard error
constexpr int kLastWordsMs = 200;     // given to a child that has closed a stream

using Clock = std::chrono::steady_clock;

int64_t MillisecondsUntil(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time - Clock::now()).count();
}

// A pipe both of whose ends close on exec, ours never blocking. Throws Failure.
struct Pipe {
  explicit Pipe(bool to_child) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw Failure("a pipe cannot be made: {}", std::strerror(errno));
    }
    ours = ends[to_child ? 1 : 0];
    theirs = ends[to_child ? 0 : 1];
    fcntl(ours, F_SETFL, fcntl(ours, F_GETFL) | O_NONBLOCK);
  }
  ~Pipe() {
    close(theirs);
    if (ours >= 0) close(ours);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int Release() { return std::exchange(ours, -1); }

  int ours = -1, theirs = -1;
};

// write() that reports a closed pipe as EPIPE alone, whatever this process does with SIGPIPE.
ssize_t WriteWithoutSignal(int descriptor, std::string_view bytes) {
  sigset_t pipe_signal, before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t count = write(descriptor, bytes.data(), bytes.size());
  const int error = errno;
  if (count < 0 && error == EPIPE && sigismember(&before, SIGPIPE) == 0) {
    const timespec now{};
    sigtimedwait(&pipe_signal, nullptr, &now);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return count;
}

pid_t Spawn(const std::vector<std::string>& command, int input, int output, int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t process = -1;
  const int error =
      posix_spawnp(&process, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw Failure("'{}' cannot be started: {}", command[0], std::strerror(error));
  return process;
}

}  // namespace

Child::Child(const std::vector<std::string>& command) {
  Pipe input(true), output(false), errors(false);
  process_ = Spawn(command, input.theirs, output.theirs, errors.theirs);
  input_ = input.Release();
  output_ = output.Release();
  errors_ = errors.Release();
}

Child::~Child() {
  close(input_);
  close(output_);
  close(errors_);
  if (process_ < 0) return;
  kill(-process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

Child::Event Child::ReadOutput() {
  std::array<char, 1 << 16> bytes;
  const ssize_t count = read(output_, bytes.data(), bytes.size());
  if (count == 0) return Event::kClosed;
  if (count > 0) read_.append(bytes.data(), static_cast<size_t>(count));
  if (read_.find('\n') != std::string::npos) return Event::kLine;
  return read_.size() > kLineBytesMax ? Event::kTooLong : Event::kNone;
}

void Child::ReadErrors() {
  std::array<char, 1 << 12> bytes;
  const ssize_t count = read(errors_, bytes.data(), bytes.size());
  if (count <= 0) {
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close(std::exchange(errors_, -1));
    return;
  }
  error_tail_.append(bytes.data(), static_cast<size_t>(count));
  if (error_tail_.size() > kErrorBytes) error_tail_.erase(0, error_tail_.size() - kErrorBytes);
}

// Waits once for any of its streams and serves those that are ready.
Child::Event Child::Exchange(std::string& unsent, int wait_ms) {
  std::array<pollfd, 3> streams = {{{.fd = output_, .events = POLLIN},
                                    {.fd = errors_, .events = POLLIN},
                                    {.fd = unsent.empty() ? -1 : input_, .events = POLLOUT}}};
  if (poll(streams.data(), streams.size(), wait_ms) <= 0) return Event::kNone;
  if (streams[1].revents != 0) ReadErrors();
  if (streams[0].revents != 0) {
    const Event event = ReadOutput();
    if (event != Event::kNone) return event;
  }
  if (streams[2].revents != 0) {
    const ssize_t count = WriteWithoutSignal(input_, unsent);
    if (count > 0) unsent.erase(0, static_cast<size_t>(count));
    if (count < 0 && errno != EAGAIN && errno != EINTR) return Event::kInputClosed;
  }
  return Event::kNone;
}

std::string Child::HowItEnded(const std::string& otherwise) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(kLastWordsMs);
  // Debian 12's <sys/pidfd.h> declares pidfd_open for C alone.
  const int end = static_cast<int>(syscall(SYS_pidfd_open, process_, 0));
  std::array<pollfd, 2> streams = {{{.fd = end, .events = POLLIN}, {.events = POLLIN}}};
  for (int64_t left = kLastWordsMs; left > 0; left = MillisecondsUntil(deadline)) {
    streams[1].fd = errors_;
    if (poll(streams.data(), streams.size(), static_cast<int>(left)) <= 0) break;
    if (streams[1].revents != 0) {
      ReadErrors();
    } else {
      break;  // it has gone, and all that it wrote is read
    }
  }
  close(end);
  int status = 0;
  if (waitpid(process_, &status, WNOHANG) != process_) return otherwise;
  kill(-process_, SIGKILL);  // what it has left behind
  process_ = -1;
  if (WIFSIGNALED(status)) return fmt::format("it ended by signal {}", WTERMSIG(status));
  return fmt::format("it ended with exit code {}", WEXITSTATUS(status));
}

std::string Child::WithErrors(std::string what) const {
  std::string tail;
  for (const char c : Trim(error_tail_)) tail += c == '\n' ? std::string(" | ") : std::string(1, c);
  return tail.empty() ? what : fmt::format("{}; its stderr: {}", what, tail);
}

Child::Answer Child::Ended(const std::string& otherwise) {
  const std::string how = HowItEnded(otherwise);  // reads the last of its stderr
  return {.line = WithErrors(how)};
}

Child::Answer Child::Ask(std::string_view question, int64_t deadline_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(deadline_ms);
  std::string unsent = std::string(question) + '\n';
  std::string nothing;
  if (Event early = Exchange(nothing, 0); early != Event::kNone || !read_.empty()) {
    if (early == Event::kClosed && read_.empty()) return Ended("it closed its output");
    in_step_ = false;
    return {.line = WithErrors("it wrote a line that it was not asked for")};
  }
  while (true) {
    const int64_t left = MillisecondsUntil(deadline);
    if (left <= 0) {
      return {.line = WithErrors(fmt::format("it did not answer within {} ms", deadline_ms))};
    }
    switch (Exchange(unsent, static_cast<int>(std::min<int64_t>(left, 1 << 20)))) {
      case Event::kNone:
        break;
      case Event::kClosed:
        return Ended("it closed its output");
      case Event::kInputClosed:
        return Ended("it closed its input");
      case Event::kTooLong:
        return {.line = WithErrors(
                    fmt::format("it answered a line of more than {} bytes", kLineBytesMax))};
      case Event::kLine: {
        const size_t end = read_.find('\n');
        Answer answer{.complete = true, .line = read_.substr(0, end)};
        read_.erase(0, end + 1);
        in_step_ = read_.empty() && unsent.empty();
        return answer;
      }
    }
  }
}

}  // namespace rationale
