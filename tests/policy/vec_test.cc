#include "policy/ops/cpu/vec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/policy/kernels/vec_probe.h"

namespace rationale::ops::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
using Lanes = std::array<float, 32>;

class VecTest : public ::testing::TestWithParam<Level> {
 protected:
  void SetUp() override { SetLevel(GetParam()); }
  void TearDown() override { SetLevel(MachineLevels().back()); }

  static Lanes All(float x) {
    Lanes lanes;
    lanes.fill(x);
    return lanes;
  }
  static float ExpOf(float x) {
    Lanes y = All(0);
    Probe().exp(All(x).data(), y.data());
    return y[0];
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, VecTest, ::testing::ValuesIn(MachineLevels()),
                         [](const auto& level) { return std::string(Name(level.param)); });

TEST_P(VecTest, ExpIsWithinOneUnitInTheLastPlace) {
  double worst = 0;
  for (float x = -87.3f; x < 88.7f; x += 0.00137f) {
    const float y = ExpOf(x);
    const double exact = std::exp(static_cast<double>(x));
    const float rounded = static_cast<float>(exact);
    const double unit = std::nextafter(rounded, kInfinity) - rounded;
    worst = std::max(worst, std::abs(y - exact) / unit);
  }
  EXPECT_LE(worst, 1.0);
  EXPECT_GT(worst, 0);  // not the oracle's own
}

TEST_P(VecTest, ExpOfTheExtremes) {
  EXPECT_EQ(ExpOf(0), 1);
  EXPECT_EQ(ExpOf(-0.0f), 1);
  EXPECT_EQ(ExpOf(-kInfinity), 0);
  EXPECT_EQ(ExpOf(kInfinity), kInfinity);
  EXPECT_EQ(ExpOf(88.8f), kInfinity);
  EXPECT_TRUE(std::isnan(ExpOf(kNan)));
  EXPECT_EQ(ExpOf(-87.34f), 0);  // e^x would not be normal
  EXPECT_TRUE(std::isnormal(ExpOf(-87.3365f)));
}

TEST_P(VecTest, RoundsToTheNearestIntegerTiesToEven) {
  for (const auto& [x, expected] : std::vector<std::pair<float, float>>{
           {0.5f, 0}, {1.5f, 2}, {-0.5f, 0}, {-2.5f, -2}, {2.4999f, 2}, {-126.7f, -127}}) {
    Lanes y = All(99);
    Probe().round(All(x).data(), y.data());
    EXPECT_EQ(y[0], expected) << x;
  }
}

TEST_P(VecTest, ScalesByPowersOfTwoBeyondTheExponentsRange) {
  for (const float n : {-252.0f, -150.0f, -127.0f, -1.0f, 0.0f, 127.0f, 128.0f, 254.0f}) {
    Lanes y = All(0);
    Probe().scale(All(1).data(), All(n).data(), y.data());
    EXPECT_EQ(y[0], std::ldexp(1.0f, static_cast<int>(n))) << n;
  }
}

TEST_P(VecTest, MaxAndMinGiveTheSecondArgumentForNan) {
  Lanes y = All(0);
  for (const auto& [a, b] : std::vector<std::pair<float, float>>{{1, 2}, {2, 1}, {-1, kInfinity}}) {
    Probe().maximum_of(All(a).data(), All(b).data(), y.data());
    EXPECT_EQ(y[0], std::max(a, b));
    Probe().minimum_of(All(a).data(), All(b).data(), y.data());
    EXPECT_EQ(y[0], std::min(a, b));
  }
  Probe().maximum_of(All(kNan).data(), All(3).data(), y.data());
  EXPECT_EQ(y[0], 3);
  Probe().maximum_of(All(3).data(), All(kNan).data(), y.data());
  EXPECT_TRUE(std::isnan(y[0]));
  Probe().minimum_of(All(3).data(), All(kNan).data(), y.data());
  EXPECT_TRUE(std::isnan(y[0]));
}

// The memory behind the lanes ends there, so that a sanitizer sees a step too far.
TEST_P(VecTest, APartialLoadAndStoreTouchTheirLanesOnly) {
  const int width = Probe().width;
  for (int lanes = 1; lanes <= width; ++lanes) {
    const auto count = static_cast<size_t>(lanes);
    std::vector<float> x(count), part(count, -1);
    for (size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i) + 0.5f;
    Lanes y = All(-1), whole = All(7);
    Probe().copy(x.data(), y.data(), lanes);
    Probe().copy_part(whole.data(), part.data(), lanes);
    for (size_t i = 0; i < static_cast<size_t>(width); ++i) {
      EXPECT_EQ(y[i], i < count ? x[i] : 0);
    }
    EXPECT_EQ(part, std::vector<float>(count, 7));
  }
}

// All 2^16 upper halves, with lower halves on and around the ties.
TEST_P(VecTest, RoundsToBf16AsTheFormatSays) {
  const int width = Probe().width;
  for (uint32_t upper = 0; upper < 0x10000; ++upper) {
    for (const uint32_t lower : {0x0000u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const uint32_t bits = upper << 16 | lower;
      float x = 0;
      std::memcpy(&x, &bits, 4);
      uint32_t expected = upper;
      if (lower > 0x8000 || (lower == 0x8000 && upper % 2 == 1)) ++expected;
      if (std::isnan(x)) expected = 0x7fc0;
      Bf16 y[32] = {};
      Probe().narrow(All(x).data(), y, width);
      ASSERT_EQ(y[0].bits, expected) << std::hex << bits;
      ASSERT_EQ(y[width - 1].bits, expected);
    }
  }
}

TEST_P(VecTest, ConvertsPartsOfARegister) {
  const int width = Probe().width;
  for (int lanes = 1; lanes <= width; ++lanes) {
    const auto count = static_cast<size_t>(lanes);
    Lanes x = All(0), y = All(-1);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 3;
    std::vector<Bf16> narrow(count);
    Probe().narrow(x.data(), narrow.data(), lanes);
    Probe().widen(narrow.data(), y.data(), lanes);
    for (size_t i = 0; i < static_cast<size_t>(width); ++i) {
      EXPECT_EQ(y[i], i < count ? x[i] : 0);
    }
  }
}

TEST_P(VecTest, SumsAndMaximaCountEveryLaneOnce) {
  const int width = Probe().width;
  Lanes x = All(0);
  for (int i = 0; i < width; ++i) x[static_cast<size_t>(i)] = static_cast<float>(1 << i);
  EXPECT_EQ(Probe().sum(x.data()), static_cast<float>((1 << width) - 1));
  for (int i = 0; i < width; ++i) {
    Lanes peak = All(-5);
    peak[static_cast<size_t>(i)] = -2;
    EXPECT_EQ(Probe().maximum(peak.data()), -2);
  }
}

}  // namespace
}  // namespace rationale::ops::cpu
