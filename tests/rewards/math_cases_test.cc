// The math reward on published and generated cases: a few rows kept here, all of them where the
// data are.

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "rewards/math/ball.h"
#include "rewards/math/compare.h"
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

// What a case's configuration for Math-Verify means in our options.
std::string OptionsFor(const JsonObject& row) {
  const auto config = row.OptionalObject("config");
  const rapidjson::Value* targets = config ? config->Find("answer_targets") : nullptr;
  bool latex = targets == nullptr;
  bool expression = targets == nullptr;
  if (targets != nullptr) {
    for (const auto& target : targets->GetArray()) {
      const std::string type = target["type"].GetString();
      latex |= type == "LatexExtractionConfig";
      expression |= type == "ExprExtractionConfig";
    }
  }
  std::string options;
  if (!latex) {
    options = "order = ['boxed', 'phrase', 'last_number']\n";
  } else if (expression) {
    options =
        "order = ['boxed', 'hashes', 'phrase', 'whole', 'conclusion', 'latex', 'last_number']\n";
  }
  const auto settings = config ? config->OptionalObject("verify_kw") : std::nullopt;
  if (settings && settings->Has("float_rounding")) {
    options += "decimals = " + std::to_string(settings->Get<int64_t>("float_rounding")) + "\n";
    if (settings->Get<bool>("allow_set_relation_comp")) options += "relations_answer_sets = true\n";
    if (!settings->Get<bool>("strict")) options += "rename_variables = true\n";
  }
  return options;
}

Tally RunCases(const std::string& path) {
  Tally tally;
  ForEachRow(path, [&](const JsonObject& row) {
    const Component component = Judge(MathRubric(OptionsFor(row)), row.Get<std::string>("answer"),
                                      row.Get<std::string>("gold"));
    EXPECT_TRUE(component.judged);
    tally.Add(row.Get<std::string>("id"), component.score == 1, row.Get<bool>("expected"),
              component.reason);
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
    const Component component =
        Judge(rubric, row.Get<std::string>("answer"), row.Get<std::string>("gold"));
    EXPECT_LT(ThreadCpuMs() - before, 100) << row.Get<std::string>("id");
    if (row.Has("expected")) {
      EXPECT_EQ(component.score == 1, row.Get<bool>("expected"));
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

// The answers of a published set, as they are printed.
struct PublishedSet {
  const char* file;
  const char* field;
};
constexpr PublishedSet kSets[] = {{"math/aime24.jsonl", "answer"},
                                  {"math/amc23.jsonl", "answer"},
                                  {"math/gaokao2023en.jsonl", "answer"},
                                  {"math/olympiadbench.jsonl", "final_answer"},
                                  {"math/cmath.jsonl", "answer"},
                                  {"math/svamp.jsonl", "Answer"},
                                  {"math/asdiv.jsonl", "answer"},
                                  {"math/mawps_addsub.jsonl", "target"},
                                  {"math/mawps_multiarith.jsonl", "target"},
                                  {"math/mawps_singleop.jsonl", "target"},
                                  {"gsm8k/train.jsonl", "answer"},
                                  {"gsm8k/test.jsonl", "answer"}};

bool IsInteger(const std::string& text) {
  const size_t digits = text.starts_with('-') ? 1 : 0;
  return text.size() > digits && text.size() < 10 &&
         text.find_first_not_of("0123456789", digits) == std::string::npos;
}

TEST(MathCases, PublishedAnswersVerifyAgainstThemselvesAndRewrittenFormsAndNotAgainstChangedOnes) {
  if (!std::filesystem::exists(RealDataFolder() + "/math")) {
    GTEST_SKIP() << "no " << RealDataFolder();
  }
  const Rubric rubric = MathRubric();
  int answers = 0;
  int forms = 0;
  std::string wrong;
  const auto check = [&](const std::string& answer, const std::string& gold, bool expected) {
    ++forms;
    const Component component = Judge(rubric, answer, gold);
    if ((component.score == 1) != expected) wrong += component.reason + "\n";
  };
  for (const PublishedSet& set : kSets) {
    ForEachRow(RealDataFolder() + "/" + set.file, [&](const JsonObject& row) {
      const rapidjson::Value& value_as_published = row.Required(set.field);
      const std::string gold = value_as_published.IsString() ? value_as_published.GetString()
                                                             : JsonText(value_as_published);
      if (gold.find_first_not_of(" \n") == std::string::npos) return;
      ++answers;
      const size_t hashes = gold.find("#### ");
      const std::string bare = hashes == std::string::npos ? gold : gold.substr(hashes + 5);
      check(gold, gold, true);
      check(bare, gold, true);
      check("<think> \\boxed{-77777} </think> <answer> " + bare + " </answer>", gold, true);
      check("#### " + bare, gold, true);
      if (bare.find('$') == std::string::npos) check("So \\boxed{" + bare + "}.", gold, true);
      if (!IsInteger(bare)) return;
      const int64_t value = std::stoll(bare);
      for (const std::string& same :
           {bare + ".0", "$" + bare + "$", "\\boxed{\\frac{" + std::to_string(3 * value) + "}{3}}",
            "x = " + bare, bare + " + 7 - 7", "\\boxed{" + bare + "\\text{ apples}}",
            "The answer is " + bare + ".", "\\(\\left(" + bare + "\\right)\\)",
            std::to_string(100 * value) + "\\%", "**" + bare + "**"}) {
        check(same, gold, true);
      }
      for (const std::string& changed :
           {std::to_string(value + 1), bare + "7",
            "\\boxed{\\frac{" + std::to_string(3 * value + 1) + "}{3}}",
            "x = -" + std::to_string(std::abs(value) + 1), bare + " + 1"}) {
        check(changed, gold, false);
      }
    });
  }
  std::printf("%d published answers in %d forms\n", answers, forms);
  EXPECT_GT(answers, 15'000);
  EXPECT_EQ(wrong, "");
}

}  // namespace
}  // namespace rationale
