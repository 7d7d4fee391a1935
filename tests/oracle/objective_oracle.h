// Oracle: the GRPO family's loss in scalar double loops, written from the papers, for comparison in
// tests only.

#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace rationale::oracle {

struct Token {
  double logp, old_logp, ref_logp, advantage;
  bool masked_in;
};
using Sequence = std::vector<Token>;

// DeepSeekMath (arXiv:2402.03300) eq. 3 with eq. 4's k3, per sequence mean; DAPO (arXiv:2503.14476)
// eq. 8 when `token_mean`.
inline double GrpoLoss(const std::vector<Sequence>& batch, double low, double high, double beta,
                       bool token_mean) {
  double loss = 0, tokens = 0;
  for (const auto& sequence : batch) {
    for (const auto& t : sequence) tokens += t.masked_in;
  }
  for (const auto& sequence : batch) {
    double sum = 0, length = 0;
    for (const auto& t : sequence) {
      if (!t.masked_in) continue;
      const double r = std::exp(t.logp - t.old_logp);
      const double clipped = std::min(std::max(r, 1 - low), 1 + high);
      const double d = t.ref_logp - t.logp;
      sum += std::min(r * t.advantage, clipped * t.advantage) - beta * (std::exp(d) - d - 1);
      length += 1;
    }
    loss -= token_mean ? sum / tokens : sum / length / static_cast<double>(batch.size());
  }
  return loss;
}

// GSPO (arXiv:2507.18071) eq. 5-7: the sequence's ratio is its geometric mean, clipped as a whole.
inline double GspoLoss(const std::vector<Sequence>& batch, double low, double high) {
  double loss = 0;
  for (const auto& sequence : batch) {
    double log_ratio = 0, length = 0;
    for (const auto& t : sequence) {
      if (!t.masked_in) continue;
      log_ratio += t.logp - t.old_logp;
      length += 1;
    }
    const double s = std::exp(log_ratio / length), a = sequence.front().advantage;
    loss -= std::min(s * a, std::min(std::max(s, 1 - low), 1 + high) * a) /
            static_cast<double>(batch.size());
  }
  return loss;
}

}  // namespace rationale::oracle
