// Blocks: the parts transformer layers are built from. Each declares its parameters at construction
// and is a plain function of its input and the batch afterwards; rollout and learner call the same
// one.
//
// T rows, D model width, H query heads, G key/value heads, Q head width, R latent width, E experts,
// F feed-forward width.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/model.h"
#include "policy/models/builder.h"
#include "policy/ops/ops.h"

namespace rationale {

// Where a block stands: its layer, the prefix of our names, and of the file's.
struct BlockSite {
  int64_t layer = 0;
  std::string name;       // "layers.3."
  std::string file_name;  // "model.layers.3."
};

// Maps x [T, D] of a layer's normed input to its contribution to the residual stream [T, D].
class AttentionBlock {
 public:
  virtual ~AttentionBlock() = default;
  virtual at::Tensor Forward(const at::Tensor& x_TD, const ForwardBatch& batch,
                             const ops::RopeTable& rope) = 0;
};

class MlpBlock {
 public:
  virtual ~MlpBlock() = default;
  // `count`: whether this pass counts towards the router's load (a recomputed forward does not).
  virtual at::Tensor Forward(const at::Tensor& x_TD, const ForwardBatch& batch, bool count) = 0;
};

// Grouped-query attention (Ainslie et al. 2023), optional q/k norms (Qwen3), biases, sliding
// window.
std::unique_ptr<AttentionBlock> MakeGqaAttention(const ModelConfig& config, const BlockSite& site,
                                                 ParameterBuilder& builder);

// Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434), always in the absorbed form: the key
// up-projection is applied to the queries and the value up-projection to the attended latents, so
// that the cache holds only the normed latent and the rotated key, and prefill, decode and learner
// share one form and its rounding.
std::unique_ptr<AttentionBlock> MakeMlaAttention(const ModelConfig& config, const BlockSite& site,
                                                 ParameterBuilder& builder);

// SwiGLU feed-forward of width `width`; `file_prefix` is the file's path of gate_proj, up_proj and
// down_proj.
std::unique_ptr<MlpBlock> MakeMlp(const ModelConfig& config, const std::string& name,
                                  const std::string& file_prefix, int64_t width,
                                  ParameterBuilder& builder);

// Mixture of experts with an optional shared expert. The router runs in float32. `bias_E` is the
// choice bias's tensor (undefined: none); the trainer moves it between versions.
std::unique_ptr<MlpBlock> MakeMoe(const ModelConfig& config, const BlockSite& site,
                                  const at::Tensor& bias_E, ParameterBuilder& builder);

// A residual branch's last matrix starts smaller, so that depth does not grow the stream: 1 /
// sqrt(2 layers) (GPT-2).
double ResidualGain(const ModelConfig& config);

}  // namespace rationale
