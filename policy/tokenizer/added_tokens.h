// AddedTokens: tokens that are found in the text itself, before it is split: special tokens and
// others.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "policy/tokenizer/normalizer.h"
#include "policy/tokenizer/pre_tokenizer.h"
#include "policy/tokenizer/token_model.h"

namespace rationale {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  std::string text;          // what it is looked for as and decodes to: `content`, normalised if so
  bool single_word = false;  // no word character beside it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and behind it
  bool normalized = false;   // looked for in the normalised text
  bool special = false;      // left out of decoded text on request
};

// Finds the longest of several strings that begins at a place, by a trie.
class LongestMatcher {
 public:
  void Add(std::string_view text, size_t value);

  // The value and length of the longest added text that `text` begins with; a length of 0 when
  // there is none.
  std::pair<size_t, size_t> Match(std::string_view text) const;

  bool empty() const { return values_.size() == 1; }

 private:
  static constexpr size_t kNone = ~size_t{0};

  std::unordered_map<uint64_t, uint32_t> child_;  // (node, byte) -> node
  std::vector<size_t> values_ = {kNone};          // of each node
};

class AddedTokens {
 public:
  // From the file's "added_tokens". Throws Error where an id contradicts the model's vocabulary or
  // another token.
  AddedTokens(const JsonObject& tokenizer, const Vocabulary& vocabulary,
              const Normalizer& normalizer);

  // The text cut at added tokens, the stretches between them normalised. `normalizer` may be empty.
  std::vector<Piece> Split(std::string text, const Normalizer& normalizer) const;

  const AddedToken* Find(int32_t id) const;
  const AddedToken* Find(std::string_view content) const;
  const std::vector<AddedToken>& tokens() const { return tokens_; }

 private:
  void SplitPiece(const Piece& piece, const LongestMatcher& matcher,
                  std::vector<Piece>& result) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<int32_t, size_t> index_of_id_;
  std::unordered_map<std::string, size_t> index_of_content_;
  LongestMatcher raw_, normalised_;
};

}  // namespace rationale
