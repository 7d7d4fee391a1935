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

}  // namespace
}  // namespace rationale
