#include "rl/lab/detectors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rationale {
namespace {

struct Scored {
  const char* group;
  double score;
  int length;
};

// What the detectors say of these responses.
std::string Report(const std::vector<Scored>& responses, const AnswerPlace& place = {},
                   bool tokens = true) {
  Detectors detectors({"math"});
  Sheet sheet;
  for (const Scored& scored : responses) {
    ScoredRow row;
    row.group = scored.group;
    (tokens ? row.num_tokens : row.max_tokens) = scored.length;
    row.num_characters = scored.length;
    const Verdict verdict{.judged = true,
                          .score = scored.score,
                          .components = {{.name = "math", .judged = true, .score = scored.score}}};
    sheet.Add(row, verdict, nullptr);
    detectors.Add(verdict, place);
  }
  return detectors.Text(sheet);
}

TEST(Detectors, CountGroupsWithoutVariance) {
  EXPECT_EQ(
      Report({{"a", 1, 5}, {"a", 1, 5}, {"b", 0, 5}, {"b", 0, 5}, {"c", 0, 5}, {"c", 1, 5}}),
      "! 2 of 3 groups (67%) have no variance and teach nothing: 1 at the highest score, 1 at "
      "the lowest\n");
  EXPECT_EQ(Report({{"a", 1, 5}, {"a", 0, 5}, {"b", 0, 5}, {"", 0, 5}}),
            "  0 of 1 groups (0%) have no variance and teach nothing: 0 at the highest score, 0 at "
            "the lowest\n")
      << "a response alone, or of no group, is none";
}

TEST(Detectors, FindSaturation) {
  std::vector<Scored> responses(40, {"", 1, 5});
  responses[0].score = 0;
  EXPECT_EQ(Report(responses), "! the score is saturated: 1 in 97.5% of 40 responses\n");
  responses[1].score = responses[2].score = 0;
  EXPECT_EQ(Report(responses), "");
}

TEST(Detectors, FindARewardThatTracksLength) {
  std::vector<Scored> responses;
  for (int i = 0; i < 40; ++i) responses.push_back({"", static_cast<double>(-i), 10 + 3 * i});
  EXPECT_EQ(Report(responses), "! score and length in tokens: r = -1.00 over 40 responses\n");
  EXPECT_EQ(Report(responses, {}, false),
            "! score and length in characters: r = -1.00 over 40 responses\n");
}

// Simpson's paradox: longer is worse in every group, and better over all.
TEST(Detectors, TellTheCorrelationWithinGroupsApart) {
  std::vector<Scored> responses;
  for (int i = 0; i < 20; ++i) {
    responses.push_back({"a", -0.1 * (i % 5), 10 + i % 5});
    responses.push_back({"b", 5 - 0.1 * (i % 5), 50 + i % 5});
  }
  EXPECT_EQ(Report(responses),
            "  0 of 2 groups (0%) have no variance and teach nothing: 0 at the highest score, 0 at "
            "the lowest\n"
            "! score and length in tokens: r = +0.99 over 40 responses, -1.00 within groups\n");
}

AnswerPlace PlaceOf(const std::string& text) {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'math'\n", "r");
  ScoredRow row;
  row.problem.reference = "4";
  row.text = text;
  return FindAnswerPlace(rubric, row, rubric.Judge(row.response()));
}

TEST(FindAnswerPlace, TellsAnswersInAndOutOfTheTag) {
  const AnswerPlace inside = PlaceOf("<think> 2 + 2 </think> <answer> 4 </answer>");
  EXPECT_TRUE(inside.has_tag);
  EXPECT_FALSE(inside.outside);
  EXPECT_FALSE(inside.right_outside);
  const AnswerPlace bare = PlaceOf("The answer is \\boxed{4}.");
  EXPECT_FALSE(bare.has_tag);
  EXPECT_TRUE(bare.outside);
  const AnswerPlace elsewhere =
      PlaceOf("<think> it is 2 </think> <answer> see there </answer> \\boxed{4}");
  EXPECT_TRUE(elsewhere.has_tag);
  EXPECT_TRUE(elsewhere.right_outside);
  const AnswerPlace thought = PlaceOf("<think> so \\boxed{4}");
  EXPECT_TRUE(thought.right_outside) << "a thought that never ends";
  EXPECT_FALSE(PlaceOf("<think> 3 </think> <answer> 5 </answer>").right_outside);
}

TEST(Detectors, ReportAnswersOutsideTheTagWhereItIsUsed) {
  Detectors detectors({"math"});
  const Verdict verdict{.judged = true};
  detectors.Add(verdict, {.has_tag = true});
  detectors.Add(verdict, {.has_tag = true, .right_outside = true});
  detectors.Add(verdict, {.outside = true});
  detectors.Add(verdict, {.has_tag = true});
  EXPECT_EQ(
      detectors.Text({}),
      "! 1 answers (25.0%) were taken from outside <answer>, which 75.0% of the responses "
      "use\n"
      "! 1 responses (25.0%) were judged wrong though the right answer stands outside the tag "
      "it belongs in\n");
  Detectors without_tags({"math"});
  without_tags.Add(verdict, {.outside = true});
  EXPECT_EQ(without_tags.Text({}), "") << "nobody uses the tag";
}

}  // namespace
}  // namespace rationale
