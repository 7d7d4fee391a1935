#include "base/philox.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>

namespace rationale {
namespace {

// The known answers that accompany the paper's reference code (philox4x32, 10 rounds).
TEST(Philox, GivesThePapersKnownAnswers) {
  using Words = std::array<uint32_t, 4>;
  EXPECT_EQ(Philox4x32(0, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32(~0ull, ~0ull, ~0ull),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(DeriveKey, DependsOnEveryPartAndOnTheirOrder) {
  std::set<uint64_t> keys = {DeriveKey({1, 2, 3}),
                             DeriveKey({1, 3, 2}),
                             DeriveKey({1, 2}),
                             DeriveKey({1, 2, 3, 0}),
                             DeriveKey({1, 2, KeyPart("a")}),
                             DeriveKey({1, 2, KeyPart("b")})};
  EXPECT_EQ(keys.size(), 6u);
}

TEST(PhiloxStream, IntReachesBothEndsAndNothingElse) {
  PhiloxStream stream(7);
  std::array<int, 3> counts{};
  for (int i = 0; i < 3000; ++i) ++counts.at(static_cast<size_t>(stream.Int(-1, 1) + 1));
  for (const int count : counts) EXPECT_NEAR(count, 1000, 120);  // 4.6 standard deviations
}

TEST(Uniform, FillsTheUnitInterval) {
  double sum = 0;
  for (uint64_t i = 0; i < 10000; ++i) {
    const double u = Uniform(3, i);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.015);  // 5 standard deviations
}

}  // namespace
}  // namespace rationale
