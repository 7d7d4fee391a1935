#include <cmath>

#include "policy/models/blocks.h"

namespace rationale {
namespace {

class Mlp final : public MlpBlock {
 public:
  Mlp(const ModelConfig& config, const std::string& name, const std::string& file_prefix,
      int64_t width, ParameterBuilder& builder) {
    const int64_t d = config.hidden_size;
    gate_up_ = builder.Stacked(
        name + "gate_up", {2 * width, d},
        {{.file_name = file_prefix + "gate_proj.weight", .num_rows = width},
         {.file_name = file_prefix + "up_proj.weight", .row = width, .num_rows = width}});
    down_ = builder.Matrix(name + "down", file_prefix + "down_proj.weight", d, width,
                           ResidualGain(config));
  }

  at::Tensor Forward(const at::Tensor& x_TD, const ForwardBatch&, bool) override {
    return ops::Linear(ops::SwiGlu(ops::Linear(x_TD, *gate_up_)), *down_);
  }

 private:
  Parameter *gate_up_ = nullptr, *down_ = nullptr;
};

}  // namespace

double ResidualGain(const ModelConfig& config) {
  return 1 / std::sqrt(2.0 * static_cast<double>(config.num_layers));
}

std::unique_ptr<MlpBlock> MakeMlp(const ModelConfig& config, const std::string& name,
                                  const std::string& file_prefix, int64_t width,
                                  ParameterBuilder& builder) {
  return std::make_unique<Mlp>(config, name, file_prefix, width, builder);
}

}  // namespace rationale
