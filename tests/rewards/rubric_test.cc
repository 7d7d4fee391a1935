// Rubric: what a rubric says and what it refuses.

#include "rewards/rubric.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rationale {
namespace {

std::string MessageFor(const std::string& text) {
  try {
    Rubric::FromText(text, "rubric.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Rubric, AddsWeightedComponents) {
  const Rubric rubric = Rubric::FromText(
      "[[rewards]]\nname = 'math'\n[[rewards]]\nname = 'format'\nweight = 0.25\n", "rubric.toml");
  Problem problem;
  problem.reference = "7";
  const Verdict good = rubric.Judge(
      {.text = "<think> two plus five </think> <answer> 7 </answer>", .problem = &problem});
  EXPECT_TRUE(good.judged);
  EXPECT_EQ(good.score, 1.25);
  ASSERT_EQ(good.components.size(), 2u);
  EXPECT_EQ(good.components[0].name, "math");
  EXPECT_EQ(good.components[1].name, "format");
  EXPECT_EQ(good.components[1].weight, 0.25);
  const Verdict no_format = rubric.Judge({.text = "<answer> 7 </answer>", .problem = &problem});
  EXPECT_EQ(no_format.score, 1.0);
}

TEST(Rubric, IsUnjudgedIfAWeightedComponentIs) {
  const std::string math = "[[rewards]]\nname = 'math'\n";
  const Problem without_reference;
  const Verdict verdict =
      Rubric::FromText(math, "r").Judge({.text = "7", .problem = &without_reference});
  EXPECT_FALSE(verdict.judged);
  EXPECT_FALSE(verdict.components[0].judged);
  const Verdict watched = Rubric::FromText(math + "weight = 0\n[[rewards]]\nname = 'format'\n", "r")
                              .Judge({.text = "7", .problem = &without_reference});
  EXPECT_TRUE(watched.judged) << "a component of weight 0 is only watched";
}

TEST(Rubric, ReadsTheRewardsOfARecipe) {
  const ConfigValue recipe =
      ParseToml("[rl]\nsteps = 3\n[[rewards]]\nname = 'format'\nas = 'template'\n", "recipe.toml");
  const Rubric rubric(std::get<ConfigValue::Array>(recipe.Find("rewards")->data));
  EXPECT_EQ(rubric.component_names(), std::vector<std::string>{"template"});
}

TEST(Rubric, NamesTheNearestReward) {
  const std::string message = MessageFor("[[rewards]]\nname = 'maths'\n");
  EXPECT_NE(message.find("rubric.toml:2"), std::string::npos) << message;
  EXPECT_NE(message.find("did you mean 'math'"), std::string::npos) << message;
}

TEST(Rubric, NamesTheNearestKeyCommonOrTheRewardsOwn) {
  const std::string common = MessageFor("[[rewards]]\nname = 'math'\nweigth = 2\n");
  EXPECT_NE(common.find("weight"), std::string::npos) << common;
  const std::string own = MessageFor("[[rewards]]\nname = 'math'\nordre = ['boxed']\n");
  EXPECT_NE(own.find("order"), std::string::npos) << own;
  const std::string top = MessageFor("reward = 1\n[[rewards]]\nname = 'math'\n");
  EXPECT_NE(top.find("rewards"), std::string::npos) << top;
}

TEST(Rubric, RefusesTwoComponentsOfOneName) {
  EXPECT_NE(MessageFor("[[rewards]]\nname = 'math'\n[[rewards]]\nname = 'math'\n"), "");
  EXPECT_EQ(MessageFor("[[rewards]]\nname = 'math'\n[[rewards]]\nname = 'math'\nas = 'again'\n"),
            "");
}

TEST(Rubric, RefusesAnEmptyListAndAMissingName) {
  EXPECT_NE(MessageFor("[fields]\nresponse = 'text'\n"), "");
  EXPECT_NE(MessageFor("[[rewards]]\nweight = 1\n"), "");
}

constexpr const char* kGood = "<think> two plus five </think> <answer> 7 </answer>";
constexpr const char* kNoTags = "7";

double ScoreOf(const std::string& rubric, std::string_view text, int64_t step = 0) {
  Problem problem;
  problem.reference = "7";
  const Verdict verdict =
      Rubric::FromText(rubric, "r").Judge({.text = text, .problem = &problem, .step = step});
  EXPECT_TRUE(verdict.judged);
  return verdict.score;
}

TEST(RubricGate, MustHoldOrTheScoreIsTheGatedOne) {
  const std::string rewards =
      "[[rewards]]\nname = 'math'\n[[rewards]]\nname = 'format'\nweight = 0.5\ngate = 1.0\n";
  EXPECT_EQ(ScoreOf(rewards, kGood), 1.5);
  EXPECT_EQ(ScoreOf(rewards, kNoTags), 0);
  EXPECT_EQ(ScoreOf("[total]\ngated_score = -1\nclip_min = 0\n" + rewards, kNoTags), -1);
}

TEST(RubricGate, IsSeenInTheReasonAndLeavesTheComponentsAsTheyAre) {
  Problem problem;
  problem.reference = "7";
  const Verdict verdict =
      Rubric::FromText(
          "[[rewards]]\nname = 'math'\n[[rewards]]\nname = 'format'\nweight = 0\ngate = 1.0\n", "r")
          .Judge({.text = kNoTags, .problem = &problem});
  EXPECT_EQ(verdict.score, 0);
  EXPECT_EQ(verdict.components[0].score, 1);
  EXPECT_EQ(verdict.components[1].reason,
            "<think> occurs 0 times instead of 1; below the gate of 1");
}

TEST(RubricGate, ThatCannotBeJudgedLeavesTheResponseUnjudgedWhateverItsWeight) {
  const Rubric rubric = Rubric::FromText(
      "[[rewards]]\nname = 'format'\n[[rewards]]\nname = 'math'\nweight = 0\ngate = 1\n", "r");
  const Problem without_reference;
  EXPECT_FALSE(rubric.Judge({.text = kGood, .problem = &without_reference}).judged);
}

TEST(RubricClip, BoundsComponentsInTheSumAndTheSum) {
  EXPECT_EQ(ScoreOf("[[rewards]]\nname = 'math'\nclip_max = 0.25\nweight = 2\n", kGood), 0.5);
  EXPECT_EQ(ScoreOf("[[rewards]]\nname = 'format'\nclip_min = -0.5\nclip_max = -0.5\n", kGood),
            -0.5);
  const std::string total =
      "[total]\nclip_min = 0.5\nclip_max = 0.75\n[[rewards]]\nname = 'format'\n";
  EXPECT_EQ(ScoreOf(total, kGood), 0.75);
  EXPECT_EQ(ScoreOf(total, kNoTags), 0.5);
}

TEST(RubricSchedule, IsLinearBetweenItsPointsAndConstantOutside) {
  const std::string rubric =
      "[[rewards]]\nname = 'format'\n"
      "schedule = [{step = 10, weight = 0.0}, {step = 20, weight = 1.0}, {step = 24, weight = "
      "0.5}]\n";
  const std::vector<std::pair<int64_t, double>> expected = {
      {0, 0}, {10, 0}, {11, 0.1}, {15, 0.5}, {20, 1}, {22, 0.75}, {24, 0.5}, {1000000, 0.5}};
  for (const auto& [step, weight] : expected) {
    EXPECT_DOUBLE_EQ(ScoreOf(rubric, kGood, step), weight) << step;
  }
}

TEST(RubricSchedule, OfWeightZeroOnlyWatches) {
  const Rubric rubric = Rubric::FromText(
      "[[rewards]]\nname = 'format'\n[[rewards]]\nname = 'math'\n"
      "schedule = [{step = 0, weight = 0}, {step = 1, weight = 1}]\n",
      "r");
  const Problem without_reference;
  EXPECT_TRUE(rubric.Judge({.text = kGood, .problem = &without_reference, .step = 0}).judged);
  EXPECT_FALSE(rubric.Judge({.text = kGood, .problem = &without_reference, .step = 1}).judged);
}

TEST(Rubric, RefusesBoundsAndSchedulesThatMakeNoSense) {
  const std::string reward = "[[rewards]]\nname = 'format'\n";
  EXPECT_EQ(MessageFor(reward + "clip_min = 2\nclip_max = 1\n"),
            "rubric.toml:3: rewards[0].clip_min: is above clip_max");
  EXPECT_EQ(MessageFor("[total]\nclip_min = 2\nclip_max = 1\n" + reward),
            "rubric.toml:2: total.clip_min: is above clip_max");
  EXPECT_EQ(MessageFor(reward + "schedule = [{step = 5, weight = 1}, {step = 5, weight = 2}]\n"),
            "rubric.toml:3: rewards[0].schedule: has steps that do not ascend from point to point");
  EXPECT_EQ(MessageFor(reward + "weight = 2\nschedule = [{step = 5, weight = 1}]\n"),
            "rubric.toml:3: rewards[0].weight: stands beside a schedule, whose points have weights "
            "of their own");
  EXPECT_NE(MessageFor(reward + "schedule = [{step = 5, wieght = 1}]\n").find("weight"),
            std::string::npos);
  EXPECT_EQ(MessageFor(reward + "schedule = [{step = 5}]\n"),
            "rubric.toml:3: rewards[0].schedule[0].weight: is missing");
}

TEST(Rubric, StaysFinite) {
  const std::string reward = "[[rewards]]\nname = 'length'\n";
  EXPECT_NE(MessageFor(reward + "weight = 1e308\n").find("at most 1000000"), std::string::npos);
  EXPECT_NE(
      MessageFor(reward + "schedule = [{step = 1, weight = 1e308}]\n").find("at most 1000000"),
      std::string::npos);
  const Rubric rubric = Rubric::FromText(
      "[[rewards]]\nname = 'math'\n" + reward +
          "weight = 1e6\nmode = 'cosine'\nwrong = [-1e308, -1e308]\ncorrect = [1e9, 1e9]\n",
      "rubric.toml");
  Problem problem;
  problem.reference = "7";
  const auto judge = [&](std::string_view text) {
    return rubric.Judge({.text = text, .problem = &problem, .num_tokens = 3, .max_tokens = 9});
  };
  EXPECT_EQ(judge("7").score, 1 + 1e15);
  EXPECT_FALSE(judge("8").judged);
  EXPECT_EQ(judge("8").components[1].reason, "a score of -1e+308 is beyond 1000000000");
}

}  // namespace
}  // namespace rationale
