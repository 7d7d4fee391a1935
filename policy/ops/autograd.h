// autograd: attaches a hand-written gradient to an op's result, and adds to the gradients of
// parameters.
//
// The ops compute on raw pointers, which autograd does not see. An op whose inputs want gradients
// passes its finished result through Differentiable; without such inputs it returns the result as
// it is and pays nothing.

#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/parameter.h"

namespace rationale::ops {

using Tensors = std::vector<at::Tensor>;

// Gradients of the inputs, one each, undefined where there is none. `saved` are the tensors given
// to Differentiable; gradients of outputs that nothing asked for are undefined. Grad mode is off
// during the call.
using BackwardFunction = std::function<Tensors(const Tensors& saved, const Tensors& output_grads)>;

// Whether grad mode is on and one of the (defined) tensors requires a gradient.
bool NeedsGrad(std::initializer_list<std::reference_wrapper<const at::Tensor>> inputs);

// `outputs`, recorded as computed from `inputs` (all defined). `saved` may hold inputs and outputs;
// they are released as soon as backward has used them. Integer outputs get no gradient. `backward`
// must not capture outputs (a cycle).
Tensors Differentiable(const Tensors& inputs, Tensors outputs, Tensors saved,
                       BackwardFunction backward);

// parameter.grad += gradient, in float32; created when undefined. Does nothing unless the value
// requires a gradient.
void AddToGrad(Parameter& parameter, const at::Tensor& gradient);

// parameter.grad, a contiguous float32 tensor of the value's sizes, made of zeros when undefined.
at::Tensor& GradOf(Parameter& parameter);

// The value in float32; what flows back to it is added to parameter.grad.
at::Tensor FloatValue(Parameter& parameter);

}  // namespace rationale::ops
