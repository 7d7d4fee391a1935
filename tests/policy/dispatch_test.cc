#include "policy/ops/cpu/dispatch.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "policy/ops/ops.h"

namespace rationale::ops::cpu {
namespace {

TEST(CpuLevel, IsTheMachinesHighestUnlessSet) {
  EXPECT_EQ(ActiveLevel(), MachineLevels().back());
  for (const Level level : MachineLevels()) {
    SetLevel(level);
    EXPECT_STREQ(CpuLevel(), Name(level));
  }
}

TEST(CpuLevel, IsFoundByItsNameAlone) {
  for (const Level level : MachineLevels()) EXPECT_EQ(LevelNamed(Name(level)), level);
  try {
    LevelNamed("avx512_fp16");
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("RATIONALE_CPU=avx512_fp16"), std::string::npos) << message;
    EXPECT_NE(message.find("portable"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace rationale::ops::cpu
