#include "rl/prompter.h"

#include <algorithm>

#include "base/error.h"

namespace rationale {
namespace {

void AddOnce(std::vector<int32_t>& ids, int64_t id) {
  const auto token = static_cast<int32_t>(id);
  if (std::find(ids.begin(), ids.end(), token) == ids.end()) ids.push_back(token);
}

}  // namespace

Prompter::Prompter(const PromptTemplate& format, const Tokenizer& tokenizer,
                   const ModelConfig& config)
    : format_(format), tokenizer_(tokenizer), max_position_(config.max_position) {
  if (tokenizer.vocab_size() > config.vocab_size) {
    throw Error("the tokenizer has {} tokens, the model an embedding of {}", tokenizer.vocab_size(),
                config.vocab_size);
  }
  for (const int64_t id : config.eos_tokens) AddOnce(stop_tokens_, id);
  if (const auto eos = tokenizer.eos()) AddOnce(stop_tokens_, *eos);
  ending_ = tokenizer.Encode(format.end());
  if (ending_.size() == 1) AddOnce(stop_tokens_, ending_.front());
  if (stop_tokens_.empty()) {
    throw Error(
        "no token ends a response: neither the model's config.json nor the tokenizer names an eos "
        "token");
  }
  if (ending_.empty()) ending_ = {stop_tokens_.front()};
}

std::vector<int32_t> Prompter::Prompt(const Problem& problem) const {
  auto tokens = tokenizer_.Encode(format_.Prompt(problem), format_.add_special());
  const auto length = static_cast<int64_t>(tokens.size());
  if (length == 0) throw Error("problem {}: an empty prompt", problem.id);
  if (length >= max_position_) {
    throw Error("problem {}: the prompt has {} tokens, the model's context holds {}", problem.id,
                length, max_position_);
  }
  return tokens;
}

DemonstrationTokens Prompter::Demonstrate(const Demonstration& demonstration) const {
  DemonstrationTokens tokens{.prompt = Prompt(demonstration.problem),
                             .completion = tokenizer_.Encode(demonstration.completion)};
  tokens.completion.insert(tokens.completion.end(), ending_.begin(), ending_.end());
  const auto length = static_cast<int64_t>(tokens.prompt.size() + tokens.completion.size());
  if (length > max_position_) {
    throw Error("problem {}: prompt and completion have {} tokens, the model's context holds {}",
                demonstration.problem.id, length, max_position_);
  }
  return tokens;
}

}  // namespace rationale
