#include "rl/lab/advantage_change.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace rationale {
namespace {

struct Scored {
  const char* group;
  double first, second;
};

Sheet SheetOf(const std::vector<Scored>& responses, const std::string& file = "f") {
  Sheet sheet;
  for (const Scored& scored : responses) {
    ScoredRow row;
    row.file = file;
    row.group = scored.group;
    const Verdict second{.judged = !std::isnan(scored.second), .score = scored.second};
    sheet.Add(row, {.judged = true, .score = scored.first}, &second);
  }
  return sheet;
}

TEST(CompareAdvantages, FollowsTheTrainersArithmetic) {
  // Group a: rewards 0, 1, 1, 0 become 0, 1, 1, 1: the mean goes from 1/2 to 3/4, the std (of n -
  // 1) from 1/sqrt(3) to 1/2.
  const Sheet sheet =
      SheetOf({{"a", 0, 0}, {"a", 1, 1}, {"a", 1, 1}, {"a", 0, 1}, {"b", 1, 1}, {"b", 0, 0}});
  const AdvantageChange change = CompareAdvantages(sheet, {.epsilon = 0});
  ASSERT_EQ(change.groups.size(), 2u);
  const auto& group = change.groups[0];
  EXPECT_EQ(group.name, "a");
  EXPECT_EQ(group.responses, 4);
  EXPECT_DOUBLE_EQ(group.mean, 0.5);
  EXPECT_DOUBLE_EQ(group.mean_against, 0.75);
  EXPECT_NEAR(group.largest_change, 0.25 / 0.5 + 0.5 * std::sqrt(3), 1e-12);
  EXPECT_EQ(group.sign_flips, 1);
  EXPECT_EQ(change.groups[1].largest_change, 0);
  const double others = std::abs(0.5 * std::sqrt(3) - 0.5) * 2 + std::abs(1.5 - 0.5 * std::sqrt(3));
  EXPECT_NEAR(change.mean_change, (group.largest_change + others) / 6, 1e-12);
  EXPECT_EQ(change.sign_flips, 1);
}

TEST(CompareAdvantages, SeesGroupsThatStopOrStartToTeach) {
  const double unjudged = std::nan("");
  const AdvantageChange change = CompareAdvantages(
      SheetOf(
          {{"a", 0, 1}, {"a", 1, 1}, {"b", 1, 0}, {"b", 1, 1}, {"c", 0, 0}, {"c", 1, unjudged}}),
      {});
  EXPECT_TRUE(change.groups[0].learns);
  EXPECT_FALSE(change.groups[0].learns_against);
  EXPECT_FALSE(change.groups[1].learns);
  EXPECT_TRUE(change.groups[1].learns_against);
  EXPECT_FALSE(change.groups[2].learns_against) << "one judged response is no group";
  const std::string text = AdvantageChangeText(change, "old", "new", 1);
  EXPECT_EQ(text.rfind("advantages: 3 of 3 groups change; 2 have rewards that differ under old, 1 "
                       "under new\n",
                       0),
            0u)
      << text;
  EXPECT_NE(text.find("no more"), std::string::npos) << text;
  EXPECT_EQ(text.find("\nb "), std::string::npos) << "one is shown";
}

TEST(AdvantageChange, OfRoundingAloneIsNone) {
  // All rewards are 0.2 higher: the advantages are the same but for rounding.
  const AdvantageChange change =
      CompareAdvantages(SheetOf({{"a", 0, 0.2}, {"a", 1, 1.2}, {"a", 1, 1.2}}), {});
  EXPECT_EQ(AdvantageChangeText(change, "old", "new", 1).rfind("advantages: 0 of 1 groups", 0), 0u);
}

TEST(AdvantageChange, SaysWhyThereIsNothingToCompare) {
  const auto text = [](const std::vector<AdvantageChange::Group>& groups) {
    return AdvantageChangeText({.groups = groups, .responses = std::ssize(groups)}, "old", "new",
                               1);
  };
  EXPECT_NE(text({}).find("no column tells the groups"), std::string::npos);
  EXPECT_NE(text({{.name = "a", .responses = 1}}).find("no group has two responses"),
            std::string::npos);
}

TEST(Sheet, KeepsGroupsOfDifferentFilesApart) {
  Sheet sheet = SheetOf({{"0", 0, 0}}, "step-1.parquet");
  ScoredRow row;
  row.file = "step-2.parquet";
  row.group = "0";
  sheet.Add(row, {.judged = true}, nullptr);
  EXPECT_EQ(sheet.groups.size(), 2u);
}

TEST(Correlation, IsPearsons) {
  EXPECT_DOUBLE_EQ(Correlation({1, 2, 3}, {2, 4, 6}), 1);
  // By hand: deviations (-1.5, -0.5, 0.5, 1.5) and (-1, 1, -1, 1): 2 / sqrt(5 * 4).
  EXPECT_DOUBLE_EQ(Correlation({1, 2, 3, 4}, {0, 2, 0, 2}), 2 / std::sqrt(20));
  EXPECT_TRUE(std::isnan(Correlation({1, 1}, {0, 2})));
  EXPECT_TRUE(std::isnan(Correlation({1}, {1})));
}

}  // namespace
}  // namespace rationale
