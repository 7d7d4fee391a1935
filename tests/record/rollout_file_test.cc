#include "rl/record/rollout_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace rationale {
namespace {

Problem MakeProblem(const std::string& id, const std::string& language) {
  Problem problem;
  problem.id = id;
  problem.language = language;
  return problem;
}

std::vector<Sample> TwoSamples(const Problem& problem) {
  Sample right;
  right.problem = &problem;
  right.rollout.prompt = {1, 2};
  right.rollout.response = {3, 4, 5};
  right.rollout.logprobs = {-0.5f, -1.25f, 0.0f};
  right.rollout.policy_versions = {7, 7, 8};
  right.rollout.text = "drei \xff";
  right.rollout.finish = Finish::kStop;
  right.verdict = {.judged = true, .score = 1.2, .components = {}};
  right.verdict.components = {
      {.name = "math", .judged = true, .score = 1, .reason = "3 = 3", .answer = "3"},
      {.name = "language", .judged = true, .score = 0.2}};
  right.reward = 1.2;
  right.advantage = 0.5;
  right.used = true;
  Sample unjudged = right;
  unjudged.rollout.response = {};
  unjudged.rollout.logprobs = {};
  unjudged.rollout.policy_versions = {};
  unjudged.rollout.text = "";
  unjudged.rollout.finish = Finish::kLength;
  unjudged.verdict.judged = false;
  unjudged.verdict.components = {{.name = "math", .judged = false, .reason = "timed out"}};
  return {right, unjudged};
}

TEST(RolloutFile, KeepsWhatAPersonWantsToSee) {
  const TemporaryFolder folder;
  const Problem problem = MakeProblem("p-1", "de");
  const std::string path = RolloutPath(folder.path(), 123);
  EXPECT_EQ(path, folder.path() + "/rollouts/step-000123.parquet");
  WriteRollouts(path, TwoSamples(problem),
                {.prompt_text = [](const Sample&) { return "was ist drei ?"; }});
  const std::vector<RolloutRow> rows = ReadRollouts(path, 10);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].problem_id, "p-1");
  EXPECT_EQ(rows[0].language, "de");
  EXPECT_EQ(rows[0].prompt, "was ist drei ?");
  EXPECT_EQ(rows[0].response, "drei \uFFFD");
  EXPECT_EQ(rows[0].finish, "stop");
  EXPECT_EQ(rows[0].reward, 1.2);
  EXPECT_EQ(rows[0].advantage, 0.5);
  EXPECT_EQ(rows[0].scores.at("math"), 1.0);
  EXPECT_EQ(rows[0].reasons.at("math"), "3 = 3");
  EXPECT_TRUE(std::isnan(rows[1].reward));
  EXPECT_TRUE(std::isnan(rows[1].scores.at("math")));
  EXPECT_TRUE(std::isnan(rows[1].scores.at("language")));
  EXPECT_EQ(rows[1].reasons.at("math"), "timed out");
  EXPECT_EQ(rows[1].finish, "length");
  EXPECT_EQ(ReadRollouts(path, 1).size(), 1u);
}

TEST(RolloutFile, ReplacesTheFileOfAnEarlierLifeAndLeavesNothingElse) {
  const TemporaryFolder folder;
  const Problem problem = MakeProblem("p", "");
  const std::string path = RolloutPath(folder.path(), 1);
  const std::vector<Sample> samples = TwoSamples(problem);
  WriteRollouts(path, samples, {.prompt_text = [](const Sample&) { return "a"; }});
  WriteRollouts(path, std::span(samples).first(1),
                {.prompt_text = [](const Sample&) { return "b"; }});
  EXPECT_EQ(ReadRollouts(path, 10).size(), 1u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path() + "/rollouts"),
                          std::filesystem::directory_iterator()),
            1);
}

TEST(RolloutFile, OfNoSamplesIsEmpty) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/empty.parquet";
  WriteRollouts(path, {}, {.prompt_text = [](const Sample&) { return ""; }});
  EXPECT_TRUE(ReadRollouts(path, 10).empty());
}

TEST(RolloutFile, NamesAFileThatIsNoneOrWhereItCannotBeWritten) {
  const TemporaryFolder folder;
  WriteFileDurably(folder.path() + "/x.parquet", "PAR1 no");
  for (const char* name : {"/x.parquet", "/missing.parquet"}) {
    try {
      ReadRollouts(folder.path() + name, 1);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).rfind(folder.path() + name + ": ", 0), 0u)
          << error.what();
    }
  }
  MakeFolders(folder.path() + "/taken.parquet");
  EXPECT_THROW(WriteRollouts(folder.path() + "/taken.parquet", {},
                             {.prompt_text = [](const Sample&) { return ""; }}),
               Failure);
}

}  // namespace
}  // namespace rationale
