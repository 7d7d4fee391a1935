// The math reward on the answers of published sets: each in ten forms that say the same, and in
// changed ones.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "datasets/fields.h"
#include "datasets/readers/rows.h"
#include "rewards/rubric.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

// The column of the answers, as they are printed.
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
constexpr const char* kMgsmLanguages[] = {"bn", "de", "en", "es", "fr", "ja",
                                          "ru", "sw", "te", "th", "zh"};

bool IsInteger(const std::string& text) {
  const size_t digits = text.starts_with('-') ? 1 : 0;
  return text.size() > digits && text.size() < 10 &&
         text.find_first_not_of("0123456789", digits) == std::string::npos;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

struct Forms {
  std::vector<std::string> same, changed;
};

Forms FormsOfInteger(const std::string& bare) {
  const int64_t value = std::stoll(bare);
  const auto third = [](int64_t n) { return "\\boxed{\\frac{" + std::to_string(n) + "}{3}}"; };
  return {{bare + ".0", "$" + bare + "$", third(3 * value), "x = " + bare, bare + " + 7 - 7",
           "\\boxed{" + bare + "\\text{ apples}}", "The answer is " + bare + ".",
           "\\(\\left(" + bare + "\\right)\\)", std::to_string(100 * value) + "\\%",
           "**" + bare + "**"},
          {std::to_string(value + 1), bare + "7", third(3 * value + 1),
           "x = -" + std::to_string(std::abs(value) + 1), bare + " + 1"}};
}

// Of an answer of any kind: a formula, several, an interval, a word, a number with its unit.
Forms FormsOfAnswer(const std::string& bare) {
  Forms forms;
  // The answer as one formula, where its dollar signs stand around the whole.
  const size_t dollars = static_cast<size_t>(std::count(bare.begin(), bare.end(), '$'));
  const bool enclosed = dollars == 2 && bare.front() == '$' && bare.back() == '$';
  const std::string formula = enclosed ? bare.substr(1, bare.size() - 2) : bare;
  const std::string spaced =
      Replaced(Replaced(formula, "\\frac{", "\\dfrac {"), "\\sqrt{", "\\sqrt {");
  if (enclosed || dollars == 0) {
    for (const char* form : {"\\boxed{@}", "So $$\\boxed{ @ }$$", "\\boxed{\\displaystyle @}",
                             "$\\boxed{\\, @ \\,}$"}) {
      forms.same.push_back(Replaced(form, "@", formula));
    }
    forms.same.push_back("\\boxed{" + spaced + "}");
    forms.changed.push_back("\\boxed{" + formula + " + 1}");
  } else {
    for (const char* form : {"@.", "Answer: @", "**Answer:** @", "the answer is: @",
                             "I tried $0$. The final answer is @."}) {
      forms.same.push_back(Replaced(form, "@", bare));
    }
  }
  for (const char* form : {"@", "#### @", "<answer>@</answer>",
                           "<think> \\boxed{-77777} </think> <answer> @ </answer>",
                           "<think>$17$</think>The answer is @"}) {
    forms.same.push_back(Replaced(form, "@", bare));
  }
  forms.changed.insert(forms.changed.end(), {"\\boxed{-77777}", "\\boxed{\\text{none of these}}",
                                             "\\boxed{\\frac{77777}{77773}}"});
  return forms;
}

// ["$1$, $2$"], as OlympiadBench prints its lists of one text: the text.
std::string WithoutPrintedList(const std::string& published) {
  if (!published.starts_with("[\"") || !published.ends_with("\"]")) return published;
  return Replaced(published.substr(2, published.size() - 4), "\\\\", "\\");
}

// Judges all forms of published answers and keeps what went wrong.
class PublishedAnswers {
 public:
  void Check(const std::string& published) {
    if (published.find_first_not_of(" \n") == std::string::npos) return;
    ++answers_;
    const size_t hashes = published.find("#### ");
    const std::string bare =
        hashes == std::string::npos ? WithoutPrintedList(published) : published.substr(hashes + 5);
    const Forms forms = IsInteger(bare) ? FormsOfInteger(bare) : FormsOfAnswer(bare);
    EXPECT_EQ(forms.same.size(), 10u);
    Expect(published, published, 1);
    for (const std::string& form : forms.same) Expect(form, published, 1);
    for (const std::string& form : forms.changed) Expect(form, published, 0);
  }

  int answers() const { return answers_; }
  int forms() const { return forms_; }
  int false_negatives() const { return false_negatives_; }
  int false_positives() const { return false_positives_; }
  const std::string& wrong() const { return wrong_; }

 private:
  void Expect(const std::string& response, const std::string& reference, double score) {
    ++forms_;
    Problem problem;
    problem.reference = reference;
    const Verdict verdict = rubric_.Judge({.text = response, .problem = &problem});
    if (!verdict.judged || verdict.score != score) {
      ++(score == 1 ? false_negatives_ : false_positives_);
      wrong_ += response + " ~ " + verdict.components[0].reason + "\n";
    }
  }

  const Rubric rubric_ = Rubric::FromText("[[rewards]]\nname = 'math'\n", "rubric");
  int answers_ = 0, forms_ = 0, false_negatives_ = 0, false_positives_ = 0;
  std::string wrong_;
};

TEST(MathPublishedAnswers, VerifyAgainstTenRewrittenFormsAndNotAgainstChangedOnes) {
  if (!std::filesystem::exists(RealDataFolder() + "/math")) {
    GTEST_SKIP() << "no " << RealDataFolder();
  }
  PublishedAnswers answers;
  for (const PublishedSet& set : kSets) {
    ForEachRow(RealDataFolder() + "/" + set.file, [&](const JsonObject& row) {
      const rapidjson::Value& value = row.Required(set.field);
      answers.Check(value.IsString() ? value.GetString() : JsonText(value));
    });
  }
  for (const char* language : kMgsmLanguages) {
    const auto rows =
        OpenRows(RealDataFolder() + "/mgsm/mgsm_" + language + ".tsv", RowFormat{.header = false});
    Row row;
    while (rows->Next(row)) answers.Check(FieldText(row, "1", "answer"));
  }
  std::printf("%d published answers in %d forms\n", answers.answers(), answers.forms());
  EXPECT_GT(answers.answers(), 18'000);
  std::printf("%d false negatives, %d false positives\n%s", answers.false_negatives(),
              answers.false_positives(), answers.wrong().c_str());
  EXPECT_EQ(answers.false_positives(), 0);
  // A sentence of three formulas that no phrase announces.
  EXPECT_LE(answers.false_negatives(), 4);
}

}  // namespace
}  // namespace rationale
