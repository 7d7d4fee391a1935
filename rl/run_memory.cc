// Run: what it will hold in memory.

#include <algorithm>

#include "rl/run.h"

namespace rationale {
namespace {

// Values an attention and MLP layer keeps for backward, a token.
int64_t ActivationWidth(const ModelConfig& c) {
  const int64_t experts = c.moe.num_experts > 0 ? c.moe.experts_per_token : 0;
  const int64_t mlp =
      std::max(3 * c.ffn_width, experts * (3 * c.moe.expert_width + 2 * c.hidden_size) +
                                    3 * c.moe.num_shared_experts * c.moe.expert_width);
  const int64_t attention = c.attention == AttentionKind::kMla
                                ? c.num_heads * (2 * (c.kv_latent + c.rope_width) +
                                                 2 * c.kv_latent + c.nope_width + 2 * c.value_width)
                                : 3 * (c.num_heads + 2 * c.num_kv_heads) * c.head_width;
  return 6 * c.hidden_size + attention + mlp;
}

// The longest of the first texts; tokens(i) is the length of text i.
template <typename Tokens>
int64_t LongestOf(int64_t count, const Tokens& tokens) {
  constexpr int64_t kLookedAt = 32;
  size_t longest = 0;
  for (int64_t i = 0; i < std::min(count, kLookedAt); ++i) {
    longest = std::max(longest, tokens(static_cast<size_t>(i)));
  }
  return static_cast<int64_t>(longest);
}

int64_t PromptTokens(const Run& run) {
  return LongestOf(run.config.rollout.prompts_per_step,
                   [&](size_t i) { return run.prompter->Prompt(run.problems->At(i)).size(); });
}

// Rows of the largest forward and backward pass: a micro-batch's, or all that a batch has. A
// sequence is never cut.
int64_t PassTokens(const Run& run) {
  const RunConfig& c = run.config;
  int64_t most = 0;
  const auto pass = [&](int64_t sequences, int64_t length, int64_t micro_batch_tokens) {
    most = std::max({most, length, std::min(sequences * length, micro_batch_tokens)});
  };
  if (run.demonstrations != nullptr) {
    const auto length = LongestOf(c.sft.batch_size, [&](size_t i) {
      const auto tokens = run.prompter->Demonstrate(run.demonstrations->At(i));
      return tokens.prompt.size() + tokens.completion.size();
    });
    pass(c.sft.batch_size, length, c.sft.optimizer.micro_batch_tokens);
  }
  if (run.problems != nullptr) {
    const int64_t sequences = c.rollout.prompts_per_step * c.rollout.samples_per_prompt;
    pass((sequences + c.rl.minibatches - 1) / c.rl.minibatches,
         PromptTokens(run) + c.rollout.max_new_tokens, c.rl.optimizer.micro_batch_tokens);
  }
  return most;
}

// Tokens in the cache when `max_batch` samples are live, those of a problem sharing its prompt.
int64_t CachedTokens(int64_t max_batch, int64_t problems, int64_t samples, int64_t prompt_tokens,
                     int64_t new_tokens) {
  const int64_t live = std::min(max_batch, problems * samples);
  const int64_t groups = (live + samples - 1) / samples;
  return live * (new_tokens + ops::kPageTokens) + groups * (prompt_tokens + ops::kPageTokens);
}

// What the cache will take: it grows to the need of a step's rollouts or of an evaluation, and
// never shrinks.
int64_t CacheBytes(const Run& run) {
  const auto& rollout = run.config.rollout;
  int64_t tokens = 0;
  if (run.problems != nullptr) {
    tokens = CachedTokens(rollout.max_batch, rollout.prompts_per_step, rollout.samples_per_prompt,
                          PromptTokens(run), rollout.max_new_tokens);
  }
  const auto held_out = static_cast<int64_t>(run.held_out.size());
  const int64_t prompt_tokens =
      LongestOf(held_out, [&](size_t i) { return run.prompter->Prompt(run.held_out[i]).size(); });
  for (const int64_t samples : {int64_t{1}, run.config.eval.samples}) {  // greedy, sampled
    tokens = std::max(tokens, CachedTokens(rollout.max_batch, held_out, samples, prompt_tokens,
                                           run.EvalTokensMax()));
  }
  return std::min(run.CacheBytesMax(), tokens * run.model->KvBytesPerToken());
}

}  // namespace

int64_t Run::CacheBytesMax() const {
  if (config.rollout.cache_mb > 0) return config.rollout.cache_mb * 1'000'000;
  return config.rollout.max_batch * model->config().max_position * model->KvBytesPerToken();
}

MemoryEstimate Run::EstimateMemory() const {
  int64_t parameters = 0;
  for (const Parameter* parameter : model->parameters()) parameters += parameter->master.numel();
  const ModelConfig& c = model->config();
  return rationale::EstimateMemory(
      {.num_parameters = parameters,
       .value_bytes = static_cast<int64_t>(c10::elementSize(model->options().dtype)),
       .trained = true,
       .reference = reference != nullptr,
       .packed = model->options().device.is_cpu(),
       .hidden_size = c.hidden_size,
       .num_layers = c.num_layers,
       .vocab_size = c.vocab_size,
       .activation_width = ActivationWidth(c),
       .pass_tokens = PassTokens(*this),
       .checkpoint_activations = config.policy.checkpoint_activations,
       .kv_bytes = CacheBytes(*this),
       .logits_rows = std::max<int64_t>(128, config.rollout.max_batch)});
}

}  // namespace rationale
