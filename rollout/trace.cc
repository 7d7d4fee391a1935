// ChromeTrace: a timeline in the Chrome trace format, for chrome://tracing and Perfetto.

#include "rollout/trace.h"

#include <fmt/format.h>

#include <iterator>

namespace rationale {

void ChromeTrace::Add(const char* name, Clock::time_point begin, Clock::time_point end,
                      int64_t decode_rows, int64_t fill_rows) {
  events_.push_back({name, begin, end, decode_rows, fill_rows});
}

std::string ChromeTrace::Json() const {
  using Microseconds = std::chrono::duration<double, std::micro>;
  std::string json = R"({"displayTimeUnit":"ms","traceEvents":[)";
  for (const Event& event : events_) {
    if (&event != events_.data()) json += ',';
    fmt::format_to(std::back_inserter(json),
                   "\n"
                   R"({{"name":"{}","ph":"X","pid":1,"tid":1,"ts":{:.3f},"dur":{:.3f},)"
                   R"("args":{{"decode_rows":{},"fill_rows":{}}}}})",
                   event.name, Microseconds(event.begin - events_.front().begin).count(),
                   Microseconds(event.end - event.begin).count(), event.decode_rows,
                   event.fill_rows);
  }
  return json + "\n]}\n";
}

}  // namespace rationale
