#include "base/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace rationale {
namespace {

enum class Schedule { kLinear, kCosine };

std::vector<std::pair<std::string_view, Schedule>> ConfigNames(Schedule) {
  return {{"linear", Schedule::kLinear}, {"cosine", Schedule::kCosine}, {"cos", Schedule::kCosine}};
}

struct Stage {
  std::string name = "main";
  double weight = 1;

  template <class V>
  void Visit(V& v) {
    v("name", name, "");
    v("weight", weight, "", AtLeast(0));
  }
};

struct Learning {
  double lr = 1e-6;
  double clip_low = 0.2;
  double clip_high = 0.2;
  int32_t steps = 100;
  std::optional<double> kl;
  Schedule schedule = Schedule::kLinear;
  std::string device = "cpu";
  std::vector<double> betas = {0.9, 0.999};

  template <class V>
  void Visit(V& v) {
    v("lr", lr, "learning rate after warm-up", Above(0));
    v("clip_low", clip_low, "the ratio is clipped below at 1 - clip_low", Between(0, 1));
    v("clip_high", clip_high, "the ratio is clipped above at 1 + clip_high", AtLeast(0));
    v("steps", steps, "updates of the policy", AtLeast(0));
    v("kl", kl, "weight of the divergence from the reference", AtLeast(0));
    v("schedule", schedule, "how the rate falls");
    v("device", device, "where", OneOf{{"cpu", "cuda"}});
    v("betas", betas, "AdamW's averages", Between(0, 1));
  }

  void Validate(const ConfigCheck& check) const {
    check(clip_low <= clip_high, "clip_low", "must not exceed clip_high");
  }
};

struct Recipe {
  std::string model;
  bool quiet = false;
  std::map<std::string, std::string> columns;
  Learning rl;
  std::vector<Stage> stages;
  std::vector<ConfigValue> rewards;

  template <class V>
  void Visit(V& v) {
    v("model", model, "a folder");
    v("quiet", quiet, "no progress");
    v("columns", columns, "names of the data's columns");
    v("rl", rl, "the learner");
    v("stages", stages, "");
    v("rewards", rewards, "");
  }

  void Validate(const ConfigCheck& check) const {
    check(rl.steps != 13, "rl.steps", "brings bad luck");
  }
};

Recipe Parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  ConfigValue root = ParseToml(text, "r.toml");
  for (const std::string& assignment : overrides) ApplyOverride(assignment, root);
  return ReadConfig<Recipe>(root);
}

std::string MessageOf(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    Parse(text, overrides);
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

TEST(Config, ReadsEveryTypeAndKeepsDefaults) {
  const Recipe recipe = Parse(R"(
model = "m"
quiet = true
columns = { answer = "gold" }
rl = { lr = 1, kl = 0.001, schedule = "cos", betas = [0.5] }
stages = [{ name = "a" }, { weight = 2 }]
[[rewards]]
name = "math"
tolerance = 0.5
)");
  EXPECT_EQ(recipe.model, "m");
  EXPECT_TRUE(recipe.quiet);
  EXPECT_EQ(recipe.columns.at("answer"), "gold");
  EXPECT_EQ(recipe.rl.lr, 1.0);
  EXPECT_EQ(recipe.rl.steps, 100);
  EXPECT_EQ(recipe.rl.kl, 0.001);
  EXPECT_EQ(recipe.rl.schedule, Schedule::kCosine);
  EXPECT_EQ(recipe.rl.betas, std::vector<double>{0.5});
  ASSERT_EQ(recipe.stages.size(), 2u);
  EXPECT_EQ(recipe.stages[0].name, "a");
  EXPECT_EQ(recipe.stages[1].name, "main");
  EXPECT_EQ(recipe.stages[1].weight, 2.0);
  EXPECT_EQ(recipe.rewards.at(0).String("name"), "math");
}

TEST(Config, NamesPlaceKeyFoundAndAllowedForAWrongType) {
  EXPECT_EQ(MessageOf("\n[rl]\nlr = \"fast\""),
            "r.toml:3: rl.lr: found the string \"fast\", allowed: a number above 0");
  EXPECT_EQ(MessageOf("[rl]\nsteps = 1.5"), "r.toml:2: rl.steps: found 1.5, allowed: an integer");
  EXPECT_EQ(MessageOf("rl = 3"), "r.toml:1: rl: found 3, allowed: a table");
  EXPECT_EQ(MessageOf("model = 3"), "r.toml:1: model: found 3, allowed: a string");
  EXPECT_EQ(MessageOf("quiet = 1"), "r.toml:1: quiet: found 1, allowed: true or false");
  EXPECT_EQ(MessageOf("[rl]\nbetas = [0.5,\n \"x\"]"),
            "r.toml:3: rl.betas[1]: found the string \"x\", allowed: a number of at least 0 and at "
            "most 1");
  EXPECT_EQ(MessageOf("rewards = [1]"), "r.toml:1: rewards[0]: found 1, allowed: a table");
  EXPECT_EQ(
      MessageOf("model = 2020-01-01"),
      "r.toml:1: model: found a date or time, allowed: a string, number, boolean, list or table");
}

TEST(Config, RefusesNumbersOutOfRangeOrTooWideForTheField) {
  EXPECT_EQ(MessageOf("[rl]\nlr = 0"), "r.toml:2: rl.lr: found 0, allowed: a number above 0");
  EXPECT_EQ(MessageOf("[rl]\nlr = nan"), "r.toml:2: rl.lr: found nan, allowed: a number above 0");
  EXPECT_EQ(MessageOf("[rl]\nkl = -1"),
            "r.toml:2: rl.kl: found -1, allowed: a number of at least 0");
  EXPECT_EQ(MessageOf("[rl]\nsteps = 3000000000"),
            "r.toml:2: rl.steps: found 3000000000, allowed: a number of at least 0 and at most "
            "2147483647");
}

TEST(Config, NamesTheNearestKeyAndEnumerator) {
  EXPECT_EQ(MessageOf("[rl]\nclip_hihg = 1"),
            "r.toml:2: rl.clip_hihg: unknown key 'clip_hihg'; did you mean 'clip_high'? "
            "Allowed: lr, clip_low, clip_high, steps, kl, schedule, device, betas");
  EXPECT_EQ(MessageOf("[rl]\nschedule = \"cosin\""),
            "r.toml:2: rl.schedule: found the string \"cosin\", allowed: one of \"linear\", "
            "\"cosine\", \"cos\"; "
            "did you mean \"cosine\"?");
}

TEST(Config, AStringWithAFewChoicesTakesNoOther) {
  EXPECT_EQ(Parse("[rl]\ndevice = \"cuda\"").rl.device, "cuda");
  EXPECT_EQ(MessageOf("", {"rl.device=cud"}),
            "--set rl.device=cud: rl.device: found the string \"cud\", allowed: one of \"cpu\", "
            "\"cuda\"; "
            "did you mean \"cuda\"?");
}

TEST(Config, NamesFileAndLineOfWhatIsNoToml) {
  EXPECT_EQ(MessageOf("model = \"m\"\nquiet = = 1").rfind("r.toml:2: not valid TOML: ", 0), 0u);
  const TemporaryFolder folder;
  EXPECT_THROW(ReadConfigFile<Recipe>(folder.path() + "/missing.toml"), Error);
}

TEST(Config, ValidateNamesThePlaceOfItsKey) {
  EXPECT_EQ(MessageOf("[rl]\nlr = 1\nclip_low = 0.5"),
            "r.toml:3: rl.clip_low: must not exceed clip_high");
  EXPECT_EQ(MessageOf("\n[rl]\nclip_high = 0.1"),
            "r.toml:2: rl.clip_low: must not exceed clip_high");
  EXPECT_EQ(MessageOf("[rl]\n\nsteps = 13"), "r.toml:3: rl.steps: brings bad luck");
}

TEST(Config, OverridesWinMakeTablesAndReachIntoLists) {
  const Recipe recipe =
      Parse("[rl]\nlr = 1\n[[stages]]\nname = \"a\"",
            {"rl.lr=1e-3", "rl.lr=2e-3", "rl.schedule=cosine", "stages[0].weight=3",
             "columns.answer=gold", "rl.betas=[0.1, 0.2]", "model=models/a-b_1.5"});
  EXPECT_EQ(recipe.rl.lr, 2e-3);
  EXPECT_EQ(recipe.rl.schedule, Schedule::kCosine);
  EXPECT_EQ(recipe.stages.at(0).weight, 3.0);
  EXPECT_EQ(recipe.columns.at("answer"), "gold");
  EXPECT_EQ(recipe.rl.betas.size(), 2u);
  EXPECT_EQ(recipe.model, "models/a-b_1.5");
}

TEST(Config, OverridesOfAStringNeedNoQuotesEvenIfTheyLookLikeNumbers) {
  EXPECT_EQ(Parse("", {"model=2024"}).model, "2024");
  EXPECT_EQ(Parse("", {"model=1e-3"}).model, "1e-3");
  EXPECT_EQ(Parse("", {"model=\"true\""}).model, "true");
  EXPECT_EQ(Parse("", {"model=a=b"}).model, "a=b");
}

TEST(Config, OverridesThatAreWrongAreNamed) {
  EXPECT_EQ(MessageOf("", {"rl.lr=fast"}),
            "--set rl.lr=fast: rl.lr: found the string \"fast\", allowed: a number above 0");
  EXPECT_EQ(MessageOf("", {"rl.step=1"}),
            "--set rl.step=1: rl.step: unknown key 'step'; did you mean 'steps'? "
            "Allowed: lr, clip_low, clip_high, steps, kl, schedule, device, betas");
  EXPECT_EQ(MessageOf("", {"rl"}), "--set rl: not of the form section.key=value");
  EXPECT_EQ(MessageOf("", {"rl..lr=1"}), "--set rl..lr=1: not of the form section.key=value");
  EXPECT_EQ(MessageOf("", {"quiet.x=1", "quiet=1"}),
            "--set quiet=1: quiet: found 1, allowed: true or false");
  EXPECT_EQ(MessageOf("quiet = true", {"quiet.x=1"}),
            "--set quiet.x=1: quiet is true, not a table");
  EXPECT_EQ(MessageOf("", {"stages[0].weight=1"}),
            "--set stages[0].weight=1: stages is a table, not a list");
  EXPECT_EQ(MessageOf("stages = []", {"stages[0].weight=1"}),
            "--set stages[0].weight=1: stages has 0 elements");
}

TEST(Config, ARawTableIsReadByWhoeverUnderstandsItAndErrorsKeepTheirPlace) {
  const Recipe recipe = Parse("[[rewards]]\nname = \"x\"\nkind = \"stage\"\nweight = -1");
  const ConfigValue options = recipe.rewards.at(0).Without({"kind"});
  try {
    ReadConfig<Stage>(options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "r.toml:4: rewards[0].weight: found -1, allowed: a number of at least 0");
  }
}

TEST(Config, PrintsTomlThatReadsBackAsTheSame) {
  const std::string text = R"(
model = "a \"b\"\n\u0001 ü"
columns = { "odd key" = "x" }
[rl]
lr = 0.1
kl = 0.001
schedule = "cos"
[[stages]]
weight = 2
[[rewards]]
name = "math"
options = { deep = [1, 2.5, true] }
)";
  const Recipe recipe = Parse(text);
  const std::string printed = ConfigToml(recipe);
  EXPECT_EQ(ConfigToml(Parse(printed)), printed);
  EXPECT_EQ(ConfigHash(Parse(printed)), ConfigHash(recipe));
  EXPECT_EQ(Parse(printed).model, recipe.model);
  EXPECT_EQ(ConfigToml(Parse(ConfigToml(recipe, true))), printed);
  EXPECT_NE(ConfigToml(recipe, true).find("lr = 0.1  # learning rate after warm-up\n"),
            std::string::npos);
  EXPECT_NE(printed.find("\n[rl]\nlr = 0.1\n"), std::string::npos) << printed;
  EXPECT_NE(printed.find("schedule = \"cosine\""), std::string::npos);
}

TEST(Config, HashChangesWithEveryField) {
  const std::string hash = ConfigHash(Parse(""));
  EXPECT_EQ(ConfigHash(Parse("quiet = false")), hash);
  for (const char* text :
       {"model = \"x\"", "quiet = true", "[columns]\na = \"b\"", "[rl]\nlr = 2e-6", "[rl]\nkl = 0",
        "[[stages]]", "[[rewards]]\nname = \"x\""}) {
    EXPECT_NE(ConfigHash(Parse(text)), hash) << text;
  }
}

TEST(TomlText, WritesTheShortestNumberThatReadsBack) {
  EXPECT_EQ(TomlText(0.1), "0.1");
  EXPECT_EQ(TomlText(1.0), "1.0");
  EXPECT_EQ(TomlText(3e-6), "3e-06");
  EXPECT_EQ(TomlText(-HUGE_VAL), "-inf");
}

}  // namespace
}  // namespace rationale
