// DataStream, mixtures and the reading of a DataConfig.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "datasets/problems.h"
#include "tests/datasets/testing.h"

namespace rationale {
namespace {

TEST(DataStream, WalksAFiniteSetEpochByEpochFromAnyCursor) {
  const TextFile file("a.jsonl", Numbered(10));
  const DataConfig config{.files = {file.path()}, .held_out = 0};
  ProblemStream stream(config, Split::kTrain, 5);
  EXPECT_EQ(stream.size(), 10u);
  std::vector<std::string> walk;
  for (uint64_t cursor = 0; cursor < 30; ++cursor) walk.push_back(stream.At(cursor).id);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    EXPECT_EQ(
        std::set<std::string>(walk.begin() + 10 * epoch, walk.begin() + 10 * epoch + 10).size(),
        10u);
  }
  EXPECT_NE(std::vector<std::string>(walk.begin(), walk.begin() + 10),
            std::vector<std::string>(walk.begin() + 10, walk.begin() + 20));
  ProblemStream resumed(config, Split::kTrain, 5);
  for (uint64_t cursor = 17; cursor < 30; ++cursor) EXPECT_EQ(resumed.At(cursor).id, walk[cursor]);
  ProblemStream other(config, Split::kTrain, 6);
  int same = 0;
  for (uint64_t cursor = 0; cursor < 30; ++cursor) same += other.At(cursor).id == walk[cursor];
  EXPECT_LT(same, 15);
}

TEST(DataStream, AGeneratorWithoutALimitNeverEnds) {
  const DataConfig config{.generator = "chain_sum"};
  DemonstrationStream stream(config, Split::kTrain, 1);
  EXPECT_EQ(stream.size(), 0u);
  EXPECT_EQ(stream.At(1'000'000'000).problem.id, "chain_sum/train/1000000000");
  DemonstrationStream again(config, Split::kTrain, 1);
  EXPECT_EQ(stream.At(7).completion, again.At(7).completion);
}

TEST(DataConfig, IsReadFromARecipe) {
  const DataConfig config = ReadConfig<DataConfig>(ParseToml(R"(
generator = "arithmetic_words"
held_out_limit = 150
[arithmetic_words]
languages = ["en", "fr"]
slip = 0.25
)",
                                                             "recipe.toml"));
  EXPECT_EQ(config.generator, "arithmetic_words");
  EXPECT_EQ(config.options.arithmetic_words.languages, (std::vector<std::string>{"en", "fr"}));
  EXPECT_EQ(config.options.arithmetic_words.slip, 0.25);
  EXPECT_EQ(config.options.arithmetic_words.lapse, 0.3);
  const auto refused = [](const std::string& toml) {
    return ErrorOf([&] { ReadConfig<DataConfig>(ParseToml(toml, "recipe.toml")); });
  };
  EXPECT_EQ(refused("held_out = 0.5"),
            "recipe.toml:1: files: is needed, or dataset, or generator, or mix");
  EXPECT_NE(refused("generator = \"countdown\"\nfiles = [\"a\"]").find("excludes files"),
            std::string::npos);
  EXPECT_NE(refused("files = [\"a\"]\n[arithmetic_words]\nslips = 1").find("slip"),
            std::string::npos);
  EXPECT_NE(refused("files = [\"a\"]\nformat = \"xml\"").find("jsonl"), std::string::npos);
}

TEST(DataStream, MixedPartsTakeTurnsByTheirWeights) {
  const TextFile a("a.jsonl", Numbered(4)), b("b.jsonl", Numbered(10));
  DataConfig config;
  config.mix = {{.name = "small", .weight = 1, .data = {.files = {a.path()}, .held_out = 0}},
                {.name = "large", .weight = 3, .data = {.files = {b.path()}, .held_out = 0}},
                {.name = "endless", .weight = 2, .data = {.generator = "chain_sum"}}};
  ProblemStream stream(config, Split::kTrain, 7);
  EXPECT_EQ(stream.size(), 0u);
  std::vector<Problem> walk;
  std::string turns;
  for (uint64_t cursor = 0; cursor < 60; ++cursor) {
    walk.push_back(stream.At(cursor));
    if (cursor < 12) turns += walk.back().fields.at("data_source")[0];
  }
  EXPECT_EQ(turns, "leslelleslel");
  std::map<std::string, std::multiset<std::string>> ids;
  for (const Problem& problem : walk) {
    const std::string& part = problem.fields.at("data_source");
    EXPECT_TRUE(problem.id.starts_with(part + "/")) << problem.id;
    ids[part].insert(problem.id);
  }
  EXPECT_EQ(ids["small"].size(), 10u);
  EXPECT_EQ(ids["large"].size(), 30u);
  EXPECT_EQ(ids["endless"].size(), 20u);
  for (const std::string& id : ids["large"]) EXPECT_EQ(ids["large"].count(id), 3u);  // three epochs
  EXPECT_EQ(std::set<std::string>(ids["endless"].begin(), ids["endless"].end()).size(), 20u);

  ProblemStream resumed(config, Split::kTrain, 7);
  for (uint64_t cursor = 31; cursor < 60; ++cursor)
    EXPECT_EQ(resumed.At(cursor).id, walk[cursor].id);
}

TEST(LoadProblems, AMixtureIsItsPartsOneAfterAnother) {
  const TextFile a("a.jsonl", Numbered(2)), b("a.jsonl", Numbered(3));
  DataConfig config;
  config.mix = {{.name = "x", .data = {.files = {a.path()}}},
                {.name = "y", .data = {.files = {b.path()}}}};
  std::string ids;
  for (const Problem& problem : LoadProblems(config, Split::kAll)) ids += problem.id + " ";
  EXPECT_EQ(ids, "x/a.jsonl:1 x/a.jsonl:2 y/a.jsonl:1 y/a.jsonl:2 y/a.jsonl:3 ");
}

TEST(LoadProblems, TheLimitOfAMixtureSpreadsOverItsParts) {
  const TextFile a("a.jsonl", Numbered(2)), b("b.jsonl", Numbered(4));
  DataConfig config;
  config.limit = 3;
  config.mix = {{.name = "x", .data = {.files = {a.path()}}},
                {.name = "y", .data = {.files = {b.path()}}}};
  std::string ids;
  for (const Problem& problem : LoadProblems(config, Split::kAll)) ids += problem.id + " ";
  EXPECT_EQ(ids, "x/a.jsonl:1 y/b.jsonl:1 y/b.jsonl:3 ");
}

TEST(LoadProblems, APartOfAMixtureThatHoldsNothingOutIsTrainedOnOnly) {
  const TextFile a("a.jsonl", Numbered(2)), b("b.jsonl", Numbered(3));
  DataConfig config;
  config.mix = {{.name = "x", .data = {.files = {a.path()}, .held_out = 0}},
                {.name = "y", .data = {.files = {b.path()}, .held_out = 1}}};
  std::string ids;
  for (const Problem& problem : LoadProblems(config, Split::kHeldOut)) ids += problem.id + " ";
  EXPECT_EQ(ids, "y/b.jsonl:1 y/b.jsonl:2 y/b.jsonl:3 ");
  config.mix.pop_back();
  EXPECT_EQ(LoadProblems(config, Split::kTrain).size(), 2u);
  EXPECT_NE(ErrorOf([&] { LoadProblems(config, Split::kHeldOut); }).find("no part holds"),
            std::string::npos);
}

TEST(DataConfig, AMixtureIsReadFromARecipe) {
  const auto read = [](const std::string& toml) {
    return ReadConfig<DataConfig>(ParseToml(toml, "recipe.toml"));
  };
  const DataConfig config = read(R"(
[[mix]]
name = "math"
weight = 3
dataset = "gsm8k"
[[mix]]
name = "sums"
generator = "chain_sum"
chain_sum = {terms_max = 2}
)");
  ASSERT_EQ(config.mix.size(), 2u);
  EXPECT_EQ(config.mix[0].weight, 3);
  EXPECT_EQ(config.mix[0].data.dataset, "gsm8k");
  EXPECT_EQ(config.mix[1].data.options.chain_sum.terms_max, 2);
  EXPECT_EQ(ConfigHash(config), ConfigHash(read(ConfigToml(config))));
  EXPECT_NE(ErrorOf([&] { read("[[mix]]\ndataset = \"gsm8k\"\n"); }).find("without a name"),
            std::string::npos);
  EXPECT_NE(ErrorOf([&] { read("[[mix]]\nname = \"a\"\n"); }).find("is needed"), std::string::npos);
  EXPECT_NE(ErrorOf([&] {
              read("dataset = \"gsm8k\"\n[[mix]]\nname = \"a\"\ndataset = \"mgsm\"\n");
            }).find("mix: excludes"),
            std::string::npos);
  EXPECT_NE(ErrorOf([&] {
              read("language = \"en\"\n[[mix]]\nname = \"a\"\ndataset = \"mgsm\"\n");
            }).find("belong in its parts"),
            std::string::npos);
  EXPECT_NE(ErrorOf([&] {
              read("[[mix]]\nname = \"a\"\n[[mix.mix]]\nname = \"b\"\ndataset = \"mgsm\"\n");
            }).find("has a mix"),
            std::string::npos);
}

}  // namespace
}  // namespace rationale
