// AdamW over float32 masters, with a global-norm clip and a learning-rate schedule.
//
// Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/parameter.h"

namespace rationale {

struct AdamWSettings {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;       // of matrices; norms, biases and embeddings do not decay
  double gradient_norm_max = 1;  // the global norm is scaled down to it; 0: off
};

// Learning rate of step `step` (from 0) of `steps`: linear warm-up over `warmup` steps (step 0 gets
// 1 / warmup), then "constant", "linear" or "cosine" down to final_fraction at the last step.
struct LrSchedule {
  double peak = 0;
  int64_t warmup = 0;
  std::string decay = "constant";
  double final_fraction = 0;

  double At(int64_t step, int64_t steps) const;
};

class AdamW {
 public:
  AdamW(std::vector<Parameter*> parameters, AdamWSettings settings);

  // One update with the gradients accumulated in Parameter::grad, which are zeroed; values are
  // refreshed from the masters. Returns the gradients' global norm before clipping. With a norm
  // that is NaN or infinite nothing is changed: the caller decides.
  double Step(double lr);

  void ZeroGrad();
  int64_t num_updates() const { return num_updates_; }

  // The state a checkpoint holds: first and second moments by parameter name, and the count of
  // updates.
  struct Moments {
    std::string name;
    at::Tensor first, second;  // float32, the parameter's shape
  };
  std::vector<Moments>& moments() { return moments_; }
  void set_num_updates(int64_t n) { num_updates_ = n; }

 private:
  std::vector<Parameter*> parameters_;
  AdamWSettings settings_;
  std::vector<Moments> moments_;
  int64_t num_updates_ = 0;
};

// sqrt of the sum of squares of all gradients, summed in double in one order whatever the number of
// threads.
double GradientNorm(const std::vector<Parameter*>& parameters);

}  // namespace rationale
