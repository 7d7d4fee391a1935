// DraftIndex: guesses how a sequence goes on from what its prompt and its group have said so far.

#include "rollout/drafts.h"

#include <algorithm>

#include "base/check.h"

namespace rationale {
namespace {

constexpr int64_t kRuns[] = {8, 4, 2};  // longest first
static_assert(kRuns[0] == DraftIndex::kTailTokens);

// Of the last `length` tokens (an FNV-like mix; a collision costs a wrong guess and nothing else).
uint64_t HashOfLast(std::span<const int32_t> tokens, int64_t length) {
  uint64_t hash = static_cast<uint64_t>(length);
  for (const int32_t token : tokens.last(static_cast<size_t>(length))) {
    hash = (hash ^ static_cast<uint64_t>(token)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace

void DraftIndex::Observe(std::span<const int32_t> tokens) {
  Check{!tokens.empty(), "no token to observe"};
  const int32_t last = tokens.back();
  const auto before = tokens.first(tokens.size() - 1);
  for (const int64_t length : kRuns) {
    if (static_cast<int64_t>(before.size()) < length) continue;
    Follower& follower = followers_[HashOfLast(before, length)];
    ++follower.total;
    if (follower.token == last && follower.votes > 0) {
      ++follower.votes;
      ++follower.hits;
    } else if (--follower.votes < 0) {
      follower = {.token = last, .votes = 1, .hits = 1, .total = follower.total};
    }
  }
}

const DraftIndex::Follower* DraftIndex::Find(std::span<const int32_t> tokens) const {
  for (const int64_t length : kRuns) {
    if (static_cast<int64_t>(tokens.size()) < length) continue;
    const auto found = followers_.find(HashOfLast(tokens, length));
    if (found != followers_.end()) return &found->second;
  }
  return nullptr;
}

std::vector<int32_t> DraftIndex::Propose(std::span<const int32_t> tokens, int64_t max_tokens,
                                         double floor) const {
  const size_t num_tail = std::min(tokens.size(), static_cast<size_t>(kTailTokens));
  std::vector<int32_t> chain(tokens.end() - static_cast<ptrdiff_t>(num_tail), tokens.end());
  double chance = 1;
  while (static_cast<int64_t>(chain.size() - num_tail) < max_tokens) {
    const Follower* follower = Find(chain);
    if (follower == nullptr) break;
    // Laplace's rule: a run seen once is no certainty.
    chance *= static_cast<double>(follower->hits + 1) / static_cast<double>(follower->total + 2);
    if (chance < floor) break;
    chain.push_back(follower->token);
  }
  chain.erase(chain.begin(), chain.begin() + static_cast<ptrdiff_t>(num_tail));
  return chain;
}

}  // namespace rationale
