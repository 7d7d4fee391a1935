#include "policy/models/checkpoint.h"

#include <memory>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rationale {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Autograd's saved data holds IValues; the layer travels as a capsule.
struct LayerCapsule : torch::CustomClassHolder {
  explicit LayerCapsule(CountedLayer l) : layer(std::move(l)) {}
  CountedLayer layer;
};

struct RecomputedFunction : torch::autograd::Function<RecomputedFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const c10::intrusive_ptr<LayerCapsule>& capsule) {
    context->save_for_backward({input});
    context->saved_data["layer"] = c10::IValue::make_capsule(capsule);
    return capsule->layer(input, true);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule =
        c10::static_intrusive_pointer_cast<LayerCapsule>(context->saved_data["layer"].toCapsule());
    const at::AutoGradMode with_gradients(true);
    const auto input = context->get_saved_variables()[0].detach().requires_grad_(true);
    const auto output = capsule->layer(input, false);
    auto inputs = torch::autograd::grad({output}, {input}, {gradients[0]});
    return {inputs[0], at::Tensor()};
  }
};

}  // namespace

at::Tensor Recomputed(const at::Tensor& input, CountedLayer layer) {
  return RecomputedFunction::apply(input, c10::make_intrusive<LayerCapsule>(std::move(layer)));
}

}  // namespace rationale
