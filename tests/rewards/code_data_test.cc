// Code, data: published solutions pass their published tests, and what is left of them without
// their functions' bodies does not.

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "datasets/problems.h"
#include "tests/rewards/code_testing.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

struct Case {
  Problem problem;
  std::string response;
};

// The verdicts that differ from `score`, one line each.
std::string Unexpected(const Rubric& rubric, const std::vector<Case>& cases, double score) {
  std::string text;
  std::mutex mutex;
  std::atomic<size_t> next{0};
  const auto judge = [&] {
    for (size_t i = next++; i < cases.size(); i = next++) {
      const Component component = JudgeCode(rubric, cases[i].problem, cases[i].response);
      if (component.judged && component.score == score) continue;
      std::lock_guard lock(mutex);
      text += cases[i].problem.id + ": " + VerdictText(component) + "\n";
    }
  };
  std::thread other(judge);
  judge();
  other.join();
  return text;
}

// The reference solution as a response, and a program that defines its functions without bodies.
std::string Canonical(const Problem& problem) {
  const auto code = problem.fields.find("code");
  if (code != problem.fields.end()) return Fenced(code->second);
  return problem.fields.at("canonical_solution");  // completes the prompt
}

std::string Emptied(const Problem& problem) {
  const auto code = problem.fields.find("code");
  if (code == problem.fields.end()) return "    pass\n";
  std::string text;
  for (size_t at = code->second.find("def "); at != std::string::npos;
       at = code->second.find("def ", at + 1)) {
    const size_t name = at + 4;
    const size_t end = code->second.find('(', name);
    if (end == std::string::npos) break;
    text += "def " + code->second.substr(name, end - name) + "(*a, **k): pass\n";
  }
  return Fenced(text);
}

void ExpectSolutionsPassAndEmptyBodiesFail(const DataConfig& config, size_t count) {
  const Rubric rubric = CodeRubric();
  std::vector<Case> canonical, emptied;
  for (const Problem& problem : LoadProblems(config, Split::kAll, 0)) {
    canonical.push_back({problem, Canonical(problem)});
    emptied.push_back({problem, Emptied(problem)});
  }
  EXPECT_EQ(canonical.size(), count);
  EXPECT_EQ(Unexpected(rubric, canonical, 1), "");
  EXPECT_EQ(Unexpected(rubric, emptied, 0), "");
}

DataConfig Dataset(const std::string& name, const std::string& folder) {
  DataConfig config = ResolveDataset({.dataset = name});
  for (std::string& file : config.files) file = folder + "/" + file;
  return config;
}

TEST(CodeData, FixturesOfBothFormsPass) {
  const std::string folder = RATIONALE_SOURCE_DIR "/tests/golden/data";
  ExpectSolutionsPassAndEmptyBodiesFail(Dataset("humaneval", folder), 2);
  ExpectSolutionsPassAndEmptyBodiesFail(Dataset("mbpp", folder), 2);
}

TEST(CodeData, AllOfHumanEvalPasses) {
  const std::string folder = RealDataFolder();
  SKIP_WITHOUT(folder + "/humaneval/HumanEval.jsonl.gz");
  ExpectSolutionsPassAndEmptyBodiesFail(Dataset("humaneval", folder), 164);
}

TEST(CodeData, AllOfMbppPasses) {
  const std::string folder = RealDataFolder();
  SKIP_WITHOUT(folder + "/humaneval/mbpp.jsonl");
  ExpectSolutionsPassAndEmptyBodiesFail(Dataset("mbpp", folder), 974);
}

}  // namespace
}  // namespace rationale
