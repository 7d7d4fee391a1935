#include <array>
#include <cmath>

#include "policy/models/blocks.h"
#include "policy/models/rope_table.h"

namespace rationale {
namespace {

constexpr double kLatentEpsilon = 1e-6;  // of the latents' norms, whatever rms_norm_eps is

// One slice a head: rows [first, first + count) of every head's `stride` rows in the file's tensor.
std::vector<ParameterSlice> HeadSlices(const std::string& file_name, int64_t heads, int64_t stride,
                                       int64_t first, int64_t count) {
  std::vector<ParameterSlice> slices;
  for (int64_t head = 0; head < heads; ++head) {
    slices.push_back({.file_name = file_name,
                      .row = head * count,
                      .num_rows = count,
                      .file_row = head * stride + first});
  }
  return slices;
}

class MlaAttention final : public AttentionBlock {
 public:
  MlaAttention(const ModelConfig& config, const BlockSite& site, ParameterBuilder& builder)
      : layer_(static_cast<size_t>(site.layer)),
        heads_(config.num_heads),
        nope_(config.nope_width),
        rope_(config.rope_width),
        value_(config.value_width),
        latent_(config.kv_latent),
        interleaved_(config.rope.interleaved) {
    const std::string name = site.name + "attention.", file = site.file_name + "self_attn.";
    DeclareQueries(config, name, file, builder);
    DeclareKeysAndValues(config, name, file, builder);
    o_ = builder.Matrix(name + "o", file + "o_proj.weight", config.hidden_size, heads_ * value_,
                        ResidualGain(config));
    if (config.output_bias) {
      o_bias_ = builder.Bias(name + "o_bias", file + "o_proj.bias", config.hidden_size);
    }
    settings_.scale = 1 / std::sqrt(static_cast<double>(nope_ + rope_));
    if (config.rope.type == "yarn" && config.rope.mscale_all_dim != 0) {
      const double mscale = YarnMscale(config.rope.factor, config.rope.mscale_all_dim);
      settings_.scale *= mscale * mscale;
    }
    settings_.value_width = latent_;
  }

  at::Tensor Forward(const at::Tensor& x_TD, const ForwardBatch& batch,
                     const ops::RopeTable& rope) override {
    const ops::HeadsOfLinear q_nope{.weight = q_nope_, .heads = heads_};
    const ops::HeadsOfLinear q_rope{.weight = q_rope_, .heads = heads_};
    const ops::HeadsOfLinear latent{.weight = kv_latent_}, k_rope{.weight = k_rope_};
    ops::Heads queries, keys;  // each: what is not turned, what is
    if (q_a_ == nullptr) {
      const auto all = ops::LinearsToHeads(x_TD, std::array{q_nope, q_rope, latent, k_rope});
      queries = {all[0], all[1]};
      keys = {all[2], all[3]};
    } else {
      const auto down =
          ops::LinearsToHeads(x_TD, std::array{ops::HeadsOfLinear{q_a_}, latent, k_rope});
      keys = {down[1], down[2]};
      queries = ops::LinearsToHeads(ops::RmsNorm(down[0], *q_norm_, kLatentEpsilon),
                                    std::array{q_nope, q_rope});
    }
    const auto q_THQ =
        ops::JoinColumns(ops::LinearPerHead(queries[0], *k_up_), Rotated(queries[1], batch, rope));
    const auto k_TGQ = ops::JoinColumns(ops::RmsNorm(keys[0], *kv_norm_, kLatentEpsilon),
                                        Rotated(keys[1], batch, rope));

    auto* cache = batch.kv != nullptr ? &batch.kv->layers[layer_] : nullptr;
    const auto attended_THR = ops::Attention(q_THQ, k_TGQ, {}, settings_, batch.spans, cache);
    return ops::LinearFromHeads(ops::LinearPerHead(attended_THR, *v_up_), *o_, o_bias_);
  }

 private:
  void DeclareQueries(const ModelConfig& config, const std::string& name, const std::string& file,
                      ParameterBuilder& builder) {
    int64_t width = config.hidden_size;
    std::string source = "q_proj.weight";
    if (config.q_latent > 0) {
      width = config.q_latent;
      source = "q_b_proj.weight";
      q_a_ = builder.Matrix(name + "q_a", file + "q_a_proj.weight", width, config.hidden_size);
      q_norm_ = builder.Norm(name + "q_norm", file + "q_a_layernorm.weight", width);
    }
    const int64_t head = nope_ + rope_;
    q_nope_ = builder.Stacked(name + "q_nope", {heads_ * nope_, width},
                              HeadSlices(file + source, heads_, head, 0, nope_));
    q_rope_ = builder.Stacked(name + "q_rope", {heads_ * rope_, width},
                              HeadSlices(file + source, heads_, head, nope_, rope_));
  }

  void DeclareKeysAndValues(const ModelConfig& config, const std::string& name,
                            const std::string& file, ParameterBuilder& builder) {
    const std::string down = file + "kv_a_proj_with_mqa.weight", up = file + "kv_b_proj.weight";
    kv_latent_ = builder.Stacked(name + "kv_latent", {latent_, config.hidden_size},
                                 {{.file_name = down, .num_rows = latent_}});
    k_rope_ = builder.Stacked(name + "k_rope", {rope_, config.hidden_size},
                              {{.file_name = down, .num_rows = rope_, .file_row = latent_}});
    kv_norm_ = builder.Norm(name + "kv_norm", file + "kv_a_layernorm.weight", latent_);
    std::vector<ParameterSlice> key_slices;
    for (int64_t head = 0; head < heads_; ++head) {
      key_slices.push_back({.file_name = up,
                            .row = head * latent_,
                            .num_rows = latent_,
                            .file_row = head * (nope_ + value_),
                            .transposed = true});
    }
    // k_up starts as the transpose of a matrix of fan-in R, like the file's.
    const double fan_in = std::sqrt(static_cast<double>(nope_) / static_cast<double>(latent_));
    k_up_ = builder.Stacked(name + "k_up", {heads_, latent_, nope_}, std::move(key_slices), fan_in);
    v_up_ = builder.Stacked(name + "v_up", {heads_, value_, latent_},
                            HeadSlices(up, heads_, nope_ + value_, nope_, value_));
    k_up_->exact = v_up_->exact = true;
  }

  at::Tensor Rotated(const at::Tensor& heads, const ForwardBatch& batch,
                     const ops::RopeTable& rope) const {
    return ops::Rope(heads, batch.positions_T, rope, 0, interleaved_);
  }

  size_t layer_;
  int64_t heads_, nope_, rope_, value_, latent_;
  bool interleaved_;
  ops::AttentionSettings settings_;
  Parameter *q_a_ = nullptr, *q_norm_ = nullptr, *q_nope_ = nullptr, *q_rope_ = nullptr;
  Parameter *kv_latent_ = nullptr, *k_rope_ = nullptr, *kv_norm_ = nullptr;
  Parameter *k_up_ = nullptr, *v_up_ = nullptr, *o_ = nullptr, *o_bias_ = nullptr;
};

}  // namespace

std::unique_ptr<AttentionBlock> MakeMlaAttention(const ModelConfig& config, const BlockSite& site,
                                                 ParameterBuilder& builder) {
  return std::make_unique<MlaAttention>(config, site, builder);
}

}  // namespace rationale
