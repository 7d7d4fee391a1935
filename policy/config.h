// ModelConfig: the architecture of a policy, read from a Hugging Face config.json.
//
// The spellings of transformers 4 (rope_theta, rope_scaling) and 5 (rope_parameters) are both read;
// absent keys take the defaults of their family's configuration class in transformers 5.23.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

enum class AttentionKind { kGqa, kMla };

// Rotary position embedding (Su et al. 2021) and its scalings, as config.json's rope_scaling or
// rope_parameters name them: "linear" (Chen et al. 2023), "llama3" (Llama 3.1), "yarn" (Peng et al.
// 2023, arXiv:2309.00071).
struct RopeConfig {
  double theta = 10000;
  std::string type = "default";  // "default", "linear", "llama3" or "yarn"
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  double original_max_position = 0;                  // llama3, yarn; 0: max_position
  double beta_fast = 32, beta_slow = 1;              // yarn
  double mscale = 0, mscale_all_dim = 0;             // yarn, DeepSeek's; 0: absent
  double attention_factor = 0;                       // yarn; 0: from factor and mscale
  bool truncate = true;      // yarn: round the correction range to whole dimensions
  bool interleaved = false;  // the file pairs columns (2i, 2i+1): DeepSeek

  bool operator==(const RopeConfig&) const = default;
};

struct MoeConfig {
  int64_t num_experts = 0;  // 0: a dense model
  int64_t experts_per_token = 0;
  int64_t expert_width = 0;        // moe_intermediate_size
  int64_t num_shared_experts = 0;  // one shared MLP of width num_shared_experts * expert_width
  int64_t num_groups = 1, top_groups = 1;
  bool sigmoid_gate = false;               // DeepSeek-V3; else softmax
  bool choice_bias = false;                // e_score_correction_bias: aux-loss-free balancing
  bool normalise = true;                   // norm_topk_prob
  double scale = 1;                        // routed_scaling_factor
  int64_t first_dense_layers = 0;          // first_k_dense_replace
  std::vector<int64_t> dense_layers = {};  // further ones: mlp_only_layers, decoder_sparse_step

  bool operator==(const MoeConfig&) const = default;
};

struct ModelConfig {
  // model_type: llama, mistral, qwen2, qwen3, qwen3_moe, mixtral, deepseek_v2 or deepseek_v3
  std::string family = {};
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t ffn_width = 0;  // intermediate_size
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t max_position = 0;
  double norm_eps = 1e-6;  // of all norms but MLA's latent ones, which always have 1e-6
  bool tied_embeddings = false;
  AttentionKind attention = AttentionKind::kGqa;
  // GQA. With MLA: num_kv_heads = num_heads, head_width = nope_width + rope_width.
  int64_t num_kv_heads = 0;
  int64_t head_width = 0;
  bool qkv_bias = false, output_bias = false;
  bool qk_norm = false;               // RMSNorm of every head's q and k: Qwen3
  int64_t sliding_window = 0;         // 0: none
  int64_t full_attention_layers = 0;  // these first ones ignore it: Qwen's max_window_layers
  // MLA
  int64_t q_latent = 0;   // q_lora_rank; 0: one q projection
  int64_t kv_latent = 0;  // kv_lora_rank
  int64_t nope_width = 0, rope_width = 0, value_width = 0;
  RopeConfig rope = {};
  MoeConfig moe = {};
  // token ids of config.json and generation_config.json; -1 or empty: none
  int64_t bos_token = -1;
  int64_t pad_token = -1;
  std::vector<int64_t> eos_tokens = {};

  bool IsMoeLayer(int64_t layer) const;
  bool operator==(const ModelConfig&) const = default;
};

// Reads <folder>/config.json; the token ids of generation_config.json, where there is one, replace
// config.json's, as in transformers' generate. Throws Error naming file and key: a model_type or an
// option we do not build (another activation, an unknown rope type, quantised weights, ...) is
// refused, never ignored.
ModelConfig LoadModelConfig(const std::string& folder);

// The same from the text of a config.json; `source` begins every message.
ModelConfig ParseModelConfig(std::string_view json, const std::string& source);

// The text of a config.json that transformers 4 and 5 and vLLM open as this model. `dtype`:
// "float32" or "bfloat16". Requires a config that its family can express: parsing the text gives an
// equal one.
std::string ModelConfigJson(const ModelConfig& config, const std::string& dtype);

}  // namespace rationale
