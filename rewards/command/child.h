// Child: a program kept running that answers each line on its standard input with a line on its
// standard output.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

class Child {
 public:
  // Starts `command`: a program, looked up in PATH unless it has a slash, and its arguments; no
  // shell, the environment and folder of this process. Throws Failure if it cannot be started.
  explicit Child(const std::vector<std::string>& command);
  ~Child();  // kills it with all it has started that stayed in its process group
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  struct Answer {
    bool complete = false;  // `line` is what it answered
    std::string line;       // else what went wrong: "it ended with exit code 1; its stderr: ..."
  };

  // Sends `question` (no line break in it) and waits for a line. After an answer that is not
  // complete, or if !in_step(), the child is of no more use.
  Answer Ask(std::string_view question, int64_t deadline_ms);

  // False once it has written more than it was asked for: what it says next cannot be told apart.
  bool in_step() const { return in_step_; }

  // A longer line is not read to its end.
  static constexpr size_t kLineBytesMax = 1 << 20;

 private:
  enum class Event { kNone, kLine, kClosed, kTooLong, kInputClosed };

  Event Exchange(std::string& unsent, int wait_ms);
  Event ReadOutput();
  void ReadErrors();
  // After it has closed a stream: how it ended, or `otherwise` if it lives on.
  std::string HowItEnded(const std::string& otherwise);
  Answer Ended(const std::string& otherwise);
  std::string WithErrors(std::string what) const;

  pid_t process_ = -1;
  int input_ = -1, output_ = -1, errors_ = -1;  // our ends of its standard streams
  std::string read_;                            // output not yet handed on
  std::string error_tail_;
  bool in_step_ = true;
};

}  // namespace rationale
