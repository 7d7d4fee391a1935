// HookedModel: any Model with something done before each forward pass, to show that a check can
// fail.

#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "policy/model.h"

namespace rationale {

class HookedModel final : public Model {
 public:
  using Hook = std::function<void(const ForwardBatch&)>;

  HookedModel(Model& model, Hook hook) : model_(model), hook_(std::move(hook)) {}

  const ModelConfig& config() const override { return model_.config(); }
  const ModelOptions& options() const override { return model_.options(); }
  at::Tensor Hidden(const ForwardBatch& batch) override {
    hook_(batch);
    return model_.Hidden(batch);
  }
  Parameter& head() override { return model_.head(); }
  std::vector<Parameter*> parameters() override { return model_.parameters(); }
  std::vector<at::Tensor>& router_biases() override { return model_.router_biases(); }
  KvPool MakeKvPool(int64_t num_pages) const override { return model_.MakeKvPool(num_pages); }
  int64_t KvBytesPerToken() const override { return model_.KvBytesPerToken(); }

 private:
  Model& model_;
  Hook hook_;
};

}  // namespace rationale
