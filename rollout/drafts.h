// DraftIndex: guesses how a sequence goes on from what its prompt and its group have said so far.
//
// Speculative decoding without a draft model: the text of a group's samples and their prompt
// predicts its own repetitions (Saxena 2023, "Prompt Lookup Decoding"; Oliaro et al. 2024,
// SuffixDecoding, arXiv:2411.04975). For every run of 8, 4 and 2 tokens seen, the token that
// followed most of late is kept with how often it did. The continuation of a sequence is the chain
// of the longest runs' tokens, for as long as the chance that all of them are right, by those
// counts, stays above a floor. What is guessed can change no sample: the model verifies it.

#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace rationale {

class DraftIndex {
 public:
  // The longest run of tokens that is looked at.
  static constexpr int64_t kTailTokens = 8;

  // The last of `tokens` followed the ones before it.
  void Observe(std::span<const int32_t> tokens);

  // Up to `max_tokens` tokens that probably follow `tokens`, as long as the chance of all of them
  // is at least `floor`.
  std::vector<int32_t> Propose(std::span<const int32_t> tokens, int64_t max_tokens,
                               double floor) const;

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

  const Follower* Find(std::span<const int32_t> tokens) const;

  std::unordered_map<uint64_t, Follower> followers_;  // by the hash of the run's tokens
};

}  // namespace rationale
