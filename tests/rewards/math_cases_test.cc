// The math reward on published and generated cases: a few rows kept here, all of them where the
// data are.

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "rewards/math/ball.h"
#include "rewards/math/compare.h"
#include "rewards/math/labelled_case.h"
#include "rewards/math/parser.h"
#include "rewards/rubric.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

Rubric MathRubric(const std::string& options = "") {
  return Rubric::FromText("[[rewards]]\nname = 'math'\n" + options, "rubric.toml");
}

Component Judge(const Rubric& rubric, std::string_view answer, const std::string& gold) {
  Problem problem;
  problem.reference = gold;
  return rubric.Judge({.text = answer, .problem = &problem}).components[0];
}

struct Tally {
  int total = 0;
  int agreed = 0;
  int false_positives = 0;
  int false_negatives = 0;
  std::string disagreements;

  void Add(const std::string& id, bool got, bool expected, const std::string& reason) {
    ++total;
    agreed += got == expected ? 1 : 0;
    false_positives += got && !expected ? 1 : 0;
    false_negatives += !got && expected ? 1 : 0;
    if (got != expected) disagreements += id + ": " + reason + "\n";
  }
  void Print(const char* name) const {
    std::printf("%s: %d of %d, %d false positives, %d false negatives\n%s", name, agreed, total,
                false_positives, false_negatives, disagreements.c_str());
  }
};

Tally RunCases(const std::string& path) {
  Tally tally;
  ForEachRow(path, [&](const JsonObject& row) {
    const LabelledCase labelled = ReadLabelledCase(row);
    const Component component =
        Judge(MathRubric(labelled.options), labelled.answer, labelled.reference);
    EXPECT_TRUE(component.judged);
    tally.Add(labelled.id, component.score == 1, labelled.expected.value(), component.reason);
  });
  return tally;
}

TEST(MathCases, AgreeOnTheKeptRows) {
  for (const char* name : {"math_verify.jsonl", "math_metamorphic.jsonl"}) {
    const Tally tally = RunCases(GoldenReward(name));
    EXPECT_EQ(tally.total, 20);
    EXPECT_EQ(tally.agreed, tally.total) << tally.disagreements;
  }
}

TEST(MathCases, AgreeWithMathVerifysOwn) {
  const std::string path = RealDataFolder() + "/rewards/math_verify_cases.jsonl";
  SKIP_WITHOUT(path);
  const Tally tally = RunCases(path);
  tally.Print("Math-Verify's cases");
  EXPECT_GE(tally.agreed, 274) << "two labels are wrong mathematics";
  EXPECT_EQ(tally.false_positives, 0);
}

TEST(MathCases, AgreeOnAllMetamorphicCases) {
  const std::string path = RealDataFolder() + "/rewards/math_metamorphic_cases.jsonl";
  SKIP_WITHOUT(path);
  const Tally tally = RunCases(path);
  tally.Print("metamorphic cases");
  EXPECT_EQ(tally.agreed, tally.total);
}

// Counts formulas that are read, and that have the stated value where it is a number.
void CheckValues(const std::string& path, int* read, int* total, int* right, int* numeric) {
  ForEachRow(path, [&](const JsonObject& row) {
    Expressions expressions;
    const NodeId root = ParseAnswer(row.Get<std::string>("latex"), expressions).root;
    ++*total;
    *read += root != kNoNode ? 1 : 0;
    const auto text = row.Get<std::string>(row.Has("value") ? "value" : "numeric", "");
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || root == kNoNode || !expressions.Symbols(root).empty()) {
      return;
    }
    ++*numeric;
    Work work(1'000'000);
    Ball ball;
    if (!EvaluateBall(expressions, root, {}, {}, work, ball)) return;
    const double got = arf_get_d(arb_midref(ball.real()), ARF_RND_NEAR);
    *right += std::abs(got - value) <= 1e-9 * std::max(1.0, std::abs(value)) ? 1 : 0;
  });
}

TEST(MathCases, ReadTheValuesOfFormulas) {
  int read = 0, total = 0, right = 0, numeric = 0;
  CheckValues(GoldenReward("latex_values.jsonl"), &read, &total, &right, &numeric);
  EXPECT_EQ(total, 20);
  EXPECT_EQ(read, total);
  EXPECT_EQ(numeric, total);
  EXPECT_EQ(right, total);
}

TEST(MathCases, ReadTheFormulasOfLatex2sympy) {
  const std::string path = RealDataFolder() + "/rewards/latex_parse_cases.jsonl";
  SKIP_WITHOUT(path);
  int read = 0, total = 0, right = 0, numeric = 0;
  CheckValues(path, &read, &total, &right, &numeric);
  std::printf("formulas: %d of %d read, %d of %d values right\n", read, total, right, numeric);
  EXPECT_GE(read, 1165);
  EXPECT_GE(right, numeric - 30) << "sets, gcd of irrationals, infinite sums";
}

// Inputs meant to burn time or memory.
std::vector<std::pair<std::string, std::string>> HostileInputs() {
  const auto repeat = [](const std::string& text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i) result += text;
    return result;
  };
  const std::string nines(100'000, '9');
  return {
      {"$2^{2^{16}}$", "$2^{2^{2^{2^{2^{2}}}}}$"},
      {"$9^{9^{9^{9}}}$", "$1$"},
      {"$(10^{9})!$", "$1$"},
      {"$\\sum_{k=1}^{10^{9}} \\frac{1}{k^2+1}$", "$1$"},
      {"$\\sum_{a=1}^{2000}\\sum_{b=1}^{2000}\\sum_{c=1}^{2000} \\frac{1}{a+b+c}$", "$1$"},
      {"$\\sin(\\sin(\\sin(10^{1000000})))$", "$1$"},
      {"$\\cos(2^{65000})$", "$1$"},
      {"$x^{49}+x^{3}=2$", "$x^{50}=1$"},
      {"$" + repeat("(", 2000) + "x" + repeat(")", 2000) + "$", "$x$"},
      {"$" + nines + "$", "$1$"},
      {repeat("$ ", 50'000), "$1$"},
      {repeat("\\boxed{1},", 2'000), "2"},
      {repeat("{", 20'000), "x"},
      {repeat("-", 3'999) + "1", "1"},
      {"3" + repeat("!", 3'999), "6"},
      {"1" + repeat("/2", 1'900), "2"},
      {repeat("\\frac", 3'000), "1"},
      {repeat("\\begin{cases}", 1'500), "1"},
      {repeat("\\text{1", 3'000), "1"},
      {"x" + repeat("+\\sqrt{x+2}", 700), "x" + repeat("+\\sqrt{x+2}", 700) + "+1"},
      {"x" + repeat("+\\arctan(x+2)", 300), "x"},
      {repeat("\\sqrt{2},", 300) + "1", "1" + repeat(",\\sqrt{3}", 99)},
      {repeat("一", 6'000), "1"},
      {repeat("分之", 6'000) + "一", "1"},
      {"0." + std::string(3'900, '3'), "1/3"},
  };
}

TEST(MathCases, BoundTheWorkOfHostileInputs) {
  const Rubric rubric = MathRubric();
  for (const auto& [answer, gold] : HostileInputs()) {
    for (const bool swapped : {false, true}) {
      const double before = ThreadCpuMs();
      Judge(rubric, swapped ? gold : answer, swapped ? answer : gold);
      EXPECT_LT(ThreadCpuMs() - before, 100) << answer.substr(0, 60);
    }
  }
}

TEST(MathCases, BoundTheWorkOfThePublishedHangs) {
  const std::string path = RealDataFolder() + "/rewards/math_hang_cases.jsonl";
  SKIP_WITHOUT(path);
  const Rubric rubric = MathRubric();
  ForEachRow(path, [&](const JsonObject& row) {
    const double before = ThreadCpuMs();
    const LabelledCase labelled = ReadLabelledCase(row);
    const Component component = Judge(rubric, labelled.answer, labelled.reference);
    EXPECT_LT(ThreadCpuMs() - before, 100) << labelled.id;
    if (labelled.expected && component.judged) {
      EXPECT_EQ(component.score == 1, *labelled.expected) << labelled.id;
    }
  });
}

TEST(MathCases, GiveTheSameVerdictsOnManyThreads) {
  const Rubric rubric = MathRubric();
  const auto judge_all = [&] {
    std::string verdicts;
    ForEachRow(GoldenReward("math_metamorphic.jsonl"), [&](const JsonObject& row) {
      verdicts +=
          Judge(rubric, row.Get<std::string>("answer"), row.Get<std::string>("gold")).reason + "\n";
    });
    return verdicts;
  };
  const std::string alone = judge_all();
  std::vector<std::string> together(8);
  std::vector<std::thread> threads;
  for (std::string& verdicts : together) threads.emplace_back([&] { verdicts = judge_all(); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& verdicts : together) EXPECT_EQ(verdicts, alone);
}

}  // namespace
}  // namespace rationale
