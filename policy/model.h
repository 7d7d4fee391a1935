// Model: a policy's weights and its one forward pass, shared by rollout and learner.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/config.h"
#include "policy/ops/ops.h"
#include "policy/parameter.h"

namespace rationale {

// Paged keys and values of all layers; pages are handed out by the rollout engine.
struct KvPool {
  std::vector<ops::KvLayer> layers;
  int64_t num_pages = 0;
};

// Router statistics of one forward pass, for balancing and logging.
struct RouterStats {
  std::vector<at::Tensor>
      load_E;  // per layer (undefined for dense ones): int64 tokens sent to each expert
  bool record_experts = false;
  std::vector<at::Tensor> experts_TA;  // per layer, when asked for
};

// The rows of one forward pass: several sequences packed, no padding.
struct ForwardBatch {
  at::Tensor tokens_T;                   // int64
  at::Tensor positions_T;                // int32, in the row's own sequence
  std::vector<ops::SequenceSpan> spans;  // cover the rows in order
  KvPool* kv = nullptr;           // null: sequences are whole, keys are the rows' own (learner)
  RouterStats* router = nullptr;  // filled when given
};

struct ModelOptions {
  at::ScalarType dtype = at::kFloat;  // compute dtype
  at::Device device = at::kCPU;
  bool trainable = false;  // keep float32 masters and record gradients
  bool checkpoint_activations =
      false;  // keep only each layer's input for backward, recompute the rest
};

class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelConfig& config() const = 0;
  virtual const ModelOptions& options() const = 0;

  // Hidden states after the final norm [T, D], in the compute dtype. Differentiable when trainable
  // and grad mode is on.
  virtual at::Tensor Hidden(const ForwardBatch& batch) = 0;

  // The output matrix [vocabulary, D]: the embedding itself when tied.
  virtual Parameter& head() = 0;

  // Every parameter once, in a fixed order.
  virtual std::vector<Parameter*> parameters() = 0;

  // The choice bias of each layer's router, float32 [E], undefined where there is none. Moved by
  // the trainer only.
  virtual std::vector<at::Tensor>& router_biases() = 0;

  // Fresh pages for `num_pages` pages of kPageTokens tokens, zeroed.
  virtual KvPool MakeKvPool(int64_t num_pages) const = 0;
  virtual int64_t KvBytesPerToken() const = 0;
};

// A model with weights drawn from N(0, initializer) under `seed` (see models/init.cc for the
// scales).
std::unique_ptr<Model> CreateModel(const ModelConfig& config, const ModelOptions& options,
                                   uint64_t seed);

// config.json and safetensors of a Hugging Face folder. Throws Error that names the file and
// tensor.
std::unique_ptr<Model> LoadModel(const std::string& folder, const ModelOptions& options);

// Writes config.json and model.safetensors (sharded above `shard_bytes_max`, with the index file)
// from the masters if there are any, else the values, in `dtype`. The tokenizer's files are the
// caller's to copy.
void SaveModel(Model& model, const std::string& folder, at::ScalarType dtype,
               int64_t shard_bytes_max = int64_t{5} << 30);

// SHA-256 over names, shapes and bytes of all float32 masters (values where there is no master) and
// router biases, hex.
std::string ParamsHash(Model& model);

}  // namespace rationale
