// Transformer: the one Model there is, a stack of blocks chosen by its ModelConfig.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/model.h"
#include "policy/models/blocks.h"
#include "policy/models/builder.h"

namespace rationale {

// Pre-norm decoder: x += attention(norm(x)); x += mlp(norm(x)); final norm. Parameters are
// declared, not yet filled: weights.h loads or draws them.
class Transformer final : public Model {
 public:
  Transformer(ModelConfig config, ModelOptions options);

  const ModelConfig& config() const override { return config_; }
  const ModelOptions& options() const override { return options_; }
  at::Tensor Hidden(const ForwardBatch& batch) override;
  Parameter& head() override { return *head_; }
  std::vector<Parameter*> parameters() override;
  std::vector<at::Tensor>& router_biases() override { return router_biases_; }
  KvPool MakeKvPool(int64_t num_pages) const override;
  int64_t KvBytesPerToken() const override;

  std::deque<ParameterBuilder::Entry>& entries() { return builder_.entries(); }
  // The file's name of layer `layer`'s choice bias; empty where there is none.
  std::string RouterBiasName(int64_t layer) const;

 private:
  struct Layer {
    Parameter* attention_norm = nullptr;
    std::unique_ptr<AttentionBlock> attention;
    Parameter* mlp_norm = nullptr;
    std::unique_ptr<MlpBlock> mlp;
  };

  Layer MakeLayer(int64_t index);
  at::Tensor RunLayer(const Layer& layer, const at::Tensor& x_TD, const ForwardBatch& batch,
                      bool count);

  ModelConfig config_;
  ModelOptions options_;
  ParameterBuilder builder_;
  ops::RopeTable rope_;
  std::vector<at::Tensor> router_biases_;
  Parameter* embedding_ = nullptr;
  std::vector<Layer> layers_;
  Parameter* final_norm_ = nullptr;
  Parameter* head_ = nullptr;
};

}  // namespace rationale
