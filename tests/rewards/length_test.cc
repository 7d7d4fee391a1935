// Length: each mode against its paper's equation.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "rewards/rubric.h"

namespace rationale {
namespace {

constexpr char kOverlong[] = "[[rewards]]\nname = 'length'\nmax_tokens = 100\nmargin_tokens = 20\n";
constexpr char kMath[] = "[[rewards]]\nname = 'math'\n";

Verdict JudgeOverlong(const Response& response) {
  return Rubric::FromText(kOverlong, "rubric.toml").Judge(response);
}

TEST(Length, FollowsTheEquationOfOverlongShaping) {
  const Problem problem;
  for (int tokens = 1; tokens <= 130; ++tokens) {
    const double expected = tokens <= 80 ? 0 : tokens <= 100 ? (80.0 - tokens) / 20 : -1;
    EXPECT_EQ(JudgeOverlong({.problem = &problem, .num_tokens = tokens}).score, expected) << tokens;
  }
}

TEST(Length, PunishesACutOffResponseFully) {
  const Problem problem;
  EXPECT_EQ(JudgeOverlong({.problem = &problem, .num_tokens = 10, .truncated = true}).score, -1);
}

TEST(Length, IsNotJudgedWithoutTokensOrALimit) {
  const Problem problem;
  EXPECT_FALSE(JudgeOverlong({.text = "some text", .problem = &problem}).judged);
  const Rubric unlimited = Rubric::FromText("[[rewards]]\nname = 'length'\n", "rubric.toml");
  EXPECT_FALSE(unlimited.Judge({.text = "text", .problem = &problem, .num_tokens = 3}).judged);
}

Rubric WithMath(const std::string& length) {
  return Rubric::FromText(
      std::string("[[rewards]]\nname = 'length'\nmax_tokens = 100\n") + length + kMath,
      "rubric.toml");
}

Problem SevenProblem() {
  Problem problem;
  problem.reference = "7";
  return problem;
}

TEST(Length, FollowsTheEquationOfCosineScalingForRightAndWrongAnswers) {
  const Rubric rubric =
      WithMath("mode = 'cosine'\ncorrect = [2, 1]\nwrong = [-10, 0]\nexceeded = -9\n");
  const Problem problem = SevenProblem();
  for (int tokens = 1; tokens <= 100; ++tokens) {
    const double cosine = std::cos(tokens * std::numbers::pi / 100);
    const Verdict right = rubric.Judge({.text = "7", .problem = &problem, .num_tokens = tokens});
    EXPECT_NEAR(right.components[0].score, 1 + 0.5 * (2 - 1) * (1 + cosine), 1e-12);
    const Verdict wrong = rubric.Judge({.text = "8", .problem = &problem, .num_tokens = tokens});
    EXPECT_NEAR(wrong.components[0].score, 0 + 0.5 * (-10 - 0) * (1 + cosine), 1e-12);
  }
  const Verdict cut =
      rubric.Judge({.text = "7", .problem = &problem, .num_tokens = 50, .truncated = true});
  EXPECT_EQ(cut.components[0].score, -9);
}

TEST(Length, CosineCannotJudgeWhereTheAnswerCouldNotBeJudged) {
  const Problem no_reference;
  const Rubric rubric = WithMath("mode = 'cosine'\n");
  EXPECT_FALSE(
      rubric.Judge({.text = "7", .problem = &no_reference, .num_tokens = 5}).components[0].judged);
}

// The adaptive penalties of a group of responses with 10, 20, 30, ... tokens.
std::vector<Component> JudgeGroup(const Rubric& rubric, const std::vector<std::string>& texts,
                                  const std::vector<const Problem*>& problems) {
  std::vector<Response> responses;
  std::vector<Verdict> verdicts;
  for (size_t i = 0; i < texts.size(); ++i) {
    responses.push_back({.text = texts[i],
                         .problem = problems[i],
                         .num_tokens = static_cast<int64_t>(10 * (i + 1))});
    verdicts.push_back(rubric.Judge(responses.back()));
    EXPECT_FALSE(verdicts.back().components[0].judged) << "its group is not known yet";
    EXPECT_FALSE(verdicts.back().judged);
  }
  std::vector<Verdict*> pointers;
  for (Verdict& verdict : verdicts) pointers.push_back(&verdict);
  rubric.JudgeGroup(responses, pointers);
  std::vector<Component> components;
  for (const Verdict& verdict : verdicts) {
    double sum = 0;
    for (const Component& component : verdict.components) sum += component.weight * component.score;
    EXPECT_EQ(verdict.score, verdict.judged ? sum : 0);
    components.push_back(verdict.components[0]);
  }
  return components;
}

TEST(Length, ChargesTokensByTheSolveRateOfTheGroup) {
  const Rubric rubric = WithMath("mode = 'adaptive'\nweight = 0.5\n");
  EXPECT_TRUE(rubric.NeedsGroup());
  const Problem seven = SevenProblem();
  const std::vector<const Problem*> problems(4, &seven);
  const auto easy = JudgeGroup(rubric, {"7", "7", "8", "7"}, problems);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(easy[i].judged);
    EXPECT_NEAR(easy[i].score, -0.1 * static_cast<double>(i + 1) * 0.75, 1e-12);
  }
  // Nobody solves it: as if one had.
  const auto hard = JudgeGroup(rubric, {"1", "2", "3", "4"}, problems);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(hard[i].score, -0.1 * static_cast<double>(i + 1) * 0.25, 1e-12);
  }
}

TEST(Length, LeavesUnjudgedResponsesOutOfTheSolveRate) {
  const Rubric rubric = WithMath("mode = 'adaptive'\n");
  const Problem seven = SevenProblem();
  const Problem unknown;
  const auto components =
      JudgeGroup(rubric, {"7", "8", "7", "7"}, {&seven, &seven, &unknown, &unknown});
  EXPECT_NEAR(components[0].score, -0.1 * 0.5, 1e-12) << "one of the two that were judged";
  const auto none = JudgeGroup(rubric, {"7", "7"}, {&unknown, &unknown});
  EXPECT_FALSE(none[0].judged);
}

TEST(Length, CountsNoMoreThanTheLimit) {
  const Rubric rubric = Rubric::FromText(
      std::string("[[rewards]]\nname = 'length'\nmode = 'adaptive'\nmax_tokens = 15\n") + kMath,
      "rubric.toml");
  const Problem seven = SevenProblem();
  EXPECT_EQ(JudgeGroup(rubric, {"7", "7"}, {&seven, &seven})[1].score, -1);
}

TEST(Length, GivesAnEmptyResponseNothing) {
  const Problem seven = SevenProblem();
  for (const char* mode : {"overlong", "cosine", "adaptive"}) {
    const Rubric rubric = WithMath(std::string("mode = '") + mode + "'\n");
    const Response empty{.text = "", .problem = &seven, .num_tokens = 0};
    Verdict verdict = rubric.Judge(empty);
    Verdict* const group[] = {&verdict};
    rubric.JudgeGroup(std::span(&empty, 1), group);
    EXPECT_TRUE(verdict.judged) << mode;
    EXPECT_LE(verdict.components[0].score, 0) << mode;
    EXPECT_LE(verdict.score, 0) << mode;
  }
}

TEST(Length, NamesTheComponentsThatItCouldRead) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      Rubric::FromText(text, "rubric.toml");
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string length = "[[rewards]]\nname = 'length'\nmode = 'cosine'\n";
  EXPECT_NE(message(length + "[[rewards]]\nname = 'format'\n").find("there are: format"),
            std::string::npos);
  EXPECT_NE(message(length).find("there is none"), std::string::npos);
  EXPECT_NE(message(length + "correct = [1]\n" + kMath).find("two numbers"), std::string::npos);
}

}  // namespace
}  // namespace rationale
