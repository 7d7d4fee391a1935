// What the tests of rewards/ share.

#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/json.h"
#include "rewards/rubric.h"

namespace rationale {

inline std::string GoldenReward(const std::string& name) {
  return RATIONALE_SOURCE_DIR "/tests/golden/rewards/" + name;
}

// The folder of the published data, $RATIONALE_DATA or ../shared/data beside the sources.
inline std::string RealDataFolder() {
  const char* folder = std::getenv("RATIONALE_DATA");
  return folder != nullptr ? folder : RATIONALE_SOURCE_DIR "/../shared/data";
}

// What the reward `name` with these TOML options says of a response.
inline Component JudgeWith(const std::string& name, const std::string& options,
                           std::string_view response, const Problem& problem) {
  const Rubric rubric =
      Rubric::FromText("[[rewards]]\nname = '" + name + "'\n" + options, "rubric.toml");
  return rubric.Judge({.text = response, .problem = &problem}).components[0];
}

// CPU time of this thread; the machine may be busy with other things. Under a sanitizer, which
// slows down three to tenfold, a tenth of it.
inline double ThreadCpuMs() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr double kSlowdown = 10;
#else
  constexpr double kSlowdown = 1;
#endif
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  const double ms =
      static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
  return ms / kSlowdown;
}

// Skips the test where the published data are not there.
#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << (path)

// Calls `visit` with every line of a JSONL file.
inline void ForEachRow(const std::string& path,
                       const std::function<void(const JsonObject&)>& visit) {
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    const rapidjson::Document document = ParseJson(line, path, number);
    visit(JsonObject(document, path + ":" + std::to_string(number)));
  }
}

}  // namespace rationale
