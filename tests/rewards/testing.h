// What the tests of rewards/ share.

#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/json.h"

namespace rationale {

inline std::string GoldenReward(const std::string& name) {
  return RATIONALE_SOURCE_DIR "/tests/golden/rewards/" + name;
}

// The folder of the published data, $RATIONALE_DATA or ../shared/data beside the sources.
inline std::string RealDataFolder() {
  const char* folder = std::getenv("RATIONALE_DATA");
  return folder != nullptr ? folder : RATIONALE_SOURCE_DIR "/../shared/data";
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
