// The language reward on texts it was not made from: MGSM's questions, whole and mixed.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "rewards/language/share.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

constexpr const char* kLanguages[] = {"bn", "de", "en", "es", "fr", "ja",
                                      "ru", "sw", "te", "th", "zh"};

std::vector<std::string> Questions(const std::string& language) {
  std::vector<std::string> questions;
  std::ifstream file(RealDataFolder() + "/mgsm/mgsm_" + language + ".tsv");
  for (std::string line; std::getline(file, line);)
    questions.push_back(line.substr(0, line.find('\t')));
  return questions;
}

TEST(LanguageData, KnowsFortyLanguages) {
  EXPECT_GE(AllLanguages().size(), 40U);
  for (const char* language : kLanguages) EXPECT_TRUE(FindLanguage(language)) << language;
}

TEST(LanguageData, EveryQuestionOfMgsmIsInItsLanguage) {
  SKIP_WITHOUT(RealDataFolder() + "/mgsm/mgsm_en.tsv");
  const ShareCounter counter;
  for (const char* language : kLanguages) {
    const auto questions = Questions(language);
    ASSERT_EQ(questions.size(), 250U);
    const int target = *FindLanguage(language);
    double sum = 0;
    for (const std::string& question : questions) {
      EXPECT_EQ(counter.identifier().Identify(question), target) << question;
      const double share = counter.Count(question, target).WordShare();
      EXPECT_GT(share, 0.5) << question;
      sum += share;
    }
    EXPECT_GT(sum / 250, 0.99) << language;
  }
}

// Documents of five questions, k of them in another language: |share told - true share| of letters.
TEST(LanguageData, MixedQuestionsAreToldTheirShare) {
  SKIP_WITHOUT(RealDataFolder() + "/mgsm/mgsm_en.tsv");
  const ShareCounter counter;
  std::map<std::string, std::vector<std::string>> questions;
  for (const char* language : kLanguages) questions[language] = Questions(language);
  double error = 0;
  int documents = 0;
  int pure = 0, false_alarms = 0, mixed = 0, found = 0;
  size_t next = 0;
  for (const char* target : kLanguages) {
    for (const char* other : kLanguages) {
      if (std::string_view(target) == other) continue;
      for (size_t foreign = 0; foreign <= 5; ++foreign, ++next) {
        std::string text;
        double letters = 0, all = 0;
        for (size_t i = 0; i < 5; ++i) {
          const bool is_foreign = (i * 2 + next) % 5 < foreign;
          const auto& of = questions[is_foreign ? other : target];
          const std::string& question = of[(next * 5 + i) % of.size()];
          text += question + (i % 2 == 0 ? "\n" : " ");
          for (const Word& word : counter.identifier().cutter().Cut(question).words) {
            all += static_cast<double>(word.num_letters());
            if (!is_foreign) letters += static_cast<double>(word.num_letters());
          }
        }
        const double truth = letters / all;
        const double told = counter.Count(text, *FindLanguage(target)).LetterShare();
        error += std::abs(told - truth);
        ++documents;
        if (foreign == 0) {
          ++pure;
          false_alarms += told < 0.9 ? 1 : 0;
        } else if (truth <= 0.8) {
          ++mixed;
          found += told < 0.9 ? 1 : 0;
        }
        EXPECT_LT(std::abs(told - truth), 0.15) << target << ' ' << other << ' ' << text;
      }
    }
  }
  RecordProperty("mean_error", std::to_string(error / documents));
  EXPECT_LT(error / documents, 0.02);
  EXPECT_EQ(found, mixed);
  EXPECT_GT(mixed, 300);
  EXPECT_LE(false_alarms * 50, pure);
}

// The published goals, on the half of the texts that no constant was chosen by (`rationale bench
// language` prints more).
TEST(LanguageData, SharesOfHeldDocumentsAreFound) {
  const std::string path = RealDataFolder() + "/rewards/lang_cot.jsonl";
  SKIP_WITHOUT(path);
  const ShareCounter counter;
  double error = 0;
  int documents = 0, pure = 0, false_alarms = 0, mixed = 0, found = 0;
  ForEachRow(path, [&](const JsonObject& row) {
    if (std::stoi(Sha256Hex(row.Get<std::string>("id")).substr(0, 2), nullptr, 16) % 2 == 0) return;
    const double truth = row.Get<double>("frac_letters");
    const int target = *FindLanguage(row.Get<std::string>("target"));
    const double told = counter.Count(row.Get<std::string>("text"), target).LetterShare();
    error += std::abs(told - truth);
    ++documents;
    pure += truth >= 1 ? 1 : 0;
    false_alarms += truth >= 1 && told < 0.9 ? 1 : 0;
    mixed += truth <= 0.8 ? 1 : 0;
    found += truth <= 0.8 && told < 0.9 ? 1 : 0;
  });
  EXPECT_LT(error / documents, 0.02);
  EXPECT_LE(false_alarms * 50, pure);
  EXPECT_EQ(found, mixed);
}

// The words of real programs and formulas are their names, whatever they are named for.
TEST(LanguageData, ProgramsAndFormulasHideNoSentences) {
  const std::string folder = RealDataFolder();
  SKIP_WITHOUT(folder + "/humaneval/mbpp.jsonl");
  const ShareCounter counter;
  const auto count = [&](const std::string& hidden) {
    return counter.Count("Wir prüfen das. " + hidden +
                             " Damit ist die Aufgabe gelöst, und wir "
                             "geben das Ergebnis an, das wir oben schon ausgerechnet haben.",
                         *FindLanguage("de"));
  };
  int programs = 0, false_alarms = 0;
  ForEachRow(folder + "/humaneval/mbpp.jsonl", [&](const JsonObject& row) {
    ++programs;
    const LanguageCount told = count("```python\n" + row.Get<std::string>("code") + "\n```");
    false_alarms += told.WordShare() < 1 ? 1 : 0;
  });
  EXPECT_EQ(programs, 974);
  EXPECT_LE(false_alarms, 1);  // one has more words in comments than are around it
  false_alarms = 0;
  int texts = 0;
  ForEachRow(folder + "/math/olympiadbench.jsonl", [&](const JsonObject& row) {
    const std::string question = row.Get<std::string>("question");
    std::string formulas;
    for (size_t at = question.find('$'); at < question.size();) {
      const size_t end = question.find('$', at + 1);
      if (end == std::string::npos) break;
      formulas += question.substr(at, end + 1 - at) + ' ';
      at = question.find('$', end + 1);
    }
    ++texts;
    false_alarms += count(formulas).WordShare() < 1 ? 1 : 0;
  });
  EXPECT_EQ(texts, 675);
  EXPECT_LE(false_alarms * 100, texts);  // \text{..} longer than what is around it
}

}  // namespace
}  // namespace rationale
