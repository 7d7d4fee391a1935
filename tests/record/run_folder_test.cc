#include "rl/record/run_folder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace rationale {
namespace {

void WriteState(const std::string& folder, const std::string& name, const std::string& json) {
  MakeFolders(folder + "/checkpoints/" + name + "/trainer");
  WriteFileDurably(folder + "/checkpoints/" + name + "/trainer/state.json", json);
}

void WriteMetrics(const std::string& folder) {
  MetricsWriter writer(folder, "sft", 0);
  writer.Write({"sft", 1, {{"loss", 2.5}}});
  writer.Write({"eval", 0, {{"accuracy", 0.5}, {"accuracy/de", 0.25}}});
  for (int64_t step = 1; step <= 40; ++step) {
    const auto value = static_cast<double>(step);
    writer.Write(
        {"rl",
         step,
         {{"reward_mean", value}, {"component/math", value / 40}, {"response_tokens_mean", 20}}});
  }
  writer.Write({"eval", 40, {{"accuracy", 0.75}, {"accuracy/de", 0.5}}});
}

TEST(RunFolder, StandsAtTheNewestCheckpoint) {
  const TemporaryFolder folder;
  WriteMetrics(folder.path());
  for (const char* name : {"sft-000500", "step-000020", "step-000040", "partial-step-000041"}) {
    WriteState(folder.path(), name,
               std::string(R"({"stage":"rl","step":40,"params_hash":")") + name +
                   R"(","seed":18446744073709551615})");
  }
  const RunFolder run = ReadRunFolder(folder.path());
  EXPECT_EQ(run.checkpoints,
            (std::vector<std::string>{"sft-000500", "step-000020", "step-000040"}));
  EXPECT_EQ(run.params_hash, "step-000040");
  EXPECT_EQ(run.step, 40);
  const rapidjson::Document json = ParseJson(RunJson(run), "inspect");
  EXPECT_EQ(json["step"].GetInt(), 40);
  EXPECT_EQ(json["seed"].GetUint64(), 18446744073709551615u);
  EXPECT_EQ(json["metrics"]["reward_mean"].GetDouble(), 40.0);
  EXPECT_EQ(json["eval"]["accuracy"].GetDouble(), 0.75);
  EXPECT_EQ(json["checkpoints"].Size(), 3u);
}

TEST(RunFolder, WithoutACheckpointHasTheRecipesSeed) {
  const TemporaryFolder folder;
  WriteFileDurably(folder.path() + "/config.toml", "[run]\nseed = 7\n");
  const RunFolder run = ReadRunFolder(folder.path());
  EXPECT_EQ(run.seed, 7u);
  EXPECT_EQ(RunTable(run), "");
  EXPECT_EQ(
      RunJson(run),
      R"({"step":0,"params_hash":"","seed":7,"stage":"","finished":false,"checkpoints":[],"metrics":null,)"
      R"("eval":null})");
}

TEST(RunFolder, RefusesWhatIsNoRun) {
  const TemporaryFolder folder;
  EXPECT_THROW(ReadRunFolder(folder.path()), Error);
  EXPECT_THROW(ReadRunFolder(folder.path() + "/missing"), Error);
}

TEST(RunTable, AveragesTheStepsOfARow) {
  const TemporaryFolder folder;
  WriteMetrics(folder.path());
  const std::string table = RunTable(ReadRunFolder(folder.path()), 2);
  // Steps 1 to 20 have a mean reward of 10.5, the others of 30.5.
  EXPECT_NE(table.find("     20    10.5   0.262    20.0"), std::string::npos) << table;
  EXPECT_NE(table.find("     40    30.5   0.762    20.0"), std::string::npos) << table;
  EXPECT_NE(table.find("75.0%\n"), std::string::npos) << table;
}

TEST(RunCharts, HaveAPanelForEachCurve) {
  const TemporaryFolder folder;
  WriteMetrics(folder.path());
  const std::vector<Chart> charts = RunCharts(ReadRunFolder(folder.path()));
  ASSERT_EQ(charts.size(), 4u);
  EXPECT_EQ(charts[1].series.at(0).name, "math");
  EXPECT_EQ(charts[2].series.at(0).points.back(), (std::pair{40.0, 0.75}));
  EXPECT_EQ(charts[2].series.at(1).name, "de");
}

TEST(Ticks, AreRoundAndCoverTheRange) {
  EXPECT_EQ(Ticks(0, 1), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(Ticks(1, 120), (std::vector<double>{0, 20, 40, 60, 80, 100, 120}));
  EXPECT_EQ(Ticks(-3, 4), (std::vector<double>{-4, -2, 0, 2, 4}));
  EXPECT_EQ(Ticks(5, 5).front(), 5.0);
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(ChartsSvg, ALogarithmicAxisHasATickAtEachPointAndEqualStepsForDoubling) {
  const std::string svg = ChartsSvg({{.title = "t",
                                      .x_label = "batch",
                                      .series = {{.name = "a", .points = {{1, 1}, {2, 1}, {8, 1}}}},
                                      .log2_x = true}});
  for (const char* label : {">1</text>", ">2</text>", ">8</text>"}) {
    EXPECT_NE(svg.find(label), std::string::npos) << label;
  }
  EXPECT_EQ(svg.find(">4</text>"), std::string::npos);
  EXPECT_NE(svg.find("cx=\"52.0\""), std::string::npos) << svg;
  EXPECT_NE(svg.find("cx=\"146.0\""), std::string::npos) << svg;  // a third of the plot's 282
  EXPECT_NE(svg.find("cx=\"334.0\""), std::string::npos) << svg;
}

TEST(ChartsSvg, DrawsTheFinitePointsOfEachSeriesAndEscapesText) {
  const double nan = std::nan("");
  const Chart chart{
      .title = "a < b & c",
      .x_label = "step",
      .series = {{"up", {{0, 0}, {1, nan}, {2, 10}}}, {"none", {{0, nan}}}, {"dot", {{1, 5}}}},
      .smoothing = 3};
  const std::string svg = ChartsSvg({chart, {.title = "empty", .x_label = "", .series = {}}});
  EXPECT_EQ(Count(svg, "<g "), 1u);
  EXPECT_NE(svg.find("a &lt; b &amp; c"), std::string::npos);
  EXPECT_EQ(Count(svg, "class=\"line"), 2u);
  EXPECT_EQ(Count(svg, "class=\"raw"), 2u);
  EXPECT_EQ(Count(svg, "<circle"), 3u);
  // The plot spans x 52 to 334 and, from 10 down to 0, y 38 to 210.
  EXPECT_NE(svg.find("d=\"M52.0 210.0L334.0 38.0\""), std::string::npos) << svg;
  EXPECT_EQ(Count(svg, "nan"), 0u);
  EXPECT_NE(ChartsSvg({}).find("nothing was measured yet"), std::string::npos);
}

}  // namespace
}  // namespace rationale
