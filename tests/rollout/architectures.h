// Small models of each kind for the rollout tests.

#pragma once

#include <string>
#include <vector>

#include "policy/config.h"

namespace rationale {

struct Architecture {
  std::string name;
  ModelConfig config;
};

inline ModelConfig BaseConfig(const std::string& family) {
  ModelConfig config;
  config.family = family;
  config.vocab_size = 131;
  config.hidden_size = 64;
  config.ffn_width = 96;
  config.num_layers = 2;
  config.num_heads = 4;
  config.max_position = 512;
  config.num_kv_heads = 2;
  config.head_width = 16;
  return config;
}

inline std::vector<Architecture> Architectures() {
  std::vector<Architecture> all;
  ModelConfig dense = BaseConfig("qwen3");
  dense.qk_norm = true;
  all.push_back({"dense", dense});

  ModelConfig moe = BaseConfig("qwen3_moe");
  moe.qk_norm = true;
  moe.moe = {.num_experts = 8, .experts_per_token = 2, .expert_width = 32};
  all.push_back({"moe", moe});

  ModelConfig mla = BaseConfig("deepseek_v3");
  mla.attention = AttentionKind::kMla;
  mla.num_kv_heads = 4;
  mla.q_latent = 32;
  mla.kv_latent = 32;
  mla.nope_width = 16;
  mla.rope_width = 8;
  mla.value_width = 16;
  mla.rope.interleaved = true;
  mla.moe = {.num_experts = 8,
             .experts_per_token = 2,
             .expert_width = 32,
             .num_shared_experts = 1,
             .num_groups = 4,
             .top_groups = 2,
             .sigmoid_gate = true,
             .choice_bias = true,
             .scale = 2.5,
             .first_dense_layers = 1};
  all.push_back({"mla_moe", mla});
  return all;
}

}  // namespace rationale
