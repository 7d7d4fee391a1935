// What a stricter or a laxer grader would say of an answer with the right value: the options
// `simplified` and `plus_minus`.

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "rewards/math/compare.h"
#include "rewards/rubric.h"

namespace rationale {
namespace {

Comparison AtLevel(const char* answer, const char* reference, Simplified simplified) {
  CompareOptions options;
  options.simplified = simplified;
  return CompareAnswers(answer, reference, options);
}

// The answer is right up to the level below `refused_at`, and wrong as unsimplified from there on.
void RefusedFrom(Simplified refused_at, const char* answer, const char* reference) {
  for (const Simplified level : {Simplified::kNever, Simplified::kArithmetic,
                                 Simplified::kLowestTerms, Simplified::kRationalised}) {
    const Comparison comparison = AtLevel(answer, reference, level);
    const bool refused = refused_at != Simplified::kNever && level >= refused_at;
    EXPECT_EQ(comparison.same, refused ? Truth::kFalse : Truth::kTrue)
        << answer << " for " << reference << " at level " << static_cast<int>(level) << ": "
        << comparison.rule;
    if (refused) {
      EXPECT_NE(comparison.rule.find("unsimplified"), std::string::npos) << comparison.rule;
    }
  }
}

TEST(Simplified, ByDefaultTheValueAloneCounts) {
  EXPECT_EQ(CompareOptions().simplified, Simplified::kNever);
  for (const char* answer : {"1+1", "\\frac{4}{2}", "\\sqrt{4}", "2.0", "2^1", "8/4", "2!"})
    EXPECT_EQ(CompareAnswers(answer, "2").same, Truth::kTrue) << answer;
}

TEST(Simplified, ArithmeticMustNotBeLeftUndone) {
  for (const char* answer :
       {"1+1", "\\frac{4}{2}", "\\sqrt{4}", "1 \\cdot 2", "8/4", "5-3", "\\log_2 4", "x = 1+1",
        "0.5 \\cdot 4", "2+0", "4^{1/2}", "\\binom{2}{1}", "\\gcd(4,6)", "2\\sin(90^\\circ)",
        "\\frac{1}{0.5}", "|-2|", "\\ln(e^2)"})
    RefusedFrom(Simplified::kArithmetic, answer, "2");
  RefusedFrom(Simplified::kArithmetic, "2^{10}", "1024");
  RefusedFrom(Simplified::kArithmetic, "3!", "6");
  RefusedFrom(Simplified::kArithmetic, "C(5,2)", "10");
  RefusedFrom(Simplified::kArithmetic, "x+x", "2x");
  RefusedFrom(Simplified::kArithmetic, "2\\cdot 3x", "6x");
  RefusedFrom(Simplified::kArithmetic, "\\sqrt2+\\sqrt2", "2\\sqrt2");
  RefusedFrom(Simplified::kArithmetic, "(1+1, 3)", "(2, 3)");
  RefusedFrom(Simplified::kArithmetic, "1 \\pm 3", "-2, 4");
}

TEST(Simplified, FractionsAndRootsMustBeInLowestTerms) {
  RefusedFrom(Simplified::kLowestTerms, "2/4", "1/2");
  RefusedFrom(Simplified::kLowestTerms, "-\\frac{6}{9}", "-\\frac{2}{3}");
  RefusedFrom(Simplified::kLowestTerms, "1\\frac{2}{4}", "1\\frac{1}{2}");
  RefusedFrom(Simplified::kLowestTerms, "\\sqrt{8}", "2\\sqrt{2}");
  RefusedFrom(Simplified::kLowestTerms, "\\sqrt[3]{16}", "2\\sqrt[3]{2}");
  RefusedFrom(Simplified::kLowestTerms, "\\sqrt2\\sqrt3", "\\sqrt6");
  RefusedFrom(Simplified::kLowestTerms, "\\frac{2\\sqrt3}{4}", "\\frac{\\sqrt3}{2}");
  RefusedFrom(Simplified::kLowestTerms, "\\frac{4+2\\sqrt5}{2}", "2+\\sqrt5");
  RefusedFrom(Simplified::kLowestTerms, "\\frac{2x}{4}", "\\frac{x}{2}");
  RefusedFrom(Simplified::kLowestTerms, "[\\frac{2}{4}, 1]", "[\\frac12, 1]");
}

TEST(Simplified, RootsMustNotStandInADivisor) {
  RefusedFrom(Simplified::kRationalised, "\\frac{1}{\\sqrt2}", "\\frac{\\sqrt2}{2}");
  RefusedFrom(Simplified::kRationalised, "\\sqrt{\\frac12}", "\\frac{\\sqrt2}{2}");
  RefusedFrom(Simplified::kRationalised, "\\frac{1}{1+\\sqrt2}", "\\sqrt2-1");
}

TEST(Simplified, WhatIsSimplifiedPassesEveryLevel) {
  constexpr std::pair<const char*, const char*> kPairs[] = {
      {"0.5", "1/2"},
      {"1\\frac12", "3/2"},
      {"3 \\times 10^{8}", "300000000"},
      {"50\\%", "1/2"},
      {"\\frac{-1}{2}", "-\\frac12"},
      {"2\\sqrt2", "\\sqrt8"},
      {"\\frac{\\sqrt2}{2}", "\\frac{1}{\\sqrt2}"},
      {"1 \\pm \\sqrt2", "1+\\sqrt2, 1-\\sqrt2"},
      {"(x+1)^2", "x^2+2x+1"},
      {"x^2+2x+1", "(x+1)^2"},
      {"\\frac{1+\\sqrt5}{2}", "\\frac12+\\frac{\\sqrt5}{2}"},
      {"3 < x < 5", "(3, 5)"},
      {"18 \\text{ dollars}", "18"},
      {"\\frac{\\pi}{6}", "\\pi/6"},
  };
  for (const auto& [answer, reference] : kPairs) RefusedFrom(Simplified::kNever, answer, reference);
}

TEST(Simplified, NoMoreIsAskedThanTheReferenceDoes) {
  RefusedFrom(Simplified::kNever, "4^{5}", "2^{10}");
  RefusedFrom(Simplified::kNever, "\\frac{4}{8}", "\\frac{2}{4}");
  RefusedFrom(Simplified::kNever, "\\frac{2}{\\sqrt2}", "\\frac{2}{\\sqrt{2}}");
}

TEST(Simplified, EachItemIsJudgedBesideTheOneItEquals) {
  RefusedFrom(Simplified::kLowestTerms, "\\frac24, 3", "\\frac{6}{2}, \\frac12");
  RefusedFrom(Simplified::kNever, "\\frac12, \\frac62", "\\frac{6}{2}, \\frac12");
  RefusedFrom(Simplified::kArithmetic, "\\{1+1, 2^{10}\\}", "\\{2^{10}, 2\\}");
  RefusedFrom(Simplified::kNever, "\\{2, 2^{10}\\}", "\\{2^{10}, 2\\}");
  RefusedFrom(Simplified::kArithmetic, "(1+1, 2^{10})", "(2, 2^{10})");
  RefusedFrom(Simplified::kLowestTerms, "(\\frac24, \\frac62)", "(\\frac12, \\frac{6}{2})");
  RefusedFrom(Simplified::kLowestTerms, "[\\sqrt8, \\sqrt{16}]", "[2\\sqrt2, \\sqrt{16}]");
  RefusedFrom(Simplified::kArithmetic, "x = 1+1 \\text{ or } x = 3!", "x = 3! \\text{ or } x = 2");
  RefusedFrom(Simplified::kArithmetic, "x = 1+1", "2");
}

TEST(PlusMinus, MustMatchByDefault) {
  for (const char* answer : {"\\pm 2", "±2", "x = \\pm 2", "2, -2", "-2 \\text{ or } 2",
                             "2 \\text{ and } -2", "\\{2, -2\\}", "x = 2 or x = -2", "+/-2"})
    EXPECT_EQ(CompareAnswers(answer, "\\pm 2").same, Truth::kTrue) << answer;
  for (const char* answer : {"2", "x = 2", "-2", "\\pm 3", "2, 2"})
    EXPECT_EQ(CompareAnswers(answer, "\\pm 2").same, Truth::kFalse) << answer;
  const Comparison missing = CompareAnswers("2", "\\pm 2");
  EXPECT_NE(missing.rule.find("missing ±"), std::string::npos) << missing.rule;
  EXPECT_EQ(CompareAnswers("\\pm 2", "2").same, Truth::kFalse);
  EXPECT_EQ(CompareAnswers("1+\\sqrt2", "1\\pm\\sqrt2").same, Truth::kFalse);
  EXPECT_EQ(CompareAnswers("\\pm 0", "0").same, Truth::kTrue);
  EXPECT_EQ(CompareAnswers("\\pm(1 \\mp \\sqrt2)", "1-\\sqrt2, -1-\\sqrt2").same, Truth::kTrue);
}

TEST(PlusMinus, MayBeMissingInTheAnswerAlone) {
  const CompareOptions options{.plus_minus = PlusMinus::kMayBeMissing};
  EXPECT_EQ(CompareAnswers("2", "\\pm 2", options).same, Truth::kTrue);
  EXPECT_EQ(CompareAnswers("x = 2", "x = \\pm 2", options).same, Truth::kTrue);
  EXPECT_EQ(CompareAnswers("1+\\sqrt2", "1\\pm\\sqrt2", options).same, Truth::kTrue);
  EXPECT_EQ(CompareAnswers("-2", "\\pm 2", options).same, Truth::kFalse);
  EXPECT_EQ(CompareAnswers("3", "\\pm 2", options).same, Truth::kFalse);
  EXPECT_EQ(CompareAnswers("\\pm 2", "2", options).same, Truth::kFalse);
  EXPECT_EQ(CompareAnswers("2", "2, -2", options).same, Truth::kFalse);
}

TEST(PlusMinus, MayBeIgnored) {
  const CompareOptions options{.plus_minus = PlusMinus::kIgnored};
  EXPECT_EQ(CompareAnswers("2", "\\pm 2", options).same, Truth::kTrue);
  EXPECT_EQ(CompareAnswers("\\pm 2", "2", options).same, Truth::kTrue);
  EXPECT_EQ(CompareAnswers("\\pm 3", "2", options).same, Truth::kFalse);
  EXPECT_EQ(CompareAnswers("\\pm 2", "-2", options).same, Truth::kFalse);
}

TEST(MathOptions, NameTheLevels) {
  const auto score = [](const char* answer, const char* reference, const std::string& options) {
    Problem problem;
    problem.reference = reference;
    return Rubric::FromText("[[rewards]]\nname = 'math'\n" + options, "rubric.toml")
        .Judge({.text = answer, .problem = &problem})
        .components[0]
        .score;
  };
  EXPECT_EQ(score("\\boxed{2/4}", "1/2", ""), 1);
  EXPECT_EQ(score("\\boxed{2/4}", "1/2", "simplified = 'arithmetic'\n"), 1);
  EXPECT_EQ(score("\\boxed{2/4}", "1/2", "simplified = 'lowest_terms'\n"), 0);
  EXPECT_EQ(score("\\boxed{1/\\sqrt2}", "\\sqrt2/2", "simplified = 'lowest_terms'\n"), 1);
  EXPECT_EQ(score("\\boxed{1/\\sqrt2}", "\\sqrt2/2", "simplified = 'rationalised'\n"), 0);
  EXPECT_EQ(score("\\boxed{2}", "\\pm 2", ""), 0);
  EXPECT_EQ(score("\\boxed{2}", "\\pm 2", "plus_minus = 'may_be_missing'\n"), 1);
  EXPECT_EQ(score("\\boxed{\\pm 2}", "2", "plus_minus = 'ignored'\n"), 1);
}

}  // namespace
}  // namespace rationale
