// DraftCost: which guesses are worth their rows.

#include "rollout/draft_cost.h"

#include <algorithm>

namespace rationale {
namespace {

constexpr double kKeep = 0.99;         // of a step's weight, a step later
constexpr double kPriorSpread = 0.15;  // of the rows, relative: where line and prior weigh alike
constexpr double kOutlier = 1.5;       // times the expected: a step that was held up counts so much
constexpr double kFixedRowsMost = 1e4;  // where rows seem to cost nothing

}  // namespace

void DraftCost::Observe(int64_t num_rows, double seconds) {
  const auto x = static_cast<double>(num_rows);
  if (num_ > 0) {
    const double expected = y_ / num_ + Slope() * (x - x_ / num_);
    seconds = std::min(seconds, kOutlier * std::max(expected, y_ / num_ / kOutlier));
  }
  for (double* sum : {&num_, &x_, &y_, &xx_, &xy_}) *sum *= kKeep;
  num_ += 1;
  x_ += x;
  y_ += seconds;
  xx_ += x * x;
  xy_ += x * seconds;
}

// Ridge regression: the prior is a line through the mean with f = kFixedRowsPrior.
double DraftCost::Slope() const {
  const double x = x_ / num_, y = y_ / num_;
  const double prior = y / (kFixedRowsPrior + x);
  const double weight = kPriorSpread * kPriorSpread * x * x;
  return (xy_ / num_ - x * y + weight * prior) / (xx_ / num_ - x * x + weight);
}

double DraftCost::FixedRows() const {
  if (num_ == 0) return kFixedRowsPrior;
  const double x = x_ / num_, y = y_ / num_, slope = Slope();
  if (slope * kFixedRowsMost <= y) return kFixedRowsMost;
  return std::max(0.0, y / slope - x);
}

double DraftFloor(int64_t num_sequences, double fixed_rows) {
  const auto share = static_cast<double>(2 * num_sequences - 1);
  return share / (share + fixed_rows);
}

}  // namespace rationale
