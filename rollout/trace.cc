// ChromeTrace: a timeline in the Chrome trace format, for chrome://tracing and Perfetto.

#include "rollout/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace rationale {

void ChromeTrace::Add(const char* name, Clock::time_point begin, Clock::time_point end,
                      int64_t decode_rows, int64_t fill_rows) {
  events_.push_back({name, begin, end, decode_rows, fill_rows});
}

double ChromeTrace::DecodeSeconds(std::initializer_list<std::string_view> names) const {
  std::chrono::duration<double> seconds{0};
  for (const Event& event : events_) {
    if (event.decode_rows == 0 || event.fill_rows > 0) continue;
    if (std::ranges::find(names, event.name) != names.end()) seconds += event.end - event.begin;
  }
  return seconds.count();
}

std::string ChromeTrace::Json() const {
  using Microseconds = std::chrono::duration<double, std::micro>;
  std::string json = R"({"displayTimeUnit":"ms","traceEvents":[)";
  Clock::time_point start = Clock::time_point::max();  // a step is added after what it holds
  for (const Event& event : events_) start = std::min(start, event.begin);
  for (const Event& event : events_) {
    if (&event != events_.data()) json += ',';
    fmt::format_to(std::back_inserter(json),
                   "\n"
                   R"({{"name":"{}","ph":"X","pid":1,"tid":1,"ts":{:.3f},"dur":{:.3f},)"
                   R"("args":{{"decode_rows":{},"fill_rows":{}}}}})",
                   event.name, Microseconds(event.begin - start).count(),
                   Microseconds(event.end - event.begin).count(), event.decode_rows,
                   event.fill_rows);
  }
  return json + "\n]}\n";
}

}  // namespace rationale
