#include <array>
#include <cmath>

#include "policy/models/blocks.h"

namespace rationale {
namespace {

class GqaAttention final : public AttentionBlock {
 public:
  GqaAttention(const ModelConfig& config, const BlockSite& site, ParameterBuilder& builder)
      : layer_(static_cast<size_t>(site.layer)),
        heads_(config.num_heads),
        kv_heads_(config.num_kv_heads),
        width_(config.head_width),
        eps_(config.norm_eps),
        interleaved_(config.rope.interleaved) {
    const std::string name = site.name + "attention.", file = site.file_name + "self_attn.";
    const int64_t d = config.hidden_size;
    q_ = builder.Matrix(name + "q", file + "q_proj.weight", heads_ * width_, d);
    k_ = builder.Matrix(name + "k", file + "k_proj.weight", kv_heads_ * width_, d);
    v_ = builder.Matrix(name + "v", file + "v_proj.weight", kv_heads_ * width_, d);
    o_ = builder.Matrix(name + "o", file + "o_proj.weight", d, heads_ * width_,
                        ResidualGain(config));
    if (config.qkv_bias) {
      q_bias_ = builder.Bias(name + "q_bias", file + "q_proj.bias", heads_ * width_);
      k_bias_ = builder.Bias(name + "k_bias", file + "k_proj.bias", kv_heads_ * width_);
      v_bias_ = builder.Bias(name + "v_bias", file + "v_proj.bias", kv_heads_ * width_);
    }
    if (config.output_bias) o_bias_ = builder.Bias(name + "o_bias", file + "o_proj.bias", d);
    if (config.qk_norm) {
      q_norm_ = builder.Norm(name + "q_norm", file + "q_norm.weight", width_);
      k_norm_ = builder.Norm(name + "k_norm", file + "k_norm.weight", width_);
    }
    settings_.scale = 1 / std::sqrt(static_cast<double>(width_));
    settings_.value_width = width_;
    if (site.layer >= config.full_attention_layers)
      settings_.sliding_window = config.sliding_window;
  }

  at::Tensor Forward(const at::Tensor& x_TD, const ForwardBatch& batch,
                     const ops::RopeTable& rope) override {
    const std::array<ops::HeadsOfLinear, 3> projections = {{
        {.weight = q_, .bias = q_bias_, .heads = heads_},
        {.weight = k_, .bias = k_bias_, .heads = kv_heads_},
        {.weight = v_, .bias = v_bias_, .heads = kv_heads_},
    }};
    const auto qkv = ops::LinearsToHeads(x_TD, projections);
    const auto q_THQ = Rotated(qkv[0], q_norm_, batch, rope);
    const auto k_TGQ = Rotated(qkv[1], k_norm_, batch, rope);
    auto* cache = batch.kv != nullptr ? &batch.kv->layers[layer_] : nullptr;
    const auto attended = ops::Attention(q_THQ, k_TGQ, qkv[2], settings_, batch.spans, cache);
    return ops::LinearFromHeads(attended, *o_, o_bias_);
  }

 private:
  at::Tensor Rotated(const at::Tensor& heads, Parameter* norm, const ForwardBatch& batch,
                     const ops::RopeTable& rope) const {
    return ops::Rope(norm != nullptr ? ops::RmsNorm(heads, *norm, eps_) : heads, batch.positions_T,
                     rope, 0, interleaved_);
  }

  size_t layer_;
  int64_t heads_, kv_heads_, width_;
  double eps_;
  bool interleaved_;
  ops::AttentionSettings settings_;
  Parameter *q_ = nullptr, *k_ = nullptr, *v_ = nullptr, *o_ = nullptr;
  Parameter *q_bias_ = nullptr, *k_bias_ = nullptr, *v_bias_ = nullptr, *o_bias_ = nullptr;
  Parameter *q_norm_ = nullptr, *k_norm_ = nullptr;
};

}  // namespace

std::unique_ptr<AttentionBlock> MakeGqaAttention(const ModelConfig& config, const BlockSite& site,
                                                 ParameterBuilder& builder) {
  return std::make_unique<GqaAttention>(config, site, builder);
}

}  // namespace rationale
