// Word tokeniser: an ordinary tokenizer.json for a policy whose vocabulary is a short list of
// words.

#pragma once

#include <string>
#include <vector>

namespace rationale {

// The tokens in order of their ids: <pad>, <bos>, <eos>, <unk>, then `words`.
// Requires words that are not empty, differ from each other and from those four, and contain no
// white space.
std::vector<std::string> WordTokens(const std::vector<std::string>& words);

// Writes tokenizer.json and tokenizer_config.json into `folder`, which it makes if need be. They
// load in Hugging Face tokenizers and transformers: model WordLevel, text split at white space,
// decoded with a space between tokens (decoder null), <bos> put in front by the post-processor,
// other words encoded as <unk>. Only the first four tokens are special: tags such as <think> are
// words like others, so decoding with special tokens skipped keeps them. Throws Failure when
// writing fails.
void WriteWordTokenizer(const std::string& folder, const std::vector<std::string>& words);

}  // namespace rationale
