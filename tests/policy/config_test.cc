#include "policy/config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace rationale {
namespace {

ModelConfig Parse(const std::string& json) {
  return ParseModelConfig(json, "config.json");
}

// `json` with members replaced or added; both are the inside of an object.
ModelConfig ParseLlama(const std::string& members) {
  return Parse(R"({"model_type": "llama", )" + members + "}");
}

std::string MessageOf(const std::string& json) {
  try {
    Parse(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string Golden(const std::string& name) {
  return std::string(RATIONALE_SOURCE_DIR) + "/tests/golden/" + name;
}

TEST(ModelConfig, AbsentKeysMeanWhatTransformersMeans) {
  const rapidjson::Document defaults = ReadJson(Golden("config_defaults.json"));
  int families = 0;
  for (const auto& family : defaults.GetObject()) {
    const std::string name = family.name.GetString();
    // DeepSeek-V2's class has no number of experts a token, and no default will do.
    const std::string bare = name == "deepseek_v2" ? R"(, "num_experts_per_tok": 6)" : "";
    EXPECT_EQ(Parse("{\"model_type\": \"" + name + "\"" + bare + "}"),
              Parse(JsonText(family.value)))
        << name;
    ++families;
  }
  EXPECT_EQ(families, 8);
}

TEST(ModelConfig, ReadsLlamaInTheSpellingOfTransformers4) {
  const ModelConfig config = Parse(R"({
    "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
    "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "head_dim": 64,
    "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02,
    "intermediate_size": 8192, "max_position_embeddings": 131072, "mlp_bias": false,
    "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 16,
    "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
    "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                     "original_max_position_embeddings": 8192, "rope_type": "llama3"},
    "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
    "use_cache": true, "vocab_size": 128256})");
  EXPECT_EQ(config.family, "llama");
  EXPECT_EQ(config.vocab_size, 128256);
  EXPECT_EQ(config.hidden_size, 2048);
  EXPECT_EQ(config.ffn_width, 8192);
  EXPECT_EQ(config.num_layers, 16);
  EXPECT_EQ(config.num_heads, 32);
  EXPECT_EQ(config.num_kv_heads, 8);
  EXPECT_EQ(config.head_width, 64);
  EXPECT_EQ(config.max_position, 131072);
  EXPECT_EQ(config.norm_eps, 1e-5);
  EXPECT_TRUE(config.tied_embeddings);
  EXPECT_EQ(config.attention, AttentionKind::kGqa);
  EXPECT_EQ(config.bos_token, 128000);
  EXPECT_EQ(config.pad_token, -1);
  EXPECT_EQ(config.eos_tokens, (std::vector<int64_t>{128001, 128008, 128009}));
  EXPECT_EQ(config.rope.type, "llama3");
  EXPECT_EQ(config.rope.theta, 500000);
  EXPECT_EQ(config.rope.factor, 32);
  EXPECT_EQ(config.rope.low_freq_factor, 1);
  EXPECT_EQ(config.rope.high_freq_factor, 4);
  EXPECT_EQ(config.rope.original_max_position, 8192);
  EXPECT_FALSE(config.rope.interleaved);
  EXPECT_EQ(config.moe, MoeConfig{});
}

TEST(ModelConfig, ReadsBothSpellingsOfRopeAlike) {
  const ModelConfig four = ParseLlama(R"(
    "rope_theta": 5e5, "rope_scaling": {"type": "yarn", "factor": 4, "beta_fast": 16,
    "original_max_position_embeddings": 512, "mscale": 0.7, "mscale_all_dim": 0.9})");
  const ModelConfig five = ParseLlama(R"(
    "rope_parameters": {"rope_theta": 500000, "rope_type": "yarn", "factor": 4.0, "beta_fast": 16,
    "original_max_position_embeddings": 512, "mscale": 0.7, "mscale_all_dim": 0.9})");
  EXPECT_EQ(four, five);
  EXPECT_EQ(four.rope, (RopeConfig{.theta = 5e5,
                                   .type = "yarn",
                                   .factor = 4,
                                   .original_max_position = 512,
                                   .beta_fast = 16,
                                   .mscale = 0.7,
                                   .mscale_all_dim = 0.9}));
  EXPECT_EQ(ParseLlama(R"("rope_theta": 7.0, "rope_scaling": null)").rope.theta, 7);
  EXPECT_EQ(ParseLlama(R"("rope_theta": 7.0, "rope_parameters": {"rope_theta": 8.0})").rope.theta,
            8);
}

TEST(ModelConfig, ScaledRopeWithoutAnOriginalLengthTakesTheLength) {
  const ModelConfig config = ParseLlama(
      R"("max_position_embeddings": 640, "rope_scaling": {"rope_type": "yarn", "factor": 2})");
  EXPECT_EQ(config.rope.original_max_position, 640);
}

TEST(ModelConfig, ReadsQwenWindows) {
  const std::string qwen = R"({"model_type": "qwen2", "num_hidden_layers": 4, )";
  const ModelConfig off = Parse(qwen + R"("sliding_window": 100, "max_window_layers": 3})");
  EXPECT_EQ(off.sliding_window, 0);
  EXPECT_EQ(off.full_attention_layers, 0);
  EXPECT_TRUE(off.qkv_bias);
  EXPECT_FALSE(off.output_bias);
  const ModelConfig on =
      Parse(qwen + R"("use_sliding_window": true, "sliding_window": 100, "max_window_layers": 3})");
  EXPECT_EQ(on.sliding_window, 100);
  EXPECT_EQ(on.full_attention_layers, 3);
  const ModelConfig types =
      Parse(qwen + R"("use_sliding_window": true, "sliding_window": 100, "max_window_layers": 3,
      "layer_types": ["full_attention", "sliding_attention", "sliding_attention",
                      "sliding_attention"]})");
  EXPECT_EQ(types.full_attention_layers, 1);
  EXPECT_EQ(MessageOf(qwen + R"("layer_types": ["full_attention"]})"),
            "config.json: layer_types: found [\"full_attention\"], allowed: 4 entries, first "
            "'full_attention', then 'sliding_attention'");
}

TEST(ModelConfig, ANullWindowIsNoneAndAnAbsentOneTheFamilysDefault) {
  EXPECT_EQ(Parse(R"({"model_type": "mistral"})").sliding_window, 4096);
  EXPECT_EQ(Parse(R"({"model_type": "mistral", "sliding_window": null})").sliding_window, 0);
}

TEST(ModelConfig, ReadsQwen3MoeWithDenseLayers) {
  const ModelConfig config = Parse(R"({"model_type": "qwen3_moe", "num_hidden_layers": 6,
    "head_dim": 128, "num_experts": 16, "num_experts_per_tok": 4, "moe_intermediate_size": 96,
    "norm_topk_prob": true, "mlp_only_layers": [1, 5], "decoder_sparse_step": 2})");
  EXPECT_TRUE(config.qk_norm);
  EXPECT_EQ(config.moe.num_experts, 16);
  EXPECT_TRUE(config.moe.normalise);
  std::vector<int> moe_layers;
  for (int layer = 0; layer < 6; ++layer) {
    if (config.IsMoeLayer(layer)) moe_layers.push_back(layer);
  }
  EXPECT_EQ(moe_layers, (std::vector<int>{3}));  // every second one, less 1 and 5
  EXPECT_EQ(Parse(R"({"model_type": "qwen3_moe", "num_local_experts": 12})").moe.num_experts, 12);
}

TEST(ModelConfig, ReadsDeepseekV3) {
  const ModelConfig config = Parse(R"({"model_type": "deepseek_v3", "hidden_size": 64,
    "num_attention_heads": 4, "num_key_value_heads": 4, "num_hidden_layers": 5,
    "q_lora_rank": null, "kv_lora_rank": 32, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8,
    "v_head_dim": 20, "n_routed_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": 2,
    "moe_intermediate_size": 24, "first_k_dense_replace": 2, "n_group": 4, "topk_group": 2,
    "routed_scaling_factor": 2.5, "scoring_func": "sigmoid", "topk_method": "noaux_tc",
    "num_nextn_predict_layers": 1, "moe_layer_freq": 1, "ep_size": 1})");
  EXPECT_EQ(config.attention, AttentionKind::kMla);
  EXPECT_EQ(config.q_latent, 0);
  EXPECT_EQ(config.kv_latent, 32);
  EXPECT_EQ(config.nope_width, 16);
  EXPECT_EQ(config.rope_width, 8);
  EXPECT_EQ(config.value_width, 20);
  EXPECT_EQ(config.head_width, 24);
  EXPECT_EQ(config.num_kv_heads, 4);
  EXPECT_TRUE(config.rope.interleaved);
  EXPECT_EQ(config.moe, (MoeConfig{.num_experts = 8,
                                   .experts_per_token = 2,
                                   .expert_width = 24,
                                   .num_shared_experts = 2,
                                   .num_groups = 4,
                                   .top_groups = 2,
                                   .sigmoid_gate = true,
                                   .choice_bias = true,
                                   .normalise = true,
                                   .scale = 2.5,
                                   .first_dense_layers = 2}));
  EXPECT_FALSE(config.IsMoeLayer(1));
  EXPECT_TRUE(config.IsMoeLayer(2));
}

TEST(ModelConfig, DeepseekV2sGreedyChoiceIgnoresGroups) {
  const std::string v2 = R"({"model_type": "deepseek_v2", "num_experts_per_tok": 6, )";
  EXPECT_EQ(Parse(v2 + R"("n_group": 8, "topk_group": 3})").moe.num_groups, 1);
  const ModelConfig grouped =
      Parse(v2 + R"("topk_method": "group_limited_greedy", "n_group": 8, "topk_group": 3})");
  EXPECT_EQ(grouped.moe.num_groups, 8);
  EXPECT_EQ(grouped.moe.top_groups, 3);
  EXPECT_FALSE(grouped.moe.normalise);
  EXPECT_FALSE(grouped.moe.sigmoid_gate);
}

TEST(ModelConfig, MixtralsExpertsHaveTheFeedForwardWidth) {
  const ModelConfig config = Parse(R"({"model_type": "mixtral", "intermediate_size": 96})");
  EXPECT_EQ(config.moe.expert_width, 96);
  EXPECT_TRUE(config.moe.normalise);
  EXPECT_EQ(config.rope.theta, 1e6);
}

TEST(ModelConfig, WhatIsWrittenIsReadBackEqual) {
  const rapidjson::Document defaults = ReadJson(Golden("config_defaults.json"));
  for (const auto& family : defaults.GetObject()) {
    ModelConfig config = Parse(JsonText(family.value));
    config.eos_tokens = {3, 5};
    config.tied_embeddings = true;
    config.rope.type = "yarn";
    config.rope.factor = 8;
    config.rope.original_max_position = 100;
    config.rope.mscale = config.rope.mscale_all_dim = 0.707;
    config.rope.truncate = false;
    EXPECT_EQ(Parse(ModelConfigJson(config, "bfloat16")), config) << config.family;
  }
  ModelConfig window = Parse(R"({"model_type": "qwen3", "use_sliding_window": true,
    "sliding_window": 64, "max_window_layers": 2, "attention_bias": true})");
  EXPECT_EQ(window.sliding_window, 64);
  EXPECT_EQ(Parse(ModelConfigJson(window, "float32")), window);
}

TEST(ModelConfig, WritesWhatOtherProgramsLookFor) {
  const ModelConfig config = Parse(R"({"model_type": "deepseek_v3", "n_group": 1,
    "topk_group": 1})");
  const rapidjson::Document document = ParseJson(ModelConfigJson(config, "bfloat16"), "written");
  const JsonObject json(document, "written");
  EXPECT_EQ(json.Get<std::vector<std::string>>("architectures"),
            std::vector<std::string>{"DeepseekV3ForCausalLM"});
  EXPECT_EQ(json.Get<std::string>("model_type"), "deepseek_v3");
  EXPECT_EQ(json.Get<std::string>("topk_method"), "noaux_tc");
  EXPECT_EQ(json.Get<std::string>("scoring_func"), "sigmoid");
  EXPECT_EQ(json.Get<std::string>("dtype"), "bfloat16");
  EXPECT_EQ(json.Get<std::string>("torch_dtype"), "bfloat16");
  EXPECT_EQ(json.Get<int64_t>("num_key_value_heads"), 128);
}

TEST(ModelConfig, WritingRefusesWhatTheFamilyCannotExpress) {
  ModelConfig config = Parse(R"({"model_type": "qwen2"})");
  config.qk_norm = true;
  EXPECT_THROW(ModelConfigJson(config, "float32"), CheckFailure);
}

TEST(ModelConfig, RefusesWhatIsNotBuilt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("hidden_act": "gelu")", R"(hidden_act: found "gelu", allowed: "silu")"},
      {R"("attention_dropout": 0.1)", "attention_dropout: found 0.1, allowed: 0.0"},
      {R"("quantization_config": {"bits": 4})",
       "quantization_config: quantised weights are not built; save the model in bfloat16 first"},
      {R"("partial_rotary_factor": 0.5)", "partial_rotary_factor: found 0.5, allowed: 1"},
      {R"("rope_scaling": {"type": "dynamic", "factor": 2})",
       "rope_scaling: rope_type: found 'dynamic', allowed: default linear llama3 yarn"},
      {R"("rope_parameters": {"full_attention": {"rope_theta": 1.0}})",
       "rope_parameters: full_attention: rope parameters of single layer types are not built"},
  };
  for (const auto& [members, message] : cases) {
    EXPECT_EQ(MessageOf(R"({"model_type": "llama", )" + members + "}"), "config.json: " + message);
  }
  EXPECT_EQ(MessageOf(R"({"model_type": "gemma2"})"),
            "config.json: model_type: found 'gemma2', allowed: llama mistral qwen2 qwen3 qwen3_moe "
            "mixtral deepseek_v2 deepseek_v3");
  EXPECT_EQ(MessageOf(R"({"model_type": "deepseek_v3", "scoring_func": "softmax"})"),
            R"(config.json: scoring_func: found "softmax", allowed: "sigmoid")");
  EXPECT_EQ(MessageOf(R"({"model_type": "deepseek_v3", "attention_bias": true})"),
            "config.json: attention_bias: found true, allowed: false");
}

TEST(ModelConfig, RefusesNumbersThatCannotBe) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("num_hidden_layers": 0)", "num_hidden_layers: found 0, allowed: 1 to 100000"},
      {R"("num_key_value_heads": 5)",
       "num_key_value_heads: found 5, allowed: a divisor of num_attention_heads, 32"},
      {R"("head_dim": 63)",
       "head_dim: found 63, allowed: an even number, for the rotary embedding"},
      {R"("rms_norm_eps": 0)", "rms_norm_eps: found 0, allowed: above 0"},
      {R"("rope_scaling": {"type": "linear", "factor": -1})",
       "rope_scaling: factor: found -1, allowed: above 0"},
  };
  for (const auto& [members, message] : cases) {
    EXPECT_EQ(MessageOf(R"({"model_type": "llama", )" + members + "}"), "config.json: " + message);
  }
  EXPECT_EQ(MessageOf(R"({"model_type": "mixtral", "num_experts_per_tok": 9})"),
            "config.json: num_experts_per_tok: found 9, allowed: 1 to 8");
  EXPECT_EQ(MessageOf(R"({"model_type": "deepseek_v3", "n_group": 7})"),
            "config.json: n_group: found 7, allowed: a divisor of the number of experts, 256");
}

TEST(ModelConfig, AGenerationConfigReplacesTheEndTokens) {
  const TemporaryFolder folder;
  WriteFileDurably(folder.path() + "/config.json", R"({"model_type": "llama"})");
  EXPECT_EQ(LoadModelConfig(folder.path()).eos_tokens, std::vector<int64_t>{2});
  WriteFileDurably(folder.path() + "/generation_config.json", R"({"eos_token_id": [7, 9]})");
  const ModelConfig config = LoadModelConfig(folder.path());
  EXPECT_EQ(config.eos_tokens, (std::vector<int64_t>{7, 9}));
  EXPECT_EQ(config.bos_token, 1);
}

TEST(ModelConfig, NamesTheFileAndLineOfMalformedJson) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/config.json";
  EXPECT_THROW(LoadModelConfig(folder.path()), Error);
  WriteFileDurably(path, "{\n\"model_type\": \"llama\",\n\"vocab_size\" 5}");
  try {
    LoadModelConfig(folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).rfind(path + ":3", 0), 0u) << error.what();
  }
}

}  // namespace
}  // namespace rationale
