// FuzzyMatch: how similar is the answer to the reference it is nearest to?
//
// "f1": the words' F1, 2 P R / (P + R): P the share of the answer's words that are the reference's,
// R the reverse, words counted as often as they occur. Rajpurkar et al. 2016, SQuAD,
// arXiv:1606.05250, section 6.1.
//
// "edit": 1 - d / max(|answer|, |reference|), d the least number of characters inserted, deleted
// and replaced; computed 64 characters at once (Myers 1999, "A fast bit-vector algorithm for
// approximate string matching based on dynamic programming", J. ACM 46(3)).
//
// Both without case, "edit" with white space as it is. Range [0, 1]; with `at_least` 1 for what is
// that similar, else 0. An empty answer scores 0. So does, by "edit", an answer of over 50,000
// characters: a reference may have 5,000, so that they are 90% different. Not judged: a problem
// without a reference; by "edit", with a reference longer than that.

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "rewards/options.h"
#include "rewards/references.h"
#include "rewards/registry.h"
#include "rewards/sections.h"
#include "rewards/utf8.h"
#include "rewards/words.h"

namespace rationale {
namespace {

constexpr size_t kMaxReference = 5'000;
constexpr size_t kMaxAnswer = 50'000;

struct FuzzyMatchOptions {
  std::string references;
  Part part = Part::kAnswer;
  std::string measure = "f1";
  double at_least = 0;

  template <class V>
  void Visit(V& v) {
    v("references", references,
      "the column of the texts allowed, one or a JSON list; empty: the problem's reference");
    v("part", part, "what is compared: answer, response or thought");
    v("measure", measure, "f1, of the words, or edit, of the characters", OneOf{{"f1", "edit"}});
    v("at_least", at_least, "score 1 from this similarity on, else 0; 0: the similarity itself",
      Between(0, 1));
  }
};

double WordF1(const std::vector<std::string>& answer, const std::vector<std::string>& reference) {
  std::unordered_map<std::string_view, int64_t> left;
  for (const std::string& word : reference) ++left[word];
  int64_t common = 0;
  for (const std::string& word : answer) {
    const auto found = left.find(word);
    if (found == left.end() || found->second == 0) continue;
    --found->second;
    ++common;
  }
  const auto total = static_cast<double>(answer.size() + reference.size());
  return common == 0 ? 0 : 2 * static_cast<double>(common) / total;
}

std::u32string FoldedCodes(std::string_view text) {
  const std::string folded = FoldCase(text);
  std::u32string codes;
  for (size_t at = 0; at < folded.size();) {
    codes += static_cast<char32_t>(NextCodePoint(folded, at));
  }
  return codes;
}

// The least number of edits from `text` to `pattern`; |text| ceil(|pattern| / 64) steps. Column by
// column of the edit matrix, whose vertical differences are bits: `more` where a cell is one above
// the cell over it, `less` where one below.
size_t EditDistance(const std::u32string& text, const std::u32string& pattern) {
  constexpr size_t kBits = 64;
  const size_t blocks = (pattern.size() + kBits - 1) / kBits;
  if (blocks == 0) return text.size();
  std::unordered_map<char32_t, std::vector<uint64_t>> places;  // of each character in the pattern
  for (size_t i = 0; i < pattern.size(); ++i) {
    auto& bits = places[pattern[i]];
    bits.resize(blocks);
    bits[i / kBits] |= uint64_t{1} << i % kBits;
  }
  std::vector<uint64_t> more(blocks, ~uint64_t{0});
  std::vector<uint64_t> less(blocks, 0);
  const std::vector<uint64_t> nowhere(blocks, 0);
  const uint64_t last = uint64_t{1} << (pattern.size() - 1) % kBits;
  size_t distance = pattern.size();
  for (const char32_t c : text) {
    const auto found = places.find(c);
    const std::vector<uint64_t>& matches = found == places.end() ? nowhere : found->second;
    uint64_t carry_more = 1;  // the row above the first grows by one a column
    uint64_t carry_less = 0;
    for (size_t block = 0; block < blocks; ++block) {
      const uint64_t match = matches[block] | carry_less;
      const uint64_t vertical = matches[block] | less[block];
      const uint64_t diagonal = (((match & more[block]) + more[block]) ^ more[block]) | match;
      uint64_t horizontal_more = less[block] | ~(diagonal | more[block]);
      uint64_t horizontal_less = more[block] & diagonal;
      if (block + 1 == blocks) {
        if ((horizontal_more & last) != 0) ++distance;
        if ((horizontal_less & last) != 0) --distance;
      }
      const uint64_t next_more = horizontal_more >> (kBits - 1);
      const uint64_t next_less = horizontal_less >> (kBits - 1);
      horizontal_more = horizontal_more << 1 | carry_more;
      horizontal_less = horizontal_less << 1 | carry_less;
      more[block] = horizontal_less | ~(vertical | horizontal_more);
      less[block] = horizontal_more & vertical;
      carry_more = next_more;
      carry_less = next_less;
    }
  }
  return distance;
}

class FuzzyMatchReward final : public Reward {
 public:
  explicit FuzzyMatchReward(FuzzyMatchOptions options) : options_(std::move(options)) {}

  Component Judge(const Response& response) const override {
    const auto references = ReferencesOf(*response.problem, options_.references);
    if (references.empty()) return {.reason = "the problem has no reference"};
    const std::string_view text = Trim(PartOf(response.text, options_.part));
    if (text.empty()) return {.judged = true, .reason = "the answer is empty"};
    return options_.measure == "f1" ? JudgeWords(text, references)
                                    : JudgeCharacters(text, references);
  }

 private:
  Component JudgeWords(std::string_view text, const std::vector<std::string>& references) const {
    const std::vector<std::string> words = FoldedWords(text);
    double best = 0;
    for (const std::string& reference : references) {
      best = std::max(best, WordF1(words, FoldedWords(reference)));
    }
    return Score(best, text, references);
  }

  Component JudgeCharacters(std::string_view text,
                            const std::vector<std::string>& references) const {
    const std::u32string codes = FoldedCodes(text);
    double best = 0;
    for (const std::string& reference : references) {
      const std::u32string wanted = FoldedCodes(Trim(reference));
      if (wanted.size() > kMaxReference) {
        return {.reason = fmt::format("a reference of {} characters is too long to compare with",
                                      wanted.size())};
      }
      if (codes.size() > kMaxAnswer) continue;
      const auto longest = static_cast<double>(std::max(codes.size(), wanted.size()));
      best = std::max(best, 1 - static_cast<double>(EditDistance(codes, wanted)) / longest);
    }
    return Score(best, text, references);
  }

  Component Score(double similarity, std::string_view text,
                  const std::vector<std::string>& references) const {
    constexpr size_t kShown = 200;
    Component verdict{.judged = true};
    verdict.score = options_.at_least > 0 ? (similarity >= options_.at_least ? 1 : 0) : similarity;
    verdict.answer = std::string(text.substr(0, kShown));
    verdict.reason = fmt::format("'{}' is {:.3f} similar ({}) to '{}'{}", verdict.answer,
                                 similarity, options_.measure, references[0].substr(0, kShown),
                                 references.size() > 1 ? " or another reference" : "");
    return verdict;
  }

  FuzzyMatchOptions options_;
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"fuzzy_match">(const ConfigValue& entry) {
  return std::make_unique<FuzzyMatchReward>(ReadRewardOptions<FuzzyMatchOptions>(entry));
}

}  // namespace rationale
