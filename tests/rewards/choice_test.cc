// Choice: letters chosen, and guesses that do not pay.

#include <gtest/gtest.h>

#include "tests/rewards/testing.h"

namespace rationale {
namespace {

Component Judge(std::string_view response, const std::string& reference,
                const std::string& choices = "") {
  Problem problem;
  problem.reference = reference;
  if (!choices.empty()) problem.fields["choices"] = choices;
  return JudgeWith("choice", "", response, problem);
}

TEST(Choice, ReadsTheLetterInEveryForm) {
  for (const char* text : {"B",
                           "(B)",
                           "b)",
                           "B.",
                           "B. Paris",
                           "**B**",
                           "\\boxed{B}",
                           "\\boxed{\\text{(B)}}",
                           "The answer is B.",
                           "The answer is (B).",
                           "Answer: B",
                           "<think> A? no </think> <answer> B </answer>",
                           "I compared them all.\nThe correct option is B.",
                           "Option B",
                           "I choose (B).",
                           "#### B",
                           "After all of this I choose **B**.",
                           "So I pick *B*.",
                           "Option B is correct.",
                           "I compared them. (B) is the correct answer!",
                           "So option **B** is right."}) {
    EXPECT_EQ(Judge(text, "B").score, 1) << text << ": " << Judge(text, "B").reason;
    EXPECT_EQ(Judge(text, "(C)").score, 0) << text;
    EXPECT_TRUE(Judge(text, "(C)").judged);
  }
}

TEST(Choice, TakesTheTextOfOneChoiceAsItsLetter) {
  const std::string choices = R"(["Rome", "Paris", "1/2", "Paris Match"])";
  EXPECT_EQ(Judge("Paris", "B", choices).score, 1);
  EXPECT_EQ(Judge("The answer is Rome.", "B", choices).score, 0);
  EXPECT_EQ(Judge("\\boxed{0.5}", "C", choices).score, 1);
  EXPECT_EQ(Judge("B", "Paris", choices).score, 1);
  EXPECT_EQ(Judge("A", "Paris", choices).score, 0);
}

TEST(Choice, WantsAllLettersWhereSeveralAreAsked) {
  for (const char* text : {"A, C", "AC", "C and A", "(A) and (C)", "\\boxed{A, C}",
                           "The answer is AC.", "I choose **A, C**."}) {
    EXPECT_EQ(Judge(text, "A, C").score, 1) << text;
    EXPECT_EQ(Judge(text, "AC").score, 1) << text;
    EXPECT_EQ(Judge(text, "ABC").score, 0) << text;
  }
}

TEST(Choice, PaysNoGuesses) {
  for (const char* text :
       {"A or B", "A, B, C, D", "ABCD", "A and B", "\\boxed{A}\\boxed{B}",
        "It could be A. It could be B.", "A B", "Banana", "Because", "Option A or B is correct.",
        "I do not think option B is correct.", "Option B is wrong.", "Option B isn't correct.",
        "Neither is right, nor B is correct"}) {
    EXPECT_EQ(Judge(text, "B").score, 0) << text;
    EXPECT_EQ(Judge(text, "A").score, 0) << text;
  }
}

TEST(Choice, PaysNothingForAnEmptyAnswer) {
  EXPECT_EQ(Judge("", "B").score, 0);
  EXPECT_EQ(Judge("<think> B </think>", "B").score, 0);
  EXPECT_EQ(Judge("<think> B", "B").score, 0);
}

TEST(Choice, IsNotJudgedWithoutALetterToCompareWith) {
  EXPECT_FALSE(Judge("B", "Paris").judged);
  EXPECT_FALSE(Judge("B", "").judged);
}

TEST(Choice, BoundsTheWorkOfHugeTexts) {
  std::string answers;
  while (answers.size() < 1 << 20) answers += "the answer is (A). ";
  for (const std::string& text : {std::string(1 << 20, 'A'), std::string(1 << 20, '('), answers,
                                  "\\boxed{" + std::string(1 << 20, 'B')}) {
    const double before = ThreadCpuMs();
    Judge(text, "B", R"(["1", "2"])");
    EXPECT_LT(ThreadCpuMs() - before, 200);
  }
}

}  // namespace
}  // namespace rationale
