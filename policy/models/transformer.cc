#include "policy/models/transformer.h"

#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "base/check.h"
#include "policy/models/checkpoint.h"
#include "policy/models/rope_table.h"
#include "policy/ops/cpu/aligned_buffer.h"
#include "policy/ops/gpu_decode.h"

namespace rationale {

Transformer::Transformer(ModelConfig config, ModelOptions options)
    : config_(std::move(config)), options_(options), builder_(options) {
  const bool mla = config_.attention == AttentionKind::kMla;
  rope_ = MakeRopeTable(config_.rope, mla ? config_.rope_width : config_.head_width,
                        config_.max_position, options_.device);
  embedding_ = builder_.Matrix("embedding", "model.embed_tokens.weight", config_.vocab_size,
                               config_.hidden_size);
  builder_.entries().back().init.scale = 0.02;
  embedding_->decay = false;
  for (int64_t i = 0; i < config_.num_layers; ++i) layers_.push_back(MakeLayer(i));
  final_norm_ = builder_.Norm("norm", "model.norm.weight", config_.hidden_size);
  head_ = config_.tied_embeddings
              ? embedding_
              : builder_.Matrix("head", "lm_head.weight", config_.vocab_size, config_.hidden_size);
}

Transformer::Layer Transformer::MakeLayer(int64_t index) {
  const BlockSite site{.layer = index,
                       .name = "layers." + std::to_string(index) + ".",
                       .file_name = "model.layers." + std::to_string(index) + "."};
  const int64_t d = config_.hidden_size;
  Layer layer;
  layer.attention_norm =
      builder_.Norm(site.name + "attention_norm", site.file_name + "input_layernorm.weight", d);
  layer.attention = config_.attention == AttentionKind::kMla
                        ? MakeMlaAttention(config_, site, builder_)
                        : MakeGqaAttention(config_, site, builder_);
  layer.mlp_norm =
      builder_.Norm(site.name + "mlp_norm", site.file_name + "post_attention_layernorm.weight", d);
  at::Tensor bias_E;
  if (config_.IsMoeLayer(index)) {
    if (config_.moe.choice_bias) {
      bias_E = at::zeros({config_.moe.num_experts},
                         at::TensorOptions().dtype(at::kFloat).device(options_.device));
    }
    layer.mlp = MakeMoe(config_, site, bias_E, builder_);
  } else {
    layer.mlp =
        MakeMlp(config_, site.name + "mlp.", site.file_name + "mlp.", config_.ffn_width, builder_);
  }
  router_biases_.push_back(bias_E);
  return layer;
}

std::string Transformer::RouterBiasName(int64_t layer) const {
  if (!router_biases_[static_cast<size_t>(layer)].defined()) return "";
  return "model.layers." + std::to_string(layer) + ".mlp.gate.e_score_correction_bias";
}

at::Tensor Transformer::RunLayer(const Layer& layer, const at::Tensor& x_TD,
                                 const ForwardBatch& batch, bool count) {
  const double eps = config_.norm_eps;
  const auto attended =
      layer.attention->Forward(ops::RmsNorm(x_TD, *layer.attention_norm, eps), batch, rope_);
  const auto x = ops::Add(x_TD, attended);
  return ops::Add(x, layer.mlp->Forward(ops::RmsNorm(x, *layer.mlp_norm, eps), batch, count));
}

at::Tensor Transformer::Hidden(const ForwardBatch& batch) {
  Check{batch.kv == nullptr || !at::GradMode::is_enabled(), "a cached forward has no gradient"};
  const bool recompute = options_.checkpoint_activations && at::GradMode::is_enabled();
  std::shared_ptr<const ForwardBatch> kept;
  if (recompute) kept = std::make_shared<const ForwardBatch>(batch);
  const ops::SpansOnDevice sent(batch.spans, batch.kv != nullptr, options_.device);
  auto x = ops::Embedding(batch.tokens_T, *embedding_);
  for (const Layer& layer : layers_) {
    if (!recompute) {
      x = RunLayer(layer, x, batch, true);
      continue;
    }
    x = Recomputed(x, [this, &layer, kept](const at::Tensor& input, bool count) {
      return RunLayer(layer, input, *kept, count);
    });
  }
  return ops::RmsNorm(x, *final_norm_, config_.norm_eps);
}

namespace {

// A pool of pages: they are read in any order, so that on a CPU huge pages of memory are worth
// asking for (Linux madvise(2)) before the first touch.
at::Tensor ZeroPages(at::IntArrayRef sizes, const at::TensorOptions& options) {
  at::Tensor pages = at::empty(sizes, options);
  if (pages.is_cpu()) {
    ops::cpu::AskForHugePages(pages.mutable_data_ptr(), static_cast<int64_t>(pages.nbytes()));
  }
  return pages.zero_();
}

}  // namespace

std::vector<Parameter*> Transformer::parameters() {
  std::vector<Parameter*> parameters;
  for (auto& entry : builder_.entries()) parameters.push_back(&entry.parameter);
  return parameters;
}

KvPool Transformer::MakeKvPool(int64_t num_pages) const {
  const auto options = at::TensorOptions().dtype(options_.dtype).device(options_.device);
  const bool mla = config_.attention == AttentionKind::kMla;
  const int64_t groups = mla ? 1 : config_.num_kv_heads;
  const int64_t width = mla ? config_.kv_latent + config_.rope_width : config_.head_width;
  KvPool pool{.layers = {}, .num_pages = num_pages};
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    ops::KvLayer layer{.keys = ZeroPages({num_pages, ops::kPageTokens, groups, width}, options),
                       .values = {}};
    if (!mla) layer.values = ZeroPages({num_pages, ops::kPageTokens, groups, width}, options);
    pool.layers.push_back(std::move(layer));
  }
  return pool;
}

int64_t Transformer::KvBytesPerToken() const {
  const bool mla = config_.attention == AttentionKind::kMla;
  const int64_t width =
      mla ? config_.kv_latent + config_.rope_width : 2 * config_.num_kv_heads * config_.head_width;
  return config_.num_layers * width * static_cast<int64_t>(c10::elementSize(options_.dtype));
}

}  // namespace rationale
