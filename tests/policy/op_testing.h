// What the tests of ops share: forms to run them in, deterministic inputs, comparisons.

#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "base/check.h"
#include "base/philox.h"
#include "policy/ops/cpu/dispatch.h"
#include "policy/ops/ops.h"
#include "tests/oracle/ops_oracle.h"

namespace rationale::ops {

// A way to run the ops: the reference form, or the kernels of a level on so many threads.
struct Form {
  Backend backend = Backend::kKernels;
  cpu::Level level = cpu::Level::kPortable;
  int num_threads = 1;

  std::string name() const {
    return backend == Backend::kReference ? "reference" : cpu::Name(level);
  }
};

// The kernels at every level of this machine, on two threads.
inline std::vector<Form> KernelForms() {
  std::vector<Form> forms;
  for (const cpu::Level level : cpu::MachineLevels()) {
    forms.push_back({.level = level, .num_threads = 2});
  }
  return forms;
}

// The reference and the kernels.
inline std::vector<Form> AllForms() {
  std::vector<Form> forms = KernelForms();
  forms.push_back({.backend = Backend::kReference, .level = cpu::MachineLevels().back()});
  return forms;
}

// Runs ops in a form until the end of the scope.
class UseForm {
 public:
  explicit UseForm(const Form& form)
      : backend_(GetBackend()), level_(cpu::ActiveLevel()), num_threads_(NumThreads()) {
    SetBackend(form.backend);
    cpu::SetLevel(form.level);
    SetNumThreads(form.num_threads);
  }
  ~UseForm() {
    SetBackend(backend_);
    cpu::SetLevel(level_);
    SetNumThreads(num_threads_);
  }
  UseForm(const UseForm&) = delete;
  UseForm& operator=(const UseForm&) = delete;

 private:
  Backend backend_;
  cpu::Level level_;
  int num_threads_;
};

// About normal, mean 0, variance 1 (the sum of four uniform numbers), rounded to dtype.
inline at::Tensor Random(at::IntArrayRef sizes, uint64_t seed, at::ScalarType dtype = at::kFloat) {
  PhiloxStream stream(DeriveKey({seed, KeyPart("op test")}));
  at::Tensor x = at::empty(sizes, at::kFloat);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const uint64_t bits = stream.Next64();
    double sum = -2;
    for (int draw = 0; draw < 4; ++draw) {
      sum += static_cast<double>((bits >> (16 * draw)) & 0xffff) / 65536.0;
    }
    x.mutable_data_ptr<float>()[i] = static_cast<float>(sum * 1.7320508);
  }
  return x.to(dtype);
}

inline Parameter MakeParameter(const at::Tensor& value) {
  Parameter parameter;
  parameter.value = value;
  return parameter;
}

inline oracle::Doubles ToDoubles(const at::Tensor& x) {
  const at::Tensor wide = x.detach().to(at::kDouble).contiguous();
  const auto* data = wide.const_data_ptr<double>();
  return {data, data + wide.numel()};
}

// max |actual - expected| / max |expected|; infinite where a value is not finite or the sizes
// differ.
inline double RelativeError(const at::Tensor& actual, const oracle::Doubles& expected) {
  const oracle::Doubles values = ToDoubles(actual);
  if (values.size() != expected.size()) return INFINITY;
  double error = 0, largest = 1e-30;
  for (size_t i = 0; i < values.size(); ++i) {
    const double difference = std::abs(values[i] - expected[i]);
    if (!std::isfinite(difference)) return INFINITY;
    error = std::max(error, difference);
    largest = std::max(largest, std::abs(expected[i]));
  }
  return error / largest;
}

inline bool SameBits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() &&
         std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

// What rounding a result once to dtype, after float32 arithmetic, may cost relative to the largest
// result.
inline double Tolerance(at::ScalarType dtype) {
  return dtype == at::kFloat ? 1e-5 : 5e-3;
}

// One differentiable op and its oracle, both over the same inputs in the same order. Gradients
// arrive in the inputs' values or, where the op takes the Parameter, in its grad.
struct OpCase {
  std::vector<at::Tensor> inputs;  // float32
  std::function<at::Tensor(std::vector<Parameter>&)> op;
  std::function<oracle::Doubles(const std::vector<oracle::Doubles>&)> oracle;
};

// Values and gradients of every input agree with the oracle in every form and both dtypes.
inline void ExpectAgreesWithOracle(const OpCase& test) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    std::vector<oracle::Doubles> inputs;
    for (const at::Tensor& input : test.inputs) inputs.push_back(ToDoubles(input.to(dtype)));
    const oracle::Doubles expected = test.oracle(inputs);
    std::vector<oracle::Doubles> expected_grads;
    oracle::Doubles weights;
    for (const Form& form : AllForms()) {
      SCOPED_TRACE(form.name() + (dtype == at::kFloat ? " float32" : " bfloat16"));
      const UseForm use(form);
      std::vector<Parameter> parameters(test.inputs.size());
      for (size_t i = 0; i < parameters.size(); ++i) {
        parameters[i].value =
            test.inputs[i].to(dtype, false, /*copy=*/true).detach().requires_grad_(true);
      }
      const at::Tensor y = test.op(parameters);
      ASSERT_LE(RelativeError(y, expected), Tolerance(dtype));
      const at::Tensor dy = Random(y.sizes(), 77, y.scalar_type());
      if (weights.empty()) {
        weights = ToDoubles(dy);
        for (size_t i = 0; i < inputs.size(); ++i) {
          const auto of_input = [&](const oracle::Doubles& x) {
            std::vector<oracle::Doubles> changed = inputs;
            changed[i] = x;
            return test.oracle(changed);
          };
          expected_grads.push_back(oracle::NumericalGradient(of_input, inputs[i], weights));
        }
      }
      y.backward(dy);
      for (size_t i = 0; i < parameters.size(); ++i) {
        const Parameter& p = parameters[i];
        const at::Tensor grad = p.grad.defined() ? p.grad : p.value.grad();
        ASSERT_TRUE(grad.defined()) << "input " << i;
        EXPECT_LE(RelativeError(grad, expected_grads[i]), Tolerance(dtype)) << "input " << i;
      }
    }
  }
}

}  // namespace rationale::ops
