#include "policy/ops/row_logits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "policy/ops/cpu/row_logits.h"

namespace rationale::ops {
namespace {

// The kept logits in ascending order of their ids, in memory that each thread keeps; all of them
// when `kept` is empty.
std::span<const float> Gather(std::span<const float> logits, std::span<const int32_t> kept) {
  if (kept.empty()) return logits;
  static thread_local std::vector<float> gathered;
  gathered.resize(kept.size());
  std::ranges::transform(kept, gathered.begin(),
                         [&](int32_t id) { return logits[static_cast<size_t>(id)]; });
  return gathered;
}

int64_t Size(std::span<const float> row) {
  return static_cast<int64_t>(row.size());
}

// Order of decreasing logits, ties to the lower id.
struct Better {
  std::span<const float> logits;
  bool operator()(int32_t a, int32_t b) const {
    const float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  }
};

std::vector<int32_t> IdsAtLeast(std::span<const float> logits, float threshold) {
  std::vector<int32_t> ids(logits.size());
  ids.resize(static_cast<size_t>(
      cpu::RowLogits().at_least(logits.data(), Size(logits), threshold, ids.data())));
  return ids;
}

// The k best ids, ascending. The k-th greatest maximum of the row's blocks is a bound that at least
// k logits reach, and not many more.
std::vector<int32_t> TopK(std::span<const float> logits, size_t k) {
  constexpr int64_t kBlock = 64;
  std::vector<float> maxima((logits.size() + kBlock - 1) / kBlock);
  std::vector<int32_t> ids;
  if (k <= maxima.size()) {
    cpu::RowLogits().block_maxima(logits.data(), Size(logits), kBlock, maxima.data());
    const auto kth = maxima.begin() + static_cast<int64_t>(k) - 1;
    std::nth_element(maxima.begin(), kth, maxima.end(), std::greater<>());
    ids = IdsAtLeast(logits, *kth);
  } else {
    ids.resize(logits.size());
    std::iota(ids.begin(), ids.end(), 0);
  }
  if (ids.size() > k) {
    const auto kth = ids.begin() + static_cast<int64_t>(k) - 1;
    std::nth_element(ids.begin(), kth, ids.end(), Better{logits});
    ids.resize(k);
    std::ranges::sort(ids);
  }
  return ids;
}

// Of the candidates (ascending ids, which hold all that matter) with weights e, the fewest of the
// greatest logits whose weights reach `mass`. The candidates are dealt into buckets of equal width
// by logit, so that only the one where the mass is reached needs sorting.
std::vector<int32_t> TakeMass(std::span<const float> logits, float inverse_temperature, float max,
                              const std::vector<int32_t>& candidates, const std::vector<float>& e,
                              double mass) {
  constexpr size_t kBuckets = 2048;
  constexpr float kBucketsPerNat = 64;
  std::array<double, kBuckets> bucket_mass{};
  std::vector<uint16_t> bucket_of(candidates.size());
  for (size_t i = 0; i < candidates.size(); ++i) {
    const float below = max - logits[static_cast<size_t>(candidates[i])] * inverse_temperature;
    const float bucket = std::min(below * kBucketsPerNat, static_cast<float>(kBuckets - 1));
    bucket_of[i] = static_cast<uint16_t>(bucket);
    bucket_mass[bucket_of[i]] += static_cast<double>(e[i]);
  }
  size_t last = 0;
  double before = 0;  // mass of the buckets above the last one
  while (last + 1 < kBuckets && before + bucket_mass[last] < mass) before += bucket_mass[last++];

  std::vector<int32_t> kept, boundary;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (bucket_of[i] < last) kept.push_back(candidates[i]);
    if (bucket_of[i] == last) boundary.push_back(static_cast<int32_t>(i));
  }
  std::ranges::sort(boundary, [&](int32_t a, int32_t b) {
    return Better{logits}(candidates[static_cast<size_t>(a)], candidates[static_cast<size_t>(b)]);
  });
  for (const int32_t i : boundary) {
    if (before >= mass && !kept.empty()) break;
    kept.push_back(candidates[static_cast<size_t>(i)]);
    before += static_cast<double>(e[static_cast<size_t>(i)]);
  }
  std::ranges::sort(kept);
  return kept;
}

std::vector<float> Exponentials(std::span<const float> logits, float inverse_temperature, float max,
                                std::span<const int32_t> ids) {
  const std::span<const float> row = Gather(logits, ids);
  std::vector<float> e(row.size());
  cpu::RowLogits().exponentials(row.data(), Size(row), inverse_temperature, max, e.data());
  return e;
}

// `ids` empty: all tokens.
std::vector<int32_t> TopP(std::span<const float> logits, float inverse_temperature, float max,
                          std::vector<int32_t> ids, float top_p) {
  const std::span<const float> row = Gather(logits, ids);
  const double total =
      cpu::RowLogits().exp_sums(row.data(), Size(row), inverse_temperature, max).sum;
  if (ids.empty()) {
    // Tokens of weight below (1 - top_p) total / n weigh less than 1 - top_p together: they cannot
    // be needed.
    const double floor = (1 - static_cast<double>(top_p)) * total / static_cast<double>(row.size());
    const double below = std::log(std::max(floor, 1e-300)) - 0.01;  // 0.01: far above any rounding
    ids = IdsAtLeast(logits, static_cast<float>((max + below) / inverse_temperature));
  }
  const std::vector<float> e = Exponentials(logits, inverse_temperature, max, ids);
  return TakeMass(logits, inverse_temperature, max, ids, e, top_p * total);
}

}  // namespace

RowNormaliser Normalise(std::span<const float> logits, float inverse_temperature,
                        std::span<const int32_t> kept) {
  const std::span<const float> row = Gather(logits, kept);
  const auto& kernels = cpu::RowLogits();
  const float max = kernels.maximum(row.data(), Size(row)) * inverse_temperature;
  const cpu::ExpSums sums = kernels.exp_sums(row.data(), Size(row), inverse_temperature, max);
  const double log_sum = std::log(sums.sum);
  return {.max = max,
          .log_sum = static_cast<float>(log_sum),
          .entropy = static_cast<float>(log_sum - sums.weighted / sums.sum)};
}

float Logprob(std::span<const float> logits, float inverse_temperature,
              const RowNormaliser& normaliser, int32_t token) {
  const float scaled = logits[static_cast<size_t>(token)] * inverse_temperature;
  return scaled - normaliser.max - normaliser.log_sum;
}

std::vector<int32_t> KeptTokens(std::span<const float> logits, float inverse_temperature,
                                const CutSettings& cut) {
  const bool by_count = cut.top_k > 0 && static_cast<size_t>(cut.top_k) < logits.size();
  if (!by_count && cut.top_p >= 1 && cut.min_p <= 0) return {};
  const float max = cpu::RowLogits().maximum(logits.data(), Size(logits)) * inverse_temperature;

  std::vector<int32_t> ids;  // empty: all
  if (by_count) ids = TopK(logits, static_cast<size_t>(cut.top_k));
  if (cut.top_p < 1) ids = TopP(logits, inverse_temperature, max, std::move(ids), cut.top_p);
  if (cut.min_p > 0) {
    const float floor = std::min(cut.min_p, 1.0f);
    if (ids.empty()) {
      const double below = std::log(static_cast<double>(floor)) - 0.01;
      ids = IdsAtLeast(logits, static_cast<float>((max + below) / inverse_temperature));
    }
    const std::vector<float> e = Exponentials(logits, inverse_temperature, max, ids);
    size_t num_kept = 0;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (e[i] >= floor) ids[num_kept++] = ids[i];
    }
    ids.resize(num_kept);
  }
  if (ids.size() == logits.size()) ids.clear();
  return ids;
}

int32_t Draw(std::span<const float> logits, float inverse_temperature,
             const RowNormaliser& normaliser, std::span<const int32_t> kept, double u) {
  constexpr size_t kBlock = 512;
  const std::span<const float> row = Gather(logits, kept);
  std::array<float, kBlock> e;
  const auto weigh = [&](std::span<const float> block) {
    return static_cast<double>(cpu::RowLogits().exponentials(
        block.data(), Size(block), inverse_temperature, normaliser.max, e.data()));
  };
  // The first index of the block at which `running` plus the weights exceeds `target`, else the
  // last of any weight.
  const auto find = [&](std::span<const float> block, double running, double target) {
    size_t found = 0;
    for (size_t i = 0; i < block.size() && running <= target; ++i) {
      running += static_cast<double>(e[i]);
      if (e[i] > 0) found = i;
    }
    return found;
  };
  const auto id = [&](size_t index) {
    return kept.empty() ? static_cast<int32_t>(index) : kept[index];
  };

  const double target = u * std::exp(static_cast<double>(normaliser.log_sum));
  double before = 0;  // the weight of the blocks passed
  for (size_t begin = 0; begin < row.size(); begin += kBlock) {
    const auto block = row.subspan(begin, std::min(kBlock, row.size() - begin));
    const double weight = weigh(block);
    if (before + weight > target) return id(begin + find(block, before, target));
    before += weight;
  }
  for (size_t end = row.size(); end > 0;) {  // rounding left the sum short
    const size_t begin = (end - 1) / kBlock * kBlock;
    const auto block = row.subspan(begin, end - begin);
    if (weigh(block) > 0) {
      return id(begin + find(block, 0, std::numeric_limits<double>::infinity()));
    }
    end = begin;
  }
  return id(0);
}

int32_t Argmax(std::span<const float> logits) {
  constexpr size_t kBlock = 512;
  const auto& kernels = cpu::RowLogits();
  const float max = kernels.maximum(logits.data(), Size(logits));
  for (size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const auto block = logits.subspan(begin, std::min(kBlock, logits.size() - begin));
    if (kernels.maximum(block.data(), Size(block)) != max) continue;
    const auto best = std::ranges::find(block, max);
    return static_cast<int32_t>(begin) + static_cast<int32_t>(best - block.begin());
  }
  return 0;  // nothing but NaN
}

}  // namespace rationale::ops
