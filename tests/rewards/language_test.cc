// Language: the share of words in the language they should be in.

#include <gtest/gtest.h>

#include "rewards/rubric.h"

namespace rationale {
namespace {

double Share(std::string_view text, const std::string& language) {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'language'\n", "rubric.toml");
  Problem problem;
  problem.language = language;
  const Verdict verdict = rubric.Judge({.text = text, .problem = &problem});
  EXPECT_TRUE(verdict.judged);
  return verdict.score;
}

TEST(Language, TellsShortChainsOfNumberWordsApart) {
  const std::string german =
      "<think> zwei plus fünf ist sieben minus sieben ist null </think> <answer> 0 </answer>";
  const std::string english =
      "<think> two plus five is seven minus seven is zero </think> <answer> 0 </answer>";
  const std::string chinese =
      "<think> 二 加 五 等于 七 减 七 等于 零 </think> <answer> 0 </answer>";
  EXPECT_EQ(Share(german, "de"), 1);
  EXPECT_EQ(Share(english, "en"), 1);
  EXPECT_EQ(Share(chinese, "zh"), 1);
  EXPECT_EQ(Share(english, "de"), 0);
  EXPECT_EQ(Share(german, "en"), 0);
  EXPECT_EQ(Share(chinese, "de"), 0);
  EXPECT_EQ(Share(english, "zh"), 0);
}

TEST(Language, CountsMixedChainsWordByWord) {
  const double share = Share("<think> zwei plus fünf is seven </think>", "de");
  EXPECT_GT(share, 0.3);
  EXPECT_LT(share, 0.7);
}

TEST(Language, LeavesTheAnswerOut) {
  EXPECT_EQ(
      Share("<think> zwei plus fünf ist sieben </think> <answer> the answer is seven </answer>",
            "de"),
      1);
}

TEST(Language, TellsSentencesOfOneScriptApart) {
  const std::string german =
      "Wir addieren zuerst die beiden Zahlen und teilen danach das Ergebnis durch drei.";
  const std::string french =
      "Nous additionnons d'abord les deux nombres, puis nous divisons le résultat par trois.";
  EXPECT_EQ(Share(german, "de"), 1);
  EXPECT_EQ(Share(french, "de"), 0);
  const double half = Share(german + " " + french, "fr");
  EXPECT_GT(half, 0.35);
  EXPECT_LT(half, 0.65);
}

TEST(Language, DoesNotCountCodeOrFormulas) {
  EXPECT_EQ(Share("Wir rechnen mit $x = \\text{number of apples}$ und\n```python\nfor item in "
                  "the_list: print(item)\n```\n"
                  "erhalten daraus das gesuchte Ergebnis.",
                  "de"),
            1);
}

TEST(Language, IsZeroWithoutAWord) {
  EXPECT_EQ(Share("<think> 2 + 5 = 7 </think>", "de"), 0);
  EXPECT_EQ(Share("", "de"), 0);
}

TEST(Language, IsNotJudgedWithoutALanguage) {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'language'\n", "rubric.toml");
  const Problem problem;
  EXPECT_FALSE(rubric.Judge({.text = "zwei", .problem = &problem}).judged);
}

}  // namespace
}  // namespace rationale
