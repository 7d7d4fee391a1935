// The published problem sets themselves, where $RATIONALE_DATA (default ../shared/data) has them.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "datasets/paths.h"
#include "datasets/problems.h"

namespace rationale {
namespace {

class RealData : public testing::Test {
 protected:
  void SetUp() override {
    // Tests run in the build folder; the default is relative to the project's.
    if (std::getenv("RATIONALE_DATA") == nullptr) {
      setenv("RATIONALE_DATA", RATIONALE_SOURCE_DIR "/../shared/data", 0);
    }
    if (!std::filesystem::exists(DataFolder())) GTEST_SKIP() << "no " << DataFolder();
  }

  static std::vector<Problem> Load(const std::string& name, Split split = Split::kAll) {
    return LoadProblems({.dataset = name}, split);
  }
};

// The number of problems, then the first one's id, language, beginning of the prompt and reference.
std::string Summary(const std::vector<Problem>& problems) {
  const Problem& first = problems.front();
  return std::to_string(problems.size()) + " " + first.id + " " + first.language + " " +
         first.prompt.substr(0, 21) + " -> " + first.reference.substr(0, 21);
}

TEST_F(RealData, EveryKnownDataSetLoads) {
  std::string text;
  for (const std::string& name : KnownDatasets()) {
    const std::vector<Problem> problems = Load(name);
    text += name + ": " + Summary(problems) + "\n";
    std::set<std::string> ids;
    for (const Problem& problem : problems) {
      EXPECT_TRUE(ids.insert(problem.id).second) << problem.id;
      EXPECT_FALSE(problem.language.empty());
      const bool is_code = name == "humaneval" || name == "mbpp";
      EXPECT_EQ(problem.reference.empty(), is_code) << problem.id;
    }
  }
  EXPECT_EQ(text, R"(gsm8k: 7473 train.jsonl:1 en Natalia sold clips to -> Natalia sold 48/2 = <
mgsm: 2750 mgsm_bn.tsv:1 bn জেনেটের -> 18
svamp: 1000 chal-777 en There are 87 oranges  -> 145
asdiv: 2215 asdiv.jsonl:1 en Seven red apples and  -> 9
mawps: 1557 mawps_addsub.jsonl:1 en Joan found 70 seashel -> 43
cmath: 600 cmath.jsonl:1 zh 芳芳买了一本书 -> 9
aime24: 30 aime24.jsonl:1 en Every morning Aya goe -> 204
amc23: 40 amc23.jsonl:1 en Cities $A$ and $B$ ar -> 27
olympiadbench: 675 olympiadbench.jsonl:1 en Xenia and Sergey play -> 2
gaokao2023en: 383 gaokao2023en.jsonl:1 en Given sets $M=\{x|x+2 -> $\{x|-2\leq x < 1\}$
humaneval: 164 HumanEval/0 en from typing import Li -> 
mbpp: 974 1 en Write a function to f -> 
)");
}

}  // namespace
}  // namespace rationale
