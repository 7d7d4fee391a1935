// BPE: byte-pair encoding of a piece of text.
//
// Sennrich et al. 2016, arXiv:1508.07909. The pair of neighbours with the lowest rank is merged
// first, the leftmost of equal ones; a heap of candidate pairs over a linked list makes it O(n log
// n) in the piece's length.

#pragma once

#include <memory>

#include "base/json.h"
#include "policy/tokenizer/token_model.h"

namespace rationale {

// With the options of the tokenizers package: unk_token, fuse_unk, byte_fallback, ignore_merges,
// continuing_subword_prefix, end_of_word_suffix. A character outside the vocabulary, without
// unk_token and byte_fallback, is dropped, as there. Throws Error for dropout, and for merges or an
// unk_token outside the vocabulary.
std::unique_ptr<TokenModel> MakeBpeModel(const JsonObject& json);

}  // namespace rationale
