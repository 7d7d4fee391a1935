// Repetition: the share of n-grams said before.

#include <gtest/gtest.h>

#include <set>

#include "base/philox.h"
#include "rewards/words.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

double Score(std::string_view text, const std::string& options = "") {
  const Component component = JudgeWith("repetition", options, text, Problem());
  EXPECT_TRUE(component.judged);
  return component.score;
}

TEST(Repetition, IsTheShareOfNgramsSaidBefore) {
  EXPECT_EQ(Score("one two three four five"), 0);
  EXPECT_DOUBLE_EQ(Score("a b c a b c"), -1.0 / 4) << "abc bca cab abc";
  EXPECT_DOUBLE_EQ(Score("A b, c! a B c"), -1.0 / 4) << "without case and signs";
  EXPECT_DOUBLE_EQ(Score("yes yes yes yes"), -1.0 / 2);
  EXPECT_DOUBLE_EQ(Score("a a b b", "n = 1\n"), -1.0 / 2);
  EXPECT_DOUBLE_EQ(Score("我们我们我们"), -2.0 / 4) << "every letter of Chinese is a word";
}

TEST(Repetition, EqualsACountOfSetsOfWords) {
  PhiloxStream random(DeriveKey({3}));
  for (int round = 0; round < 50; ++round) {
    std::string text;
    for (int i = 0; i < 200; ++i) text += std::to_string(random.Int(0, 4)) + " ";
    for (const size_t n : {1, 2, 3, 5}) {
      const auto words = FoldedWords(text);
      std::set<std::vector<std::string>> distinct;
      for (size_t i = 0; i + n <= words.size(); ++i) {
        distinct.emplace(words.begin() + static_cast<std::ptrdiff_t>(i),
                         words.begin() + static_cast<std::ptrdiff_t>(i + n));
      }
      const double total = static_cast<double>(words.size() - n + 1);
      EXPECT_DOUBLE_EQ(Score(text, "n = " + std::to_string(n) + "\n"),
                       -(1 - static_cast<double>(distinct.size()) / total));
    }
  }
}

TEST(Repetition, CanAllowAShare) {
  EXPECT_EQ(Score("a b c a b c", "allowed = 0.3\n"), 0);
  EXPECT_DOUBLE_EQ(Score("yes yes yes yes", "allowed = 0.25\n"), -(0.5 - 0.25) / 0.75);
}

TEST(Repetition, GivesShortAndEmptyTextsNothing) {
  EXPECT_EQ(Score(""), 0);
  EXPECT_EQ(Score("a a"), 0);
  EXPECT_EQ(Score("<think> a a a a a a </think> b", "part = 'answer'\n"), 0);
}

TEST(Repetition, BoundsTheWorkOfHugeTexts) {
  std::string words;
  while (words.size() < 1 << 20) words += "a ";
  const std::string letters(1 << 20, 'a');
  std::string chinese;
  while (chinese.size() < 1 << 20) chinese += "我";
  for (const std::string& text : {words, letters, chinese, std::string(1 << 20, '\xff')}) {
    const double before = ThreadCpuMs();
    Score(text);
    EXPECT_LT(ThreadCpuMs() - before, 300);
  }
}

TEST(Words, AreRunsOfLettersOrLettersOfScriptsWithoutSpaces) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(FoldedWords("It's 3.5 snake_case, Straße!"),
            (Words{"it", "s", "3", "5", "snake_case", "straße"}));
  EXPECT_EQ(FoldedWords("北京 2008"), (Words{"北", "京", "2008"}));
  EXPECT_EQ(FoldedWords("नमस्ते दुनिया"), (Words{"नमस्ते", "दुनिया"}));
  EXPECT_EQ(FoldedWords("a\xff"
                        "b"),
            (Words{"a", "b"}));
  EXPECT_EQ(CountWords(" ... "), 0);
}

}  // namespace
}  // namespace rationale
