#include "policy/config.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "policy/config_families.h"
#include "policy/config_keys.h"

namespace rationale {
namespace {

const ModelFamily* FindFamily(std::string_view model_type) {
  for (const ModelFamily& family : ModelFamilies()) {
    if (family.model_type == model_type) return &family;
  }
  return nullptr;
}

void RequireRange(const std::string& source, const char* key, int64_t found, int64_t low,
                  int64_t high) {
  if (found < low || found > high) {
    throw Error("{}: {}: found {}, allowed: {} to {}", source, key, found, low, high);
  }
}

void RequireDivisor(const std::string& source, const char* key, int64_t found,
                    const char* multiple_key, int64_t multiple) {
  if (found < 1 || multiple % found != 0) {
    throw Error("{}: {}: found {}, allowed: a divisor of {}, {}", source, key, found, multiple_key,
                multiple);
  }
}

void RequireEven(const std::string& source, const char* key, int64_t found) {
  if (found % 2 != 0) {
    throw Error("{}: {}: found {}, allowed: an even number, for the rotary embedding", source, key,
                found);
  }
}

constexpr int64_t kSizeMax = int64_t{1} << 31;  // far above any model; keeps products in range

void ValidateMoe(const MoeConfig& moe, int64_t num_layers, const std::string& source) {
  if (moe.num_experts == 0) return;
  RequireRange(source, "number of experts", moe.num_experts, 1, kSizeMax);
  RequireRange(source, "moe_intermediate_size", moe.expert_width, 1, kSizeMax);
  RequireRange(source, "n_shared_experts", moe.num_shared_experts, 0, kSizeMax);
  RequireRange(source, "first_k_dense_replace", moe.first_dense_layers, 0, kSizeMax);
  RequireDivisor(source, "n_group", moe.num_groups, "the number of experts", moe.num_experts);
  RequireRange(source, "topk_group", moe.top_groups, 1, moe.num_groups);
  const int64_t group_size = moe.num_experts / moe.num_groups;
  RequireRange(source, "num_experts_per_tok", moe.experts_per_token, 1,
               moe.top_groups * group_size);
  if (moe.sigmoid_gate && group_size < 2) {
    throw Error("{}: n_group: found {} for {} experts, allowed: 2 experts or more a group", source,
                moe.num_groups, moe.num_experts);
  }
  for (const int64_t layer : moe.dense_layers) {
    RequireRange(source, "mlp_only_layers", layer, 0, num_layers - 1);
  }
}

void Validate(const ModelConfig& config, const std::string& source) {
  RequireRange(source, "vocab_size", config.vocab_size, 1, kSizeMax - 1);
  RequireRange(source, "hidden_size", config.hidden_size, 1, kSizeMax);
  RequireRange(source, "intermediate_size", config.ffn_width, 1, kSizeMax);
  RequireRange(source, "num_hidden_layers", config.num_layers, 1, 100'000);
  RequireRange(source, "num_attention_heads", config.num_heads, 1, kSizeMax);
  RequireRange(source, "max_position_embeddings", config.max_position, 1, kSizeMax);
  if (!(config.norm_eps > 0)) {
    throw Error("{}: rms_norm_eps: found {}, allowed: above 0", source, config.norm_eps);
  }
  RequireRange(source, "head_dim", config.head_width, 1, kSizeMax);
  if (config.attention == AttentionKind::kMla) {
    RequireRange(source, "num_key_value_heads", config.num_kv_heads, config.num_heads,
                 config.num_heads);
    RequireRange(source, "q_lora_rank", config.q_latent, 0, kSizeMax);
    RequireRange(source, "kv_lora_rank", config.kv_latent, 1, kSizeMax);
    RequireRange(source, "qk_nope_head_dim", config.nope_width, 1, kSizeMax);
    RequireRange(source, "qk_rope_head_dim", config.rope_width, 2, kSizeMax);
    RequireRange(source, "v_head_dim", config.value_width, 1, kSizeMax);
    RequireEven(source, "qk_rope_head_dim", config.rope_width);
  } else {
    RequireDivisor(source, "num_key_value_heads", config.num_kv_heads, "num_attention_heads",
                   config.num_heads);
    RequireEven(source, "head_dim", config.head_width);
    RequireRange(source, "sliding_window", config.sliding_window, 0, kSizeMax);
    RequireRange(source, "max_window_layers", config.full_attention_layers, 0, kSizeMax);
  }
  ValidateMoe(config.moe, config.num_layers, source);
}

ModelConfig ReadConfig(const rapidjson::Value& value, const std::string& source) {
  ConfigReader keys(value, source);
  const auto model_type = keys.file()->Get<std::string>("model_type");
  const ModelFamily* family = FindFamily(model_type);
  if (family == nullptr) {
    std::string allowed;
    for (const ModelFamily& known : ModelFamilies()) allowed.append(" ").append(known.model_type);
    throw Error("{}: model_type: found '{}', allowed:{}", source, model_type, allowed);
  }
  if (keys.file()->Has("quantization_config")) {
    throw Error(
        "{}: quantization_config: quantised weights are not built; save the model in "
        "bfloat16 first",
        source);
  }
  ModelConfig config = family->defaults();
  config.family = model_type;
  family->visit(keys, config);
  Validate(config, source);
  return config;
}

}  // namespace

bool ModelConfig::IsMoeLayer(int64_t layer) const {
  return moe.num_experts > 0 && layer >= moe.first_dense_layers &&
         std::find(moe.dense_layers.begin(), moe.dense_layers.end(), layer) ==
             moe.dense_layers.end();
}

ModelConfig ParseModelConfig(std::string_view json, const std::string& source) {
  return ReadConfig(ParseJson(json, source), source);
}

ModelConfig LoadModelConfig(const std::string& folder) {
  const std::filesystem::path base(folder);
  const std::string path = base / "config.json";
  ModelConfig config = ParseModelConfig(ReadFile(path), path);
  const std::string generation_path = base / "generation_config.json";
  if (std::filesystem::exists(generation_path)) {
    const rapidjson::Document generation = ReadJson(generation_path);
    ConfigReader keys(generation, generation_path);
    keys.Field("bos_token_id", config.bos_token);
    keys.Field("pad_token_id", config.pad_token);
    if (keys.file()->Has("eos_token_id")) keys.Tokens("eos_token_id", config.eos_tokens);
  }
  return config;
}

std::string ModelConfigJson(const ModelConfig& config, const std::string& dtype) {
  Check{dtype == "float32" || dtype == "bfloat16", "dtype '", dtype, "'"};
  const ModelFamily* family = FindFamily(config.family);
  Check{family != nullptr, "no family '", config.family, "'"};
  ModelConfig copy = config;
  ConfigWriter keys;
  JsonWriter architectures;
  architectures.BeginArray().Value(family->architecture).EndArray();
  keys.Write("architectures", architectures.Take());
  keys.Only("model_type", family->model_type);
  keys.Only("dtype", std::string_view(dtype));        // transformers 5
  keys.Only("torch_dtype", std::string_view(dtype));  // transformers 4
  keys.Only("initializer_range", 0.02);
  keys.Only("use_cache", true);
  family->visit(keys, copy);
  const std::string text = keys.Text();
  if (copy.rope.original_max_position == 0 &&
      (copy.rope.type == "llama3" || copy.rope.type == "yarn")) {
    copy.rope.original_max_position = static_cast<double>(copy.max_position);
  }
  Check{ParseModelConfig(text, "config.json") == copy, "a ", config.family,
        " config.json cannot express this model: ", text};
  return text;
}

}  // namespace rationale
