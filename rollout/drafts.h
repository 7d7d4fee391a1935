// DraftIndex: guesses how a sequence goes on from what its prompt and its group have said so far.
//
// Speculative decoding without a draft model: the text of a group's samples and their prompt
// predicts its own repetitions (Saxena 2023, "Prompt Lookup Decoding"; Oliaro et al. 2024,
// SuffixDecoding, arXiv:2411.04975). For every run of 12, 8, 6, 4, 3, 2 and 1 tokens seen, the
// token that followed most of late is kept with how often it did. The continuation of a sequence is
// the chain of the longest known runs' tokens. How far a guess can be trusted is learnt from every
// token drawn, whether or not its guess went through the model: see DraftRates. What is guessed can
// change no sample: the model verifies it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace rationale {

// The token that followed `hits` of `total` occurrences of a run of tokens, the longest one known.
struct DraftGuess {
  int32_t token = 0;
  size_t run = 0;  // which length: 0 the longest
  int32_t hits = 0, total = 0;
};

// How often guesses of each kind are right: by the run's length, by how often it was seen, and by
// the share of these cases that went on as guessed. Counts by tokens alone, so that the same
// samples give the same rates.
class DraftRates {
 public:
  static constexpr size_t kNumRuns = 7;

  // The chance that such a guess is right.
  double Chance(const DraftGuess& guess) const;

  // A token was drawn that had this guess.
  void Count(const DraftGuess& guess, bool right);

 private:
  static constexpr size_t kNumTotals = 4, kNumShares = 4;

  struct Cell {
    double right = 0, total = 0;  // older cases count less
  };
  static size_t CellOf(const DraftGuess& guess);

  std::array<Cell, kNumRuns * kNumTotals * kNumShares> cells_;
};

// A token and the chance that it and those guessed before it are all right.
struct Draft {
  int32_t token = 0;
  double chance = 0;
};

class DraftIndex {
 public:
  // The longest run of tokens that is looked at.
  static constexpr int64_t kTailTokens = 12;

  // The last of `tokens` followed the ones before it.
  void Observe(std::span<const int32_t> tokens);

  // The token that probably follows `tokens`; none where no run of them is known.
  std::optional<DraftGuess> Guess(std::span<const int32_t> tokens) const;

  // Up to `max_tokens` tokens that probably follow `tokens`, as long as the chance of all of them,
  // by `rates`, is above `floor`.
  std::vector<Draft> Propose(std::span<const int32_t> tokens, int64_t max_tokens, double floor,
                             const DraftRates& rates) const;

  // Runs of tokens that are known.
  int64_t size() const { return static_cast<int64_t>(followers_.size()); }

 private:
  // Of one run: a token that followed it, in how many of how many cases. A majority vote: another
  // token takes the place once it has come up as often (Boyer & Moore 1981).
  struct Follower {
    int32_t token = 0;
    int32_t votes = 0;
    int32_t hits = 0;
    int32_t total = 0;
  };

  std::unordered_map<uint64_t, Follower> followers_;  // by the hash of the run's tokens
};

}  // namespace rationale
