// ChromeTrace: a timeline in the Chrome trace format, for chrome://tracing and Perfetto.
//
// A "step" holds a "forward", its ops, "logits" (a linear) and "sampling". "Trace Event Format"
// (Google, 2016): complete events ("ph": "X"), times in microseconds.

#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

class ChromeTrace {
 public:
  using Clock = std::chrono::steady_clock;

  // One event of the engine, with the rows of the step it belongs to. `name` must outlive the
  // trace.
  void Add(const char* name, Clock::time_point begin, Clock::time_point end, int64_t decode_rows,
           int64_t fill_rows);

  // Seconds of the events of these names in steps that decode and fill nothing.
  double DecodeSeconds(std::initializer_list<std::string_view> names) const;

  // All events as one JSON object, times counted from the first.
  std::string Json() const;

 private:
  struct Event {
    const char* name;
    Clock::time_point begin, end;
    int64_t decode_rows, fill_rows;
  };
  std::vector<Event> events_;
};

}  // namespace rationale
