// Length: DAPO's soft punishment of overlong responses, against its equation.

#include <gtest/gtest.h>

#include "rewards/rubric.h"

namespace rationale {
namespace {

Verdict Judge(const Response& response) {
  const Rubric rubric = Rubric::FromText(
      "[[rewards]]\nname = 'length'\nmax_tokens = 100\nmargin_tokens = 20\n", "rubric.toml");
  return rubric.Judge(response);
}

TEST(Length, FollowsTheEquationOfOverlongShaping) {
  const Problem problem;
  for (int tokens = 1; tokens <= 130; ++tokens) {
    const double expected = tokens <= 80 ? 0 : tokens <= 100 ? (80.0 - tokens) / 20 : -1;
    EXPECT_EQ(Judge({.problem = &problem, .num_tokens = tokens}).score, expected) << tokens;
  }
}

TEST(Length, PunishesACutOffResponseFully) {
  const Problem problem;
  EXPECT_EQ(Judge({.problem = &problem, .num_tokens = 10, .truncated = true}).score, -1);
}

TEST(Length, IsNotJudgedWithoutTokens) {
  const Problem problem;
  EXPECT_FALSE(Judge({.text = "some text", .problem = &problem}).judged);
}

}  // namespace
}  // namespace rationale
