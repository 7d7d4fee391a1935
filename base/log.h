// Log: lines on standard error, and Progress: a bar on a terminal, a plain line every few seconds
// elsewhere.

#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace rationale {

// Lines on standard error, above the progress bar if there is one; a line break at the end of
// `text` adds none. Thread-safe.
void LogInfo(std::string_view text);
void LogWarning(std::string_view line);

template <typename... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) requires(sizeof...(Args) > 0) {
  LogInfo(std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}

template <typename... Args>
void LogWarning(fmt::format_string<Args...> format, Args&&... args) requires(sizeof...(Args) > 0) {
  LogWarning(std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}

// "0.4 s", "12 s", "3:05", "1:02:09".
std::string DurationText(double seconds);

// Where progress goes and what time it is; a seam for tests.
struct ProgressOutput {
  bool terminal = false;
  int width = 80;  // columns of the terminal
  std::function<void(std::string_view)>
      write;  // on a terminal: replaces the bar, "" removes it; else prints a line
  std::function<double()> seconds;  // monotonic
};

// Standard error and the steady clock.
ProgressOutput StandardError();

// How far a long piece of work is: done of total, rate, time left, and a detail such as the last
// reward.
//   Progress progress("rl", 120, "step");
//   for (...) { ...; progress.Update(step, "reward 1.87"); }
class Progress {
 public:
  Progress(std::string what, int64_t total, std::string unit,
           ProgressOutput output = StandardError());
  ~Progress();  // removes the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` counts from the work's start; a resumed run's first call fixes where the rate is
  // measured from. Drawn at most ten times a second on a terminal and every kLineSeconds elsewhere,
  // but not in the first tenth of a second, whose rate says nothing; the last one always.
  // Thread-safe.
  void Update(int64_t done, std::string_view detail = "");

  // For work whose total is known only as it goes on. 0: not known, only what is done is shown.
  void SetTotal(int64_t total);

  static constexpr double kLineSeconds = 5;

 private:
  std::string Line(int64_t done, double now, std::string_view detail) const;

  const std::string what_;
  int64_t total_;
  const std::string unit_;
  const ProgressOutput output_;
  std::mutex mutex_;
  double start_seconds_ = 0;
  int64_t start_done_ = -1;
  double drawn_seconds_ = 0;
  bool drawn_ = false;
};

}  // namespace rationale
