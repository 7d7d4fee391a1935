// Judging: verdicts worked out beside the rollouts.

#include "rl/judging.h"

#include <gtest/gtest.h>

namespace rationale {
namespace {

Rollout Finished(const std::string& text) {
  Rollout rollout;
  rollout.text = text;
  rollout.response = {1, 2, 3};
  rollout.finish = Finish::kStop;
  return rollout;
}

TEST(Judging, GivesEachSampleItsOwnVerdictInWhateverOrderTheyFinish) {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'math'\n", "rubric");
  std::vector<Problem> problems(40);
  for (size_t i = 0; i < problems.size(); ++i) {
    problems[i].id = std::to_string(i);
    problems[i].reference = std::to_string(i);
  }
  for (const int threads : {1, 4}) {
    Judging judging(rubric, {.threads = threads});
    std::vector<Sample> samples(problems.size());
    for (size_t i = problems.size(); i-- > 0;) {
      judging.Add(i, problems[i], Finished(std::to_string(i % 2 == 0 ? i : i + 1)));
    }
    judging.Finish(samples);
    for (size_t i = 0; i < samples.size(); ++i) {
      EXPECT_TRUE(samples[i].verdict.judged);
      EXPECT_EQ(samples[i].reward, i % 2 == 0 ? 1 : 0) << i;
    }
    EXPECT_EQ(judging.num_repeated(), 0);
  }
}

TEST(Judging, JudgesEqualResponsesToAProblemOnce) {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'math'\n", "rubric");
  const Problem one{.id = "one", .reference = "1"}, two{.id = "two", .reference = "2"};
  Judging judging(rubric, {});
  std::vector<Sample> samples(5);
  judging.Add(0, one, Finished("1"));
  judging.Add(1, one, Finished("1"));
  judging.Add(2, two, Finished("1"));  // another problem
  judging.Add(3, one, Finished("2"));
  Rollout cut = Finished("1");
  cut.finish = Finish::kLength;  // which a reward may punish
  judging.Add(4, one, cut);
  judging.Finish(samples);
  EXPECT_EQ(judging.num_repeated(), 1);
  const double rewards[] = {1, 1, 0, 0, 1};
  for (size_t i = 0; i < samples.size(); ++i) EXPECT_EQ(samples[i].reward, rewards[i]) << i;
}

TEST(Judging, LeavesSamplesThatHaveAVerdictAndThoseNotAdded) {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'math'\n", "rubric");
  const Problem problem{.id = "p", .reference = "1"};
  Judging judging(rubric, {});
  std::vector<Sample> samples(2);
  samples[0].verdict = {.judged = true, .score = 0.5, .components = {{.name = "math"}}};
  judging.Add(0, problem, Finished("1"));
  judging.Finish(samples);
  EXPECT_EQ(samples[0].verdict.score, 0.5);
  EXPECT_FALSE(samples[1].verdict.judged);
}

TEST(Judging, GivesEachGroupItsOwnSolveRateAlsoFromReplayedVerdicts) {
  const Rubric rubric = Rubric::FromText(
      "[[rewards]]\nname = 'math'\n[[rewards]]\nname = 'length'\nmode = 'adaptive'\nweight = 2\n",
      "rubric");
  const Problem seven{.id = "seven", .reference = "7"}, eight{.id = "eight", .reference = "8"};
  std::vector<Sample> first(4);
  for (const bool replay : {false, true}) {
    Judging judging(rubric, {.max_new_tokens = 30, .threads = 2});
    std::vector<Sample> samples(4);
    for (size_t i = 0; i < samples.size(); ++i) samples[i].group = i < 2 ? 0 : 1;
    if (replay) samples[2].verdict = first[2].verdict;
    judging.Add(3, eight, Finished("8"));
    judging.Add(0, seven, Finished("7"));
    judging.Add(1, seven, Finished("7"));
    judging.Add(2, eight, Finished("7"));
    judging.Finish(samples);
    EXPECT_NEAR(samples[0].reward, 1 - 2 * 0.1 * 1, 1e-12);
    EXPECT_NEAR(samples[1].reward, 1 - 2 * 0.1 * 1, 1e-12);
    EXPECT_NEAR(samples[2].reward, 0 - 2 * 0.1 * 0.5, 1e-12);
    EXPECT_NEAR(samples[3].reward, 1 - 2 * 0.1 * 0.5, 1e-12);
    first = samples;
  }
}

TEST(Judging, CanBeGivenUpWithWorkLeft) {
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'math'\n", "rubric");
  const Problem problem{.id = "p", .reference = "1"};
  Judging judging(rubric, {.threads = 2});
  for (size_t i = 0; i < 1000; ++i) judging.Add(i, problem, Finished(std::to_string(i)));
}

}  // namespace
}  // namespace rationale
