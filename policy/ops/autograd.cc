#include "policy/ops/autograd.h"

#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "base/check.h"

namespace rationale::ops {
namespace {

// The gradient function, carried through the autograd context as an opaque capsule.
struct BackwardCapsule : torch::CustomClassHolder {
  explicit BackwardCapsule(BackwardFunction f) : function(std::move(f)) {}
  BackwardFunction function;
};

struct Recording {
  Tensors outputs, saved;
  BackwardFunction backward;
};

struct RecordedOp : torch::autograd::Function<RecordedOp> {
  static Tensors forward(torch::autograd::AutogradContext* context, at::TensorList /*inputs*/,
                         Recording& recording) {
    context->set_materialize_grads(false);
    context->save_for_backward(std::move(recording.saved));
    context->saved_data["backward"] = c10::IValue::make_capsule(
        c10::make_intrusive<BackwardCapsule>(std::move(recording.backward)));
    Tensors integers;
    for (const at::Tensor& output : recording.outputs) {
      if (!output.is_floating_point()) integers.push_back(output);
    }
    context->mark_non_differentiable(integers);
    return std::move(recording.outputs);
  }

  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& output_grads) {
    const auto capsule = context->saved_data["backward"].toCapsule();
    const auto& function = static_cast<const BackwardCapsule&>(*capsule).function;
    Tensors input_grads = function(context->get_saved_variables(), output_grads);
    input_grads.emplace_back();  // for the recording
    return input_grads;
  }
};

}  // namespace

bool NeedsGrad(std::initializer_list<std::reference_wrapper<const at::Tensor>> inputs) {
  if (!at::GradMode::is_enabled()) return false;
  for (const at::Tensor& input : inputs) {
    if (input.defined() && input.requires_grad()) return true;
  }
  return false;
}

Tensors Differentiable(const Tensors& inputs, Tensors outputs, Tensors saved,
                       BackwardFunction backward) {
  Recording recording{std::move(outputs), std::move(saved), std::move(backward)};
  return RecordedOp::apply(at::TensorList(inputs), recording);
}

at::Tensor& GradOf(Parameter& parameter) {
  if (!parameter.grad.defined()) {
    parameter.grad = at::zeros(parameter.value.sizes(),
                               parameter.value.options().dtype(at::kFloat).requires_grad(false));
  }
  return parameter.grad;
}

void AddToGrad(Parameter& parameter, const at::Tensor& gradient) {
  if (!parameter.value.requires_grad()) return;
  Check{gradient.sizes() == parameter.value.sizes(), parameter.name, ": gradient of another shape"};
  GradOf(parameter).add_(gradient);
}

at::Tensor FloatValue(Parameter& parameter) {
  const at::Tensor value =
      parameter.value.detach().to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  if (!NeedsGrad({parameter.value})) return value;
  return Differentiable({parameter.value}, {value}, {},
                        [&parameter](const Tensors&, const Tensors& output_grads) -> Tensors {
                          AddToGrad(parameter, output_grads[0]);
                          return {at::Tensor()};
                        })[0];
}

}  // namespace rationale::ops
