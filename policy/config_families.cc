#include "policy/config_families.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"

namespace rationale {
namespace {

// ---- keys that several families share ----

void VisitCommon(ConfigKeys& keys, ModelConfig& config) {
  keys.Field("vocab_size", config.vocab_size);
  keys.Field("hidden_size", config.hidden_size);
  keys.Field("intermediate_size", config.ffn_width);
  keys.Field("num_hidden_layers", config.num_layers);
  keys.Field("num_attention_heads", config.num_heads);
  keys.Field("max_position_embeddings", config.max_position);
  keys.Field("rms_norm_eps", config.norm_eps);
  keys.Field("tie_word_embeddings", config.tied_embeddings);
  keys.Nullable("bos_token_id", config.bos_token, -1);
  keys.Nullable("pad_token_id", config.pad_token, -1);
  keys.Tokens("eos_token_id", config.eos_tokens);
  keys.Only("hidden_act", std::string_view("silu"));
  keys.Only("attention_dropout", 0.0);
  VisitRope(keys, config);
}

void VisitGqa(ConfigKeys& keys, ModelConfig& config) {
  keys.Nullable("num_key_value_heads", config.num_kv_heads, 0);
  keys.Nullable("head_dim", config.head_width, 0);
  if (config.num_kv_heads == 0) config.num_kv_heads = config.num_heads;
  if (config.head_width == 0 && config.num_heads > 0) {
    config.head_width = config.hidden_size / config.num_heads;
  }
}

// One key for the biases of q, k, v and of the output projection.
void VisitAttentionBias(ConfigKeys& keys, ModelConfig& config) {
  keys.Field("attention_bias", config.qkv_bias);
  if (keys.file() != nullptr) config.output_bias = config.qkv_bias;
}

// transformers 4.53 and later also list every layer's kind, and that list wins.
void ReadLayerTypes(const JsonObject& file, ModelConfig& config) {
  if (!file.Has("layer_types")) return;
  const auto types = file.Get<std::vector<std::string>>("layer_types");
  const auto first_sliding = std::find(types.begin(), types.end(), "sliding_attention");
  const bool understood = static_cast<int64_t>(types.size()) == config.num_layers &&
                          std::all_of(types.begin(), first_sliding,
                                      [](const auto& t) { return t == "full_attention"; }) &&
                          std::all_of(first_sliding, types.end(),
                                      [](const auto& t) { return t == "sliding_attention"; });
  if (!understood) {
    throw Error(
        "{}: layer_types: found {}, allowed: {} entries, first 'full_attention', then "
        "'sliding_attention'",
        file.where(), JsonText(file.Required("layer_types")), config.num_layers);
  }
  if (first_sliding == types.end()) {
    config.sliding_window = 0;
  } else if (config.sliding_window == 0) {
    throw Error("{}: layer_types: 'sliding_attention' without a sliding_window", file.where());
  }
  config.full_attention_layers = first_sliding - types.begin();
}

// Qwen's window needs use_sliding_window beside it. `by_layer`: the first max_window_layers layers
// ignore it.
void VisitQwenWindow(ConfigKeys& keys, ModelConfig& config, bool by_layer) {
  bool use = keys.file() == nullptr && config.sliding_window > 0;
  keys.Field("use_sliding_window", use);
  keys.Nullable("sliding_window", config.sliding_window, 0);
  if (by_layer) keys.Field("max_window_layers", config.full_attention_layers);
  if (keys.file() == nullptr) return;
  if (!use) config.sliding_window = 0;
  if (by_layer) ReadLayerTypes(*keys.file(), config);
  if (config.sliding_window == 0) config.full_attention_layers = 0;
}

void VisitMla(ConfigKeys& keys, ModelConfig& config) {
  config.attention = AttentionKind::kMla;
  keys.Nullable("num_key_value_heads", config.num_kv_heads, 0);
  if (config.num_kv_heads == 0) config.num_kv_heads = config.num_heads;
  keys.Nullable("q_lora_rank", config.q_latent, 0);
  keys.Field("kv_lora_rank", config.kv_latent);
  keys.Field("qk_nope_head_dim", config.nope_width);
  keys.Field("qk_rope_head_dim", config.rope_width);
  keys.Field("v_head_dim", config.value_width);
  keys.Only("attention_bias", false);
  config.head_width = config.nope_width + config.rope_width;
}

void VisitDeepseekMoe(ConfigKeys& keys, ModelConfig& config) {
  MoeConfig& moe = config.moe;
  keys.Field("n_routed_experts", moe.num_experts);
  keys.Field("num_experts_per_tok", moe.experts_per_token);
  keys.Field("moe_intermediate_size", moe.expert_width);
  keys.Nullable("n_shared_experts", moe.num_shared_experts, 0);
  keys.Field("routed_scaling_factor", moe.scale);
  keys.Field("first_k_dense_replace", moe.first_dense_layers);
  keys.Only("moe_layer_freq", int64_t{1});
}

// ---- the families ----

ModelConfig LlamaDefaults() {
  return {.vocab_size = 32000,
          .hidden_size = 4096,
          .ffn_width = 11008,
          .num_layers = 32,
          .num_heads = 32,
          .max_position = 2048,
          .bos_token = 1,
          .eos_tokens = {2}};
}

void VisitLlama(ConfigKeys& keys, ModelConfig& config) {
  VisitGqa(keys, config);
  VisitAttentionBias(keys, config);
  keys.Only("mlp_bias", false);
}

ModelConfig MistralDefaults() {
  ModelConfig config = LlamaDefaults();
  config.ffn_width = 14336;
  config.num_kv_heads = 8;
  config.max_position = 131072;
  config.sliding_window = 4096;
  return config;
}

void VisitMistral(ConfigKeys& keys, ModelConfig& config) {
  VisitGqa(keys, config);
  keys.Nullable("sliding_window", config.sliding_window, 0);
}

ModelConfig Qwen2Defaults() {
  return {.vocab_size = 151936,
          .hidden_size = 4096,
          .ffn_width = 22016,
          .num_layers = 32,
          .num_heads = 32,
          .max_position = 32768,
          .num_kv_heads = 32,
          .qkv_bias = true,
          .sliding_window = 4096,
          .full_attention_layers = 28};
}

void VisitQwen2(ConfigKeys& keys, ModelConfig& config) {
  VisitGqa(keys, config);
  VisitQwenWindow(keys, config, true);
}

ModelConfig Qwen3Defaults() {
  ModelConfig config = Qwen2Defaults();
  config.head_width = 128;
  config.qkv_bias = false;
  config.qk_norm = true;
  return config;
}

void VisitQwen3(ConfigKeys& keys, ModelConfig& config) {
  VisitGqa(keys, config);
  VisitAttentionBias(keys, config);
  VisitQwenWindow(keys, config, true);
}

ModelConfig Qwen3MoeDefaults() {
  ModelConfig config = Qwen3Defaults();
  config.hidden_size = 2048;
  config.ffn_width = 6144;
  config.num_layers = 24;
  config.num_kv_heads = 4;
  config.head_width = 0;  // this family's class derives it
  config.full_attention_layers = 0;
  config.moe = {
      .num_experts = 128, .experts_per_token = 8, .expert_width = 768, .normalise = false};
  return config;
}

void VisitQwen3Moe(ConfigKeys& keys, ModelConfig& config) {
  VisitGqa(keys, config);
  VisitAttentionBias(keys, config);
  VisitQwenWindow(keys, config, false);
  MoeConfig& moe = config.moe;
  if (keys.file() != nullptr) keys.Field("num_local_experts", moe.num_experts);  // transformers 5
  keys.Field("num_experts", moe.num_experts);
  keys.Field("num_experts_per_tok", moe.experts_per_token);
  keys.Field("moe_intermediate_size", moe.expert_width);
  keys.Field("norm_topk_prob", moe.normalise);
  keys.Layers("mlp_only_layers", moe.dense_layers);
  int64_t sparse_step = 1;
  keys.Field("decoder_sparse_step", sparse_step);
  if (sparse_step < 1) {
    throw Error("{}: decoder_sparse_step: found {}, allowed: 1 or more", keys.file()->where(),
                sparse_step);
  }
  for (int64_t layer = 0; layer < config.num_layers && sparse_step > 1; ++layer) {
    if ((layer + 1) % sparse_step != 0) moe.dense_layers.push_back(layer);
  }
  std::sort(moe.dense_layers.begin(), moe.dense_layers.end());
  moe.dense_layers.erase(std::unique(moe.dense_layers.begin(), moe.dense_layers.end()),
                         moe.dense_layers.end());
}

ModelConfig MixtralDefaults() {
  ModelConfig config = MistralDefaults();
  config.norm_eps = 1e-5;
  config.sliding_window = 0;
  config.rope.theta = 1e6;
  config.moe = {.num_experts = 8, .experts_per_token = 2};
  return config;
}

void VisitMixtral(ConfigKeys& keys, ModelConfig& config) {
  VisitMistral(keys, config);
  keys.Field("num_local_experts", config.moe.num_experts);
  keys.Field("num_experts_per_tok", config.moe.experts_per_token);
  keys.Only("router_jitter_noise", 0.0);
  config.moe.expert_width = config.ffn_width;
}

ModelConfig DeepseekV2Defaults() {
  ModelConfig config = LlamaDefaults();
  config.vocab_size = 102400;
  config.q_latent = 1536;
  config.kv_latent = 512;
  config.nope_width = 128;
  config.rope_width = 64;
  config.value_width = 128;
  config.rope.interleaved = true;
  config.moe = {
      .num_experts = 64, .expert_width = 1407, .num_shared_experts = 2, .normalise = false};
  return config;
}

// Experts are the best of all ("greedy"), or of the groups with the best single expert.
void VisitDeepseekV2(ConfigKeys& keys, ModelConfig& config) {
  VisitMla(keys, config);
  VisitDeepseekMoe(keys, config);
  MoeConfig& moe = config.moe;
  keys.Only("scoring_func", std::string_view("softmax"));
  keys.Only("norm_topk_prob", false);
  keys.Only("mlp_bias", false);
  if (keys.file() == nullptr) {
    const bool grouped = moe.num_groups > 1;
    keys.Write("topk_method", grouped ? "\"group_limited_greedy\"" : "\"greedy\"");
    keys.Nullable("n_group", moe.num_groups, 1);
    keys.Nullable("topk_group", moe.top_groups, 1);
    return;
  }
  const auto method = keys.file()->Get<std::string>("topk_method", "greedy");
  if (method == "group_limited_greedy") {
    moe.num_groups = keys.file()->Get<int64_t>("n_group");
    moe.top_groups = keys.file()->Get<int64_t>("topk_group");
  } else if (method != "greedy") {
    throw Error("{}: topk_method: found '{}', allowed: greedy group_limited_greedy",
                keys.file()->where(), method);
  }
}

ModelConfig DeepseekV3Defaults() {
  ModelConfig config = DeepseekV2Defaults();
  config.vocab_size = 129280;
  config.hidden_size = 7168;
  config.ffn_width = 18432;
  config.num_layers = 61;
  config.num_heads = 128;
  config.max_position = 4096;
  config.bos_token = 0;
  config.eos_tokens = {1};
  config.moe = {.num_experts = 256,
                .experts_per_token = 8,
                .expert_width = 2048,
                .num_shared_experts = 1,
                .num_groups = 8,
                .top_groups = 4,
                .sigmoid_gate = true,
                .choice_bias = true,
                .scale = 2.5,
                .first_dense_layers = 3};
  return config;
}

// vLLM makes the router's bias only where topk_method says noaux_tc. Multi-token prediction layers
// of a file are not read, and none are written.
void VisitDeepseekV3(ConfigKeys& keys, ModelConfig& config) {
  VisitMla(keys, config);
  VisitDeepseekMoe(keys, config);
  keys.Only("scoring_func", std::string_view("sigmoid"));
  keys.Only("topk_method", std::string_view("noaux_tc"));
  keys.Field("norm_topk_prob", config.moe.normalise);
  if (keys.file() != nullptr) {
    keys.Nullable("n_group", config.moe.num_groups, 1);
    keys.Nullable("topk_group", config.moe.top_groups, 1);
  } else {  // transformers divides by it: a number, never null
    keys.Field("n_group", config.moe.num_groups);
    keys.Field("topk_group", config.moe.top_groups);
  }
  keys.Field("rope_interleave", config.rope.interleaved);
  keys.Write("num_nextn_predict_layers", "0");
}

template <void (*kOwnKeys)(ConfigKeys&, ModelConfig&)>
void Visit(ConfigKeys& keys, ModelConfig& config) {
  VisitCommon(keys, config);
  kOwnKeys(keys, config);
}

constexpr ModelFamily kFamilies[] = {
    {"llama", "LlamaForCausalLM", LlamaDefaults, Visit<VisitLlama>},
    {"mistral", "MistralForCausalLM", MistralDefaults, Visit<VisitMistral>},
    {"qwen2", "Qwen2ForCausalLM", Qwen2Defaults, Visit<VisitQwen2>},
    {"qwen3", "Qwen3ForCausalLM", Qwen3Defaults, Visit<VisitQwen3>},
    {"qwen3_moe", "Qwen3MoeForCausalLM", Qwen3MoeDefaults, Visit<VisitQwen3Moe>},
    {"mixtral", "MixtralForCausalLM", MixtralDefaults, Visit<VisitMixtral>},
    {"deepseek_v2", "DeepseekV2ForCausalLM", DeepseekV2Defaults, Visit<VisitDeepseekV2>},
    {"deepseek_v3", "DeepseekV3ForCausalLM", DeepseekV3Defaults, Visit<VisitDeepseekV3>},
};

}  // namespace

std::span<const ModelFamily> ModelFamilies() {
  return kFamilies;
}

}  // namespace rationale
