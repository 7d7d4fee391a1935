// Repetition: how much of the response says again what it has said already.
//
//   -max(0, r - allowed) / (1 - allowed),  r = 1 - (distinct n-grams) / (n-grams)
//
// over the n-grams of words (words.h; case folded). Range [-1, 0]; 0 where there are fewer than n
// words, so an empty response earns nothing and loses nothing. The weight is the greatest penalty.
// The n-gram penalty of Yeo et al. 2025, Demystifying Long Chain-of-Thought Reasoning in LLMs,
// arXiv:2502.03373, in open-r1's form (one score a response; n = 3); `allowed` is ours.

#include <fmt/format.h>

#include <algorithm>

#include "base/philox.h"
#include "rewards/options.h"
#include "rewards/registry.h"
#include "rewards/sections.h"
#include "rewards/words.h"

namespace rationale {
namespace {

struct RepetitionOptions {
  int64_t n = 3;
  double allowed = 0;
  Part part = Part::kResponse;

  template <class V>
  void Visit(V& v) {
    v("n", n, "words of an n-gram", Between(1, 1000));
    v("allowed", allowed, "the share of repeated n-grams that costs nothing", Between(0, 0.99));
    v("part", part, "what is looked at: answer, response or thought");
  }
};

class RepetitionReward final : public Reward {
 public:
  explicit RepetitionReward(const RepetitionOptions& options) : options_(options) {}

  Component Judge(const Response& response) const override {
    std::vector<uint64_t> words;
    ForEachWord(PartOf(response.text, options_.part),
                [&](std::string_view word) { words.push_back(KeyPart(FoldCase(word))); });
    const auto n = static_cast<size_t>(options_.n);
    Component verdict{.judged = true};
    if (words.size() < n) {
      verdict.reason = fmt::format("{} words, fewer than an n-gram's {}", words.size(), n);
      return verdict;
    }
    std::vector<uint64_t> grams = HashGrams(words, n);
    const size_t count = grams.size();
    std::sort(grams.begin(), grams.end());
    grams.erase(std::unique(grams.begin(), grams.end()), grams.end());
    const double repeated = 1 - static_cast<double>(grams.size()) / static_cast<double>(count);
    const double excess = std::max(0.0, repeated - options_.allowed) / (1 - options_.allowed);
    if (excess > 0) verdict.score = -excess;
    verdict.reason = fmt::format("{} of {} {}-grams are distinct", grams.size(), count, options_.n);
    return verdict;
  }

 private:
  // A rolling hash of every n words, modulo 2^64; the words' own hashes are 64 random-like bits.
  static std::vector<uint64_t> HashGrams(const std::vector<uint64_t>& words, size_t n) {
    constexpr uint64_t kFactor = 0x9E3779B97F4A7C15;
    uint64_t leading = 1;  // kFactor^n: the weight of the word that leaves
    for (size_t i = 0; i < n; ++i) leading *= kFactor;
    std::vector<uint64_t> grams;
    uint64_t hash = 0;
    for (size_t i = 0; i < words.size(); ++i) {
      hash = hash * kFactor + words[i];
      if (i >= n) hash -= leading * words[i - n];
      if (i + 1 >= n) grams.push_back(hash);
    }
    return grams;
  }

  RepetitionOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"repetition">(const ConfigValue& entry) {
  return std::make_unique<RepetitionReward>(ReadRewardOptions<RepetitionOptions>(entry));
}

}  // namespace rationale
