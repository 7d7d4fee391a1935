#include "rl/algorithms/advantages.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"

namespace rationale {
namespace {

struct Moments {
  double mean = 0;
  double std = 0;
  bool constant = true;  // all values equal
};

Moments MomentsOf(const std::vector<double>& values, int ddof) {
  Moments moments;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) moments.mean += value / n;
  double squares = 0;
  for (const double value : values) {
    squares += (value - moments.mean) * (value - moments.mean);
    moments.constant = moments.constant && value == values.front();
  }
  moments.std = moments.constant ? 0 : std::sqrt(squares / (n - ddof));
  return moments;
}

std::vector<double> RewardsOf(std::span<const ScoredSample> samples,
                              const std::vector<size_t>& members) {
  std::vector<double> rewards;
  for (const size_t i : members) rewards.push_back(samples[i].reward);
  return rewards;
}

// The baseline of sample `reward` of a group of `n` with mean `mean`.
double LeaveOneOut(double reward, double mean, double n) {
  return (mean * n - reward) / (n - 1);
}

}  // namespace

Advantages ComputeAdvantages(std::span<const ScoredSample> samples,
                             const AdvantageSettings& settings) {
  Check{settings.ddof == 0 || settings.ddof == 1, "ddof ", settings.ddof};
  Advantages result{.values = std::vector<double>(samples.size()),
                    .used = std::vector<bool>(samples.size())};
  std::map<int64_t, std::vector<size_t>> groups;
  for (size_t i = 0; i < samples.size(); ++i) {
    auto& members = groups[samples[i].group];
    if (samples[i].judged) members.push_back(i);
  }
  std::vector<size_t> used;
  for (const auto& [id, members] : groups) {
    if (members.size() < 2) {
      ++result.dropped_groups;
      continue;
    }
    ++result.num_groups;
    const auto moments = MomentsOf(RewardsOf(samples, members), settings.ddof);
    if (moments.constant) ++result.zero_variance_groups;
    for (const size_t i : members) {
      used.push_back(i);
      result.used[i] = true;
      double& value = result.values[i];
      const double reward = samples[i].reward;
      value = moments.constant ? 0 : reward - moments.mean;
      if (settings.baseline == Baseline::kLeaveOneOut && !moments.constant) {
        value = reward - LeaveOneOut(reward, moments.mean, static_cast<double>(members.size()));
      }
      if (settings.normalise == Normalise::kGroupStd && !moments.constant) {
        value /= moments.std + settings.epsilon;
      }
    }
  }
  if (used.empty()) return result;
  if (settings.baseline == Baseline::kBatchMean) {
    const auto batch = MomentsOf(RewardsOf(samples, used), settings.ddof);
    for (const size_t i : used) {
      result.values[i] = batch.constant ? 0 : samples[i].reward - batch.mean;
    }
  }
  if (settings.normalise == Normalise::kBatchStd) {
    std::vector<double> centred;
    for (const size_t i : used) centred.push_back(result.values[i]);
    const double std = MomentsOf(centred, settings.ddof).std;
    if (std == 0) return result;  // all of them are 0
    for (const size_t i : used) result.values[i] /= std + settings.epsilon;
  }
  return result;
}

}  // namespace rationale
