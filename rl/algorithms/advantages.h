// Advantages: how much better each response was than the others drawn for the same prompt.
// Torch-free.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rationale {

enum class Baseline {
  kGroupMean,    // r - mean of the group (GRPO)
  kLeaveOneOut,  // r - mean of the others of the group (RLOO, Ahmadian et al. 2024,
                 // arXiv:2402.14740)
  kBatchMean,    // r - mean of the batch (REINFORCE++, Hu 2025, arXiv:2501.03262)
};

enum class Normalise {
  kNone,  // Dr. GRPO (Liu et al. 2025, arXiv:2503.20783): dividing by std favours easy and hopeless
          // prompts
  kGroupStd,  // divided by the group's std + epsilon (GRPO, Shao et al. 2024, arXiv:2402.03300)
  kBatchStd,  // divided by the std of all centred rewards of the batch + epsilon (REINFORCE++)
};

struct AdvantageSettings {
  Baseline baseline = Baseline::kGroupMean;
  Normalise normalise = Normalise::kGroupStd;
  int ddof =
      1;  // 1: divide the sum of squares by n - 1, as the published implementations do; 0: by n
  double epsilon = 1e-4;  // added to the std
};

// What the advantages are computed from and for: sample i belongs to group[i]; an unjudged one has
// no reward.
struct ScoredSample {
  int64_t group = 0;
  bool judged = false;
  double reward = 0;
};

struct Advantages {
  std::vector<double> values;        // per sample; 0 where `used` is false
  std::vector<bool> used;            // judged, and of a group with two judged samples at least
  int64_t num_groups = 0;            // groups with two judged samples at least
  int64_t dropped_groups = 0;        // groups with fewer
  int64_t zero_variance_groups = 0;  // of num_groups: all rewards equal
};

// Unjudged samples leave mean, std and every count. A group with fewer than two judged samples is
// dropped whole.
Advantages ComputeAdvantages(std::span<const ScoredSample> samples,
                             const AdvantageSettings& settings);

}  // namespace rationale
