// DraftIndex: guesses how a sequence goes on from what its prompt and its group have said so far.

#include "rollout/drafts.h"

#include <algorithm>

#include "base/check.h"

namespace rationale {
namespace {

struct Run {
  int64_t length;
  // How often the token after a run seen once is right the second time, before any was counted.
  double chance_once;
};

constexpr std::array<Run, DraftRates::kNumRuns> kRuns = {
    {{12, 0.9}, {8, 0.85}, {6, 0.8}, {4, 0.6}, {3, 0.5}, {2, 0.35}, {1, 0.15}}};
static_assert(kRuns[0].length == DraftIndex::kTailTokens);

constexpr double kPriorCases = 8;    // what the guess' own counts weigh against the rate's
constexpr double kMostCases = 1024;  // of a kind; then all of them count half

// Of the last `length` tokens (an FNV-like mix; a collision costs a wrong guess and nothing else).
uint64_t HashOfLast(std::span<const int32_t> tokens, int64_t length) {
  uint64_t hash = static_cast<uint64_t>(length) * 0xbf58476d1ce4e5b9u;
  for (const int32_t token : tokens.last(static_cast<size_t>(length))) {
    hash = (hash ^ static_cast<uint64_t>(token)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace

size_t DraftRates::CellOf(const DraftGuess& guess) {
  const size_t total = guess.total > 4 ? 3 : guess.total > 2 ? 2 : guess.total > 1 ? 1 : 0;
  const auto share = static_cast<size_t>(3 * guess.hits / guess.total);  // 3: all of them
  return (guess.run * kNumTotals + total) * kNumShares + share;
}

double DraftRates::Chance(const DraftGuess& guess) const {
  const double prior = (guess.hits - 1 + kRuns[guess.run].chance_once) / guess.total;
  const Cell& cell = cells_[CellOf(guess)];
  return (cell.right + kPriorCases * prior) / (cell.total + kPriorCases);
}

void DraftRates::Count(const DraftGuess& guess, bool right) {
  Cell& cell = cells_[CellOf(guess)];
  cell.right += right ? 1 : 0;
  cell.total += 1;
  if (cell.total < kMostCases) return;
  cell.right /= 2;
  cell.total /= 2;
}

void DraftIndex::Observe(std::span<const int32_t> tokens) {
  Check{!tokens.empty(), "no token to observe"};
  const int32_t last = tokens.back();
  const auto before = tokens.first(tokens.size() - 1);
  for (const Run& run : kRuns) {
    if (static_cast<int64_t>(before.size()) < run.length) continue;
    Follower& follower = followers_[HashOfLast(before, run.length)];
    ++follower.total;
    if (follower.token == last && follower.votes > 0) {
      ++follower.votes;
      ++follower.hits;
    } else if (--follower.votes < 0) {
      follower = {.token = last, .votes = 1, .hits = 1, .total = follower.total};
    }
  }
}

std::optional<DraftGuess> DraftIndex::Guess(std::span<const int32_t> tokens) const {
  for (size_t run = 0; run < kRuns.size(); ++run) {
    if (static_cast<int64_t>(tokens.size()) < kRuns[run].length) continue;
    const auto found = followers_.find(HashOfLast(tokens, kRuns[run].length));
    if (found == followers_.end()) continue;
    const Follower& follower = found->second;
    return DraftGuess{
        .token = follower.token, .run = run, .hits = follower.hits, .total = follower.total};
  }
  return std::nullopt;
}

std::vector<Draft> DraftIndex::Propose(std::span<const int32_t> tokens, int64_t max_tokens,
                                       double floor, const DraftRates& rates) const {
  const size_t num_tail = std::min(tokens.size(), static_cast<size_t>(kTailTokens));
  std::vector<int32_t> chain(tokens.end() - static_cast<ptrdiff_t>(num_tail), tokens.end());
  std::vector<Draft> drafts;
  double chance = 1;
  while (static_cast<int64_t>(drafts.size()) < max_tokens) {
    const auto guess = Guess(chain);
    if (!guess) break;
    chance *= rates.Chance(*guess);
    if (chance <= floor) break;
    drafts.push_back({.token = guess->token, .chance = chance});
    chain.push_back(guess->token);
  }
  return drafts;
}

}  // namespace rationale
