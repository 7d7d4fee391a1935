// Prompter: problems to prompt tokens, responses to text: where template and tokenizer meet.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/problem.h"
#include "datasets/templates.h"
#include "policy/config.h"
#include "policy/tokenizer.h"
#include "rl/learner.h"

namespace rationale {

class Prompter {
 public:
  // Both live longer than the prompter. Stop tokens: the model's eos tokens, the tokenizer's, and
  // the template's end where it is one token. Throws Error when there is none, or when the
  // tokenizer has ids that the model has not.
  Prompter(const PromptTemplate& format, const Tokenizer& tokenizer, const ModelConfig& config);

  // Throws Error naming the problem when the prompt is empty or leaves no room for a response in
  // the context.
  std::vector<int32_t> Prompt(const Problem& problem) const;

  // Prompt and completion as an SFT example: the completion ends in the template's end, or else in
  // the eos token.
  DemonstrationTokens Demonstrate(const Demonstration& demonstration) const;

  const std::vector<int32_t>& stop_tokens() const { return stop_tokens_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  const PromptTemplate& format_;
  const Tokenizer& tokenizer_;
  int64_t max_position_;
  std::vector<int32_t> stop_tokens_;
  std::vector<int32_t> ending_;  // what an SFT completion ends in
};

}  // namespace rationale
