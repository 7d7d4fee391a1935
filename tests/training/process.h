// Process: the program itself, run in a process group of its own, watched and killed.

#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"

namespace rationale {

class Process {
 public:
  // Starts the program with these arguments; standard output and error go to the file `log`.
  Process(std::vector<std::string> arguments, const std::string& log) {
    arguments.insert(arguments.begin(), RATIONALE_PROGRAM);
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    Check{pid_ >= 0, "fork failed"};
    if (pid_ > 0) return;
    setpgid(0, 0);
    const int file = open(log.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0644);
    dup2(file, 1);
    dup2(file, 2);
    execv(argv[0], argv.data());
    _exit(127);
  }
  Process(const Process&) = delete;
  ~Process() {
    if (!ended_) Kill(SIGKILL);
  }

  // Polls `condition` until it holds; false when the process ended first or a minute is over.
  bool WaitFor(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition()) return !Ended();
      if (Ended()) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return false;
  }

  // Sends the signal to the whole group and waits for the end. True if it ended by that signal: it
  // was alive.
  bool Kill(int signal) {
    if (Ended()) return false;
    kill(-pid_, signal);
    Wait();
    return WIFSIGNALED(status_) && WTERMSIG(status_) == signal;
  }

  // Sends the signal to the process and lets it go on. False if it had ended already.
  bool Signal(int signal) { return !Ended() && kill(pid_, signal) == 0; }

  // Waits for the end and returns the exit code, -1 if a signal ended it.
  int Wait() {
    if (!ended_) waitpid(pid_, &status_, 0);
    ended_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }

 private:
  bool Ended() {
    if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }

  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace rationale
