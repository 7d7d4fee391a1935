// The parts of `rationale bench sandbox`, one a file: speed, attacks, soak.

#pragma once

#include <cstdint>
#include <string>

namespace rationale {

struct SpeedOptions {
  double seconds = 1.5;  // of each measurement
  int64_t rounds = 3;    // the kinds alternate; the median is printed
  std::string bwrap = "bwrap", nsjail = "nsjail";
  std::string humaneval;  // HumanEval.jsonl or .jsonl.gz; empty: not measured
};

// Jobs a second, one at a time and two at once, beside other ways to run Python. Returns one line
// of JSON.
std::string BenchSandboxSpeed(const SpeedOptions& options);

// Every attack of `folder` in the jail, as this user and, if that is root, as nobody too, and each
// once without the jail. Prints a line each unless `json`; returns one line of JSON. `all_held`:
// whether none escaped and none stayed without a control run that could have had one.
std::string BenchSandboxAttacks(const std::string& folder, bool control, bool json, bool& all_held);

// `jobs` mixed jobs, a tenth of them attacks, two at once, and what they left behind. Returns one
// line of JSON. `clean`: nothing.
std::string BenchSandboxSoak(const std::string& folder, int64_t jobs, bool& clean);

}  // namespace rationale
