// ExactMatch, FuzzyMatch and Regex: answers held against a text and a pattern.

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/philox.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

Problem WithReference(const std::string& reference) {
  Problem problem;
  problem.reference = reference;
  return problem;
}

Problem WithColumn(const std::string& name, const std::string& text) {
  Problem problem;
  problem.fields[name] = text;
  return problem;
}

double Exact(std::string_view response, const std::string& reference,
             const std::string& options = "") {
  const Component component = JudgeWith("exact_match", options, response, WithReference(reference));
  EXPECT_TRUE(component.judged);
  return component.score;
}

TEST(ExactMatch, IgnoresCaseAndPunctuationUnlessTold) {
  EXPECT_EQ(Exact("<think> Rome? </think> The Tiber,  in\nRome!", "the tiber in rome"), 1);
  EXPECT_EQ(Exact("<think> x </think> so <answer>ROME.</answer>", "Rome"), 1);
  EXPECT_EQ(Exact("Romeo", "Rome"), 0);
  EXPECT_EQ(Exact("Rome", "Rome", "ignore_case = false\n"), 1);
  EXPECT_EQ(Exact("rome", "Rome", "ignore_case = false\n"), 0);
  EXPECT_EQ(Exact("Rome.", "Rome", "ignore_punctuation = false\n"), 0);
  EXPECT_EQ(Exact("a  b", "a b", "ignore_punctuation = false\n"), 1);
  EXPECT_EQ(Exact("the tower", "tower"), 0);
  EXPECT_EQ(Exact("the tower", "Tower", "ignore_articles = true\n"), 1);
  EXPECT_EQ(Exact("ΑΘΗΝΑ", "αθηνα"), 1);
  EXPECT_EQ(Exact("->", "->"), 1);
  EXPECT_EQ(Exact("=>", "->"), 0);
}

TEST(ExactMatch, TakesAnyOfAColumnsTexts) {
  const Problem problem = WithColumn("allowed", R"(["Rome", "Roma"])");
  const auto score = [&](const char* text) {
    return JudgeWith("exact_match", "references = 'allowed'\n", text, problem).score;
  };
  EXPECT_EQ(score("roma"), 1);
  EXPECT_EQ(score("Rome"), 1);
  EXPECT_EQ(score("Rom"), 0);
  EXPECT_FALSE(JudgeWith("exact_match", "references = 'others'\n", "Rome", problem).judged);
}

TEST(ExactMatch, PaysNothingForAnEmptyAnswer) {
  EXPECT_EQ(Exact("", "Rome"), 0);
  EXPECT_EQ(Exact("<think> Rome </think> <answer> \n </answer>", "Rome"), 0);
  EXPECT_EQ(Exact("<think> Rome", "Rome"), 0) << "the thought never ends";
  EXPECT_FALSE(JudgeWith("exact_match", "", "", WithReference(" ")).judged);
}

double Fuzzy(std::string_view response, const std::string& reference, const std::string& options) {
  const Component component = JudgeWith("fuzzy_match", options, response, WithReference(reference));
  EXPECT_TRUE(component.judged) << component.reason;
  return component.score;
}

constexpr char kEdit[] = "measure = 'edit'\n";

TEST(FuzzyMatch, IsTheF1OfTheWords) {
  EXPECT_DOUBLE_EQ(Fuzzy("the old tower of Rome", "the tower", ""), 2 * 2.0 / (5 + 2));
  EXPECT_EQ(Fuzzy("The tower!", "the tower", ""), 1);
  EXPECT_EQ(Fuzzy("a bridge", "the tower", ""), 0);
  EXPECT_DOUBLE_EQ(Fuzzy("rome rome rome", "rome", ""), 2 * 1.0 / (3 + 1))
      << "repeated words count once";
  EXPECT_EQ(Fuzzy("", "the tower", ""), 0);
  EXPECT_EQ(Fuzzy("the old tower of Rome", "the tower", "at_least = 0.5\n"), 1);
  EXPECT_EQ(Fuzzy("the old tower of Rome", "the tower", "at_least = 0.6\n"), 0);
}

// The textbook's matrix.
size_t SlowEditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

TEST(FuzzyMatch, IsTheEditDistanceOfTheMatrix) {
  PhiloxStream random(DeriveKey({7}));
  for (int round = 0; round < 300; ++round) {
    std::string a, b;
    for (int64_t i = random.Int(1, 200); i > 0; --i) a += static_cast<char>('a' + random.Int(0, 2));
    b = a;
    for (int64_t i = random.Int(0, 60); i > 0; --i) {
      const auto at = static_cast<size_t>(random.Int(0, static_cast<int64_t>(b.size()) - 1));
      if (random.Int(0, 1) == 0 && b.size() > 1) {
        b.erase(at, 1);
      } else {
        b.insert(at, 1, static_cast<char>('a' + random.Int(0, 3)));
      }
    }
    const double longest = static_cast<double>(std::max(a.size(), b.size()));
    EXPECT_DOUBLE_EQ(Fuzzy(a, b, kEdit), 1 - static_cast<double>(SlowEditDistance(a, b)) / longest)
        << a << " " << b;
  }
}

TEST(FuzzyMatch, CountsCharactersNotBytes) {
  EXPECT_DOUBLE_EQ(Fuzzy("北京市", "北京", kEdit), 2.0 / 3);
  EXPECT_EQ(Fuzzy("ÄPFEL", "äpfel", kEdit), 1);
}

TEST(FuzzyMatch, BoundsTheWorkOfHugeTexts) {
  const std::string huge(1 << 20, 'a');
  const std::string reference(5'000, 'a');
  for (const auto& [text, options] :
       {std::pair(huge, kEdit), std::pair(huge, ""), std::pair(std::string(50'000, 'b'), kEdit)}) {
    const double before = ThreadCpuMs();
    EXPECT_EQ(Fuzzy(text, reference, options), 0);
    EXPECT_LT(ThreadCpuMs() - before, 200);
  }
  const Component unjudged =
      JudgeWith("fuzzy_match", kEdit, "a", WithReference(std::string(5'001, 'a')));
  EXPECT_FALSE(unjudged.judged) << "the data's fault, not the policy's";
}

Component Regex(std::string_view text, const std::string& pattern,
                const std::string& options = "") {
  return JudgeWith("regex", "pattern = '" + pattern + "'\n" + options, text, Problem());
}

TEST(Regex, FindsOrWantsTheWholeAnswer) {
  EXPECT_EQ(Regex("<think>x</think> born 1912-06-23.", R"(\d{4}-\d\d-\d\d)").score, 1);
  EXPECT_EQ(Regex("born in June", R"(\d{4}-\d\d-\d\d)").score, 0);
  EXPECT_EQ(Regex("born 1912", R"(\d{4})", "whole = true\n").score, 0);
  EXPECT_EQ(Regex(" 1912 ", R"(\d{4})", "whole = true\n").score, 1);
  EXPECT_EQ(Regex("YES", "^yes$").score, 0);
  EXPECT_EQ(Regex("YES", "^yes$", "ignore_case = true\n").score, 1);
  EXPECT_EQ(Regex("ja, größer", R"(\bgr\w+er\b)").answer, "größer");
  EXPECT_EQ(Regex("\xff ok", "ok").score, 1) << "malformed UTF-8 is no excuse";
}

TEST(Regex, TakesTheProblemsOwnPattern) {
  const auto judge = [](const std::string& pattern, std::string_view text) {
    return JudgeWith("regex", "column = 'p'\n", text, WithColumn("p", pattern));
  };
  EXPECT_EQ(judge("a+", "caat").score, 1);
  EXPECT_EQ(judge("a+", "cbt").score, 0);
  EXPECT_FALSE(judge("a(", "caat").judged);
  EXPECT_FALSE(JudgeWith("regex", "column = 'p'\n", "a", Problem()).judged);
}

TEST(Regex, PaysNothingForAnEmptyAnswer) {
  EXPECT_EQ(Regex("", ".*").score, 0);
  EXPECT_TRUE(Regex("", ".*").judged);
}

TEST(Regex, RefusesWhatIsNoPattern) {
  EXPECT_THROW(Regex("a", "a("), Error);
  EXPECT_THROW(JudgeWith("regex", "", "a", Problem()), Error);
}

TEST(Regex, CountsTheWorkOfPatternsThatNeverEnd) {
  const std::string letters(1 << 20, 'a');
  for (const char* pattern :
       {"(a+)+b", "(a+)+[bc]", "(a|b|ab)*[bc]", "(a*)*[bc]", "a*[bc]", "(a|aa)+$b", "(.*)*x(.*)*y",
        "a*a*a*a*a*a*b", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "a*b", "(?=.*b)a"}) {
    for (const std::string& text : {letters, letters.substr(0, 40), letters.substr(0, 5'000)}) {
      const double before = ThreadCpuMs();
      const Component component = Regex(text, pattern);
      const double ms = ThreadCpuMs() - before;
      EXPECT_LT(ms, 200) << pattern << " on " << text.size();
      EXPECT_EQ(component.score, 0);
      if (!component.judged) {
        EXPECT_NE(component.reason.find("steps"), std::string::npos);
      }
    }
  }
  EXPECT_FALSE(Regex(letters, "(a+)+[bc]").judged);
  const Component wrong = Regex(letters, "(a+)+[bc]", "on_limit = 'wrong'\n");
  EXPECT_TRUE(wrong.judged);
  EXPECT_EQ(wrong.score, 0);
}

}  // namespace
}  // namespace rationale
