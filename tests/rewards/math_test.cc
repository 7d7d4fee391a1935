// Math: answers found and compared.

#include <gtest/gtest.h>

#include "rewards/rubric.h"

namespace rationale {
namespace {

Component Judge(std::string_view response, const std::string& reference,
                const std::string& options = "") {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'math'\n" + options, "rubric.toml");
  Problem problem;
  problem.reference = reference;
  return rubric.Judge({.text = response, .problem = &problem}).components[0];
}

double Score(std::string_view response, const std::string& reference) {
  const Component component = Judge(response, reference);
  EXPECT_TRUE(component.judged);
  return component.score;
}

TEST(Math, ComparesNumbersByValue) {
  EXPECT_EQ(Score("7", "7"), 1);
  EXPECT_EQ(Score("7", "8"), 0);
  EXPECT_EQ(Score("0.5", "1/2"), 1);
  EXPECT_EQ(Score("\\boxed{\\frac{1}{2}}", "0.5"), 1);
  EXPECT_EQ(Score("$\\dfrac12$", "\\frac{1}{2}"), 1);
  EXPECT_EQ(Score("1,234.50", "1234.5"), 1);
  EXPECT_EQ(Score("-3", "3"), 0);
  EXPECT_EQ(Score("\\boxed{1\\frac{1}{2}}", "1.5"), 1);
  EXPECT_EQ(Score("\\boxed{18\\text{ dollars}}", "18"), 1);
}

TEST(Math, FindsTheAnswerWhereItIsGiven) {
  EXPECT_EQ(Score("We try \\boxed{3}, no: \\boxed{4}.", "4"), 1);
  EXPECT_EQ(Score("<think> 3 or \\boxed{3} </think> <answer> 4 </answer>", "4"), 1);
  EXPECT_EQ(Score("<think> 3 </think> <answer> so \\boxed{4} </answer>", "4"), 1);
  EXPECT_EQ(Score("5 - 1 = 4\n#### 4", "Tom has 5.\n#### 4"), 1);
  EXPECT_EQ(Score("It was 5 before. The answer is 4.", "4"), 1);
  EXPECT_EQ(Score("Die Antwort ist 4.", "4"), 1);
}

TEST(Math, ReadsWordsThatHoldANumberBehindAPhrase) {
  EXPECT_EQ(Score("The answer is Vendor 2.", "Vendor 2"), 1);
  EXPECT_EQ(Score("The answer is Vendor 3.", "Vendor 2"), 0);
  EXPECT_EQ(Score("So the answer is Mrs. Hilt", "Mrs. Hilt"), 1);
  EXPECT_EQ(Score("The answer is 36 (sq. inches), I think", "36 (sq. inches)"), 0);
}

TEST(Math, CallsAResponseWithoutAnswerWrongAndSaysSo) {
  const Component component = Judge("I count 3\nand 4\nand so on", "4");
  EXPECT_TRUE(component.judged);
  EXPECT_EQ(component.score, 0);
  EXPECT_NE(component.reason.find("no answer found"), std::string::npos) << component.reason;
}

TEST(Math, FallsBackToTheLastNumberOnlyWhenAsked) {
  EXPECT_EQ(Judge("I count 3\nand 4", "4", "order = ['last_number']\n").score, 1);
}

TEST(Math, IsNotJudgedWithoutAReference) {
  EXPECT_FALSE(Judge("7", "").judged);
}

TEST(Math, CannotJudgeWhatIsBeyondItsWork) {
  const std::string many = [] {
    std::string items = "1";
    for (int i = 2; i <= 120; ++i) items += "," + std::to_string(i * i);
    return items;
  }();
  for (const auto& [answer, reference] : std::vector<std::pair<std::string, std::string>>{
           {"$9^{9^{9^{9}}}$", "1"},
           {"$\\sin(10^{1000000})$", "0.5"},
           {"$\\sin(10^{1000000})$", "0.123456789"},
           {"$y = x + 0.001 \\sin(10^{1000000})$", "$y = x$"},
           {"$\\sum_{k=1}^{10^9} \\frac{1}{k^2}$", "1"},
           {"$\\sum_{a=1}^{2000}\\sum_{b=1}^{2000}\\sum_{c=1}^{2000} \\frac{1}{a+b+c}$", "1"},
           {"$x > \\sin(10^{1000000})$", "$x > 0.5$"},
           {"\\boxed{" + std::string(5000, '9') + "}", "1"},
           {"\\boxed{" + many + ", 1}", "\\{1, " + many + "\\}"}}) {
    const Component component = Judge(answer, reference);
    EXPECT_FALSE(component.judged) << component.reason;
    EXPECT_NE(component.reason.find("cannot be compared"), std::string::npos) << component.reason;
  }
}

TEST(Math, JudgesWhatHasNoValueOrIsCertainlyAnotherDespiteItsSize) {
  EXPECT_EQ(Score("$\\frac{1}{0}$", "1"), 0);
  EXPECT_EQ(Score("$\\tan(90^\\circ)$", "1"), 0);
  EXPECT_EQ(Score("$\\infty$", "1"), 0);
  EXPECT_EQ(Score("$2 + \\sin(10^{1000000})$", "0.5"), 0);
  EXPECT_EQ(Score("$10^{1000}$", "1"), 0);
  EXPECT_EQ(Score("$9^{9^{9^{9}}}, 2$", "1, 3"), 0);
  EXPECT_EQ(Score("$9^{9^{9^{9}}}$", "$9^{9^{9^{9}}}$"), 1);
}

TEST(Math, IgnoresAnAnswerInsideAnUnfinishedThought) {
  EXPECT_EQ(Score("<think> maybe \\boxed{4}, let me see", "4"), 0);
}

}  // namespace
}  // namespace rationale
