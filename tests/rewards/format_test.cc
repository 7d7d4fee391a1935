// Format: R1's template and the ways to break it.

#include <gtest/gtest.h>

#include "rewards/rubric.h"

namespace rationale {
namespace {

double Score(std::string_view text, const std::string& options = "") {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'format'\n" + options, "rubric.toml");
  const Problem problem;
  const Verdict verdict = rubric.Judge({.text = text, .problem = &problem});
  EXPECT_TRUE(verdict.judged);
  return verdict.score;
}

TEST(Format, PaysForTheWholeTemplateOnly) {
  EXPECT_EQ(Score("<think> zwei plus fünf </think> <answer> 7 </answer>"), 1);
  EXPECT_EQ(Score("\n<think>a\nb</think>\n\n<answer>7</answer>\n"), 1);
  EXPECT_EQ(Score("<think> a </think> 7"), 0);
  EXPECT_EQ(Score("<answer> 7 </answer>"), 0);
  EXPECT_EQ(Score("<think> a <answer> 7 </answer>"), 0);
  EXPECT_EQ(Score(""), 0);
}

TEST(Format, WantsTheTagsOnceAndInOrder) {
  EXPECT_EQ(Score("<answer> 7 </answer> <think> a </think>"), 0);
  EXPECT_EQ(Score("<think> a </think> <think> b </think> <answer> 7 </answer>"), 0);
  EXPECT_EQ(Score("<think> a </think> <answer> 7 </answer> <answer> 8 </answer>"), 0);
  EXPECT_EQ(Score("<think> a <answer> 7 </answer> </think>"), 0);
  EXPECT_EQ(Score("</think> a <think> <answer> 7 </answer>"), 0);
}

TEST(Format, AllowsNothingOutside) {
  EXPECT_EQ(Score("Sure! <think> a </think> <answer> 7 </answer>"), 0);
  EXPECT_EQ(Score("<think> a </think> so <answer> 7 </answer>"), 0);
  EXPECT_EQ(Score("<think> a </think> <answer> 7 </answer> Done."), 0);
}

TEST(Format, PaysNothingForEmptySections) {
  EXPECT_EQ(Score("<think></think><answer>7</answer>"), 0);
  EXPECT_EQ(Score("<think> \n </think><answer>7</answer>"), 0);
  EXPECT_EQ(Score("<think> ... </think><answer>7</answer>"), 0);
  EXPECT_EQ(Score("<think> a </think><answer> </answer>"), 0);
}

TEST(Format, CanBeginInsideAThoughtThatThePromptOpened) {
  const std::string opened = "thought_opened = true\n";
  EXPECT_EQ(Score(" a </think> <answer> 7 </answer>", opened), 1);
  EXPECT_EQ(Score("<think> a </think> <answer> 7 </answer>", opened), 0);
  EXPECT_EQ(Score(" </think> <answer> 7 </answer>", opened), 0);
}

TEST(Format, CanDoWithoutTheAnswerTag) {
  const std::string untagged = "answer_tag = false\n";
  EXPECT_EQ(Score("<think> a </think> It is 7.", untagged), 1);
  EXPECT_EQ(Score("<think> a </think> ", untagged), 0);
  EXPECT_EQ(Score("<think> a </think> <answer> 7 </answer>", untagged), 0);
}

}  // namespace
}  // namespace rationale
