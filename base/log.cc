// Log: spdlog formats and filters; the console keeps lines and the bar apart.

#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/text_table.h"

namespace rationale {
namespace {

// Standard error as a terminal shows it: lines, and under them one bar that is redrawn in place.
class Console {
 public:
  void PrintLine(std::string_view line) {
    const std::lock_guard lock(mutex_);
    std::string text = bar_.empty() ? "" : std::string(kEraseLine);
    text += line;
    if (!text.ends_with('\n')) text += '\n';
    Put(text + bar_);
  }

  void SetBar(std::string_view bar) {
    const std::lock_guard lock(mutex_);
    bar_ = bar;
    Put(std::string(kEraseLine) + bar_);
  }

 private:
  static constexpr std::string_view kEraseLine = "\r\x1b[2K";

  static void Put(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }

  std::mutex mutex_;
  std::string bar_;
};

// There is one standard error in a process, hence one console.
Console& TheConsole() {
  static Console console;
  return console;
}

class ConsoleSink final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    TheConsole().PrintLine({text.data(), text.size()});
  }
  void flush_() override {}
};

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("rationale", std::make_shared<ConsoleSink>());
    made->set_pattern("%H:%M:%S %v");
    return made;
  }();
  return *logger;
}

constexpr double kBarSeconds = 0.1;
constexpr size_t kBarWidth = 24;

std::string Bar(double share) {
  const auto filled = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * kBarWidth + 0.5);
  std::string bar = "▕";
  for (size_t i = 0; i < kBarWidth; ++i) bar += i < filled ? "█" : "·";
  return bar + "▏";
}

std::string RateText(double per_second, const std::string& unit) {
  if (per_second >= 1 || per_second <= 0) return fmt::format("{:.1f} {}/s", per_second, unit);
  return fmt::format("{:.1f} s/{}", 1 / per_second, unit);
}

}  // namespace

void LogInfo(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  while (true) {
    const size_t end = text.find('\n');
    const auto line = text.substr(0, end);
    Logger().info(spdlog::string_view_t(line.data(), line.size()));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void LogWarning(std::string_view line) {
  Logger().warn("warning: {}", line);
}

std::string DurationText(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

ProgressOutput StandardError() {
  ProgressOutput output;
  output.terminal = isatty(STDERR_FILENO) == 1;
  winsize size{};
  if (output.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    output.width = size.ws_col;
  }
  if (output.terminal) {
    output.write = [](std::string_view bar) { TheConsole().SetBar(bar); };
  } else {
    output.write = [](std::string_view line) { LogInfo(line); };
  }
  output.seconds = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  return output;
}

Progress::Progress(std::string what, int64_t total, std::string unit, ProgressOutput output)
    : what_(std::move(what)), total_(total), unit_(std::move(unit)), output_(std::move(output)) {
  start_seconds_ = drawn_seconds_ = output_.seconds();
}

Progress::~Progress() {
  if (output_.terminal && drawn_) output_.write("");
}

void Progress::SetTotal(int64_t total) {
  const std::lock_guard lock(mutex_);
  total_ = total;
}

void Progress::Update(int64_t done, std::string_view detail) {
  const std::lock_guard lock(mutex_);
  const double now = output_.seconds();
  if (start_done_ < 0) {
    start_done_ = std::max<int64_t>(done - 1, 0);
  }
  const double pause = output_.terminal || !drawn_ ? kBarSeconds : kLineSeconds;
  if ((done < total_ || total_ <= 0) && now - drawn_seconds_ < pause) return;
  drawn_ = true;
  drawn_seconds_ = now;
  output_.write(Line(done, now, detail));
}

std::string Progress::Line(int64_t done, double now, std::string_view detail) const {
  const double elapsed = now - start_seconds_;
  const double rate = elapsed > 0 ? static_cast<double>(done - start_done_) / elapsed : 0;
  std::string line = what_ + ' ';
  if (total_ > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(total_);
    if (output_.terminal) line += Bar(share) + ' ';
    line += fmt::format("{}/{}", done, total_);
  } else {
    line += fmt::format("{}", done);
  }
  if (rate > 0) line += "  " + RateText(rate, unit_);
  if (total_ > 0 && done >= total_) {
    line += "  took " + DurationText(elapsed);
  } else if (total_ > 0 && rate > 0) {
    line += "  left " + DurationText(static_cast<double>(total_ - done) / rate);
  }
  if (!detail.empty()) line += fmt::format("  {}", detail);
  return output_.terminal ? CutToWidth(line, static_cast<size_t>(std::max(output_.width - 1, 1)))
                          : line;
}

}  // namespace rationale
