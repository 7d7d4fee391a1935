#include <ATen/ops/empty.h>

#include "policy/models/blocks.h"

namespace rationale {
namespace {

// The file's names of a family's routers and experts.
struct MoeNames {
  std::string router, bias, gate, up, down;
};

MoeNames NamesOf(const std::string& family, const std::string& site) {
  if (family == "mixtral") {
    const std::string prefix = site + "block_sparse_moe.";
    return {prefix + "gate.weight", "", "w1.weight", "w3.weight", "w2.weight"};
  }
  const std::string prefix = site + "mlp.";
  return {prefix + "gate.weight", prefix + "gate.e_score_correction_bias", "gate_proj.weight",
          "up_proj.weight", "down_proj.weight"};
}

class Moe final : public MlpBlock {
 public:
  Moe(const ModelConfig& config, const BlockSite& site, at::Tensor bias_E,
      ParameterBuilder& builder)
      : layer_(static_cast<size_t>(site.layer)), bias_E_(std::move(bias_E)) {
    const MoeConfig& moe = config.moe;
    const auto names = NamesOf(config.family, site.file_name);
    const std::string name = site.name + "moe.";
    const std::string experts =
        site.file_name +
        (config.family == "mixtral" ? "block_sparse_moe.experts." : "mlp.experts.");
    const int64_t d = config.hidden_size, width = moe.expert_width, count = moe.num_experts;
    router_ = builder.Matrix(name + "router", names.router, count, d);
    router_->dtype = at::kFloat;
    router_->exact = true;
    std::vector<ParameterSlice> gate_up, down;
    for (int64_t e = 0; e < count; ++e) {
      const std::string expert = experts + std::to_string(e) + ".";
      gate_up.push_back(
          {.file_name = expert + names.gate, .row = 2 * e * width, .num_rows = width});
      gate_up.push_back(
          {.file_name = expert + names.up, .row = (2 * e + 1) * width, .num_rows = width});
      down.push_back({.file_name = expert + names.down, .row = e * d, .num_rows = d});
    }
    gate_up_ = builder.Stacked(name + "gate_up", {count, 2 * width, d}, std::move(gate_up));
    down_ =
        builder.Stacked(name + "down", {count, d, width}, std::move(down), ResidualGain(config));
    if (moe.num_shared_experts > 0) {
      shared_ = MakeMlp(config, name + "shared.", site.file_name + "mlp.shared_experts.",
                        moe.num_shared_experts * width, builder);
    }
    settings_ = {
        .gate = moe.sigmoid_gate ? ops::Gate::kSigmoid : ops::Gate::kSoftmax,
        .experts_per_token = moe.experts_per_token,
        .num_groups = moe.num_groups,
        .top_groups = moe.top_groups,
        .group_score = moe.sigmoid_gate ? ops::GroupScore::kTopTwoSum : ops::GroupScore::kMax,
        .normalise = moe.normalise,
        .scale = moe.scale};
  }

  at::Tensor Forward(const at::Tensor& x_TD, const ForwardBatch& batch, bool count) override {
    ops::RouteSettings settings = settings_;
    settings.ends_suffice = batch.router == nullptr && ops::HasGroupedProduct(x_TD, *gate_up_) &&
                            ops::HasGroupedProduct(x_TD, *down_);
    const auto routing = ops::Route(ops::Linear(x_TD, *router_), bias_E_, settings);
    if (count && batch.router != nullptr) Record(routing, *batch.router);
    const auto rows_SD = ops::MoeGather(x_TD, routing);
    const auto multiply = [&](const at::Tensor& rows, Parameter& weight) {
      return ops::GroupedLinear(rows, weight, routing.offsets, routing.ends_E);
    };
    const auto hidden = ops::SwiGlu(multiply(rows_SD, *gate_up_));
    auto y = ops::MoeCombine(multiply(hidden, *down_), routing);
    return shared_ ? ops::Add(y, shared_->Forward(x_TD, batch, count)) : y;
  }

 private:
  void Record(const ops::Routing& routing, RouterStats& stats) const {
    auto load = at::empty({static_cast<int64_t>(routing.offsets.size()) - 1}, at::kLong);
    auto* counts = load.mutable_data_ptr<int64_t>();
    for (size_t e = 0; e + 1 < routing.offsets.size(); ++e) {
      counts[e] = routing.offsets[e + 1] - routing.offsets[e];
    }
    if (stats.load_E.size() <= layer_) stats.load_E.resize(layer_ + 1);
    stats.load_E[layer_] = load;
    if (!stats.record_experts) return;
    if (stats.experts_TA.size() <= layer_) stats.experts_TA.resize(layer_ + 1);
    stats.experts_TA[layer_] = routing.experts_TA;
  }

  size_t layer_;
  at::Tensor bias_E_;
  ops::RouteSettings settings_;
  Parameter *router_ = nullptr, *gate_up_ = nullptr, *down_ = nullptr;
  std::unique_ptr<MlpBlock> shared_;
};

}  // namespace

std::unique_ptr<MlpBlock> MakeMoe(const ModelConfig& config, const BlockSite& site,
                                  const at::Tensor& bias_E, ParameterBuilder& builder) {
  return std::make_unique<Moe>(config, site, bias_E, builder);
}

}  // namespace rationale
