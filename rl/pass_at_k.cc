#include "rl/pass_at_k.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace rationale {

double PassAtK(int64_t n, int64_t c, int64_t k) {
  Check{1 <= k && k <= n && 0 <= c && c <= n, "pass@", k, " of ", c, " right among ", n};
  if (n - c < k) return 1;
  double all_wrong = 1;
  for (int64_t i = n - c + 1; i <= n; ++i) {
    all_wrong *= 1 - static_cast<double>(k) / static_cast<double>(i);
  }
  return 1 - all_wrong;
}

double MajorityAtK(const std::vector<Vote>& votes, int64_t k) {
  Check{1 <= k && k <= static_cast<int64_t>(votes.size()), "maj@", k, " of ", votes.size()};
  std::map<std::string, int64_t> counts;
  for (int64_t i = 0; i < k; ++i) ++counts[votes[static_cast<size_t>(i)].answer];
  counts.erase("");
  const Vote* winner = nullptr;
  int64_t most = 0;
  for (int64_t i = 0; i < k; ++i) {
    const Vote& vote = votes[static_cast<size_t>(i)];
    if (vote.answer.empty() || counts[vote.answer] <= most) continue;
    most = counts[vote.answer];
    winner = &vote;
  }
  return winner != nullptr && winner->correct ? 1 : 0;
}

}  // namespace rationale
