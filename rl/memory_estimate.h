// MemoryEstimate: what a run will hold at its peak, told before it starts and compared with the
// peak after. Torch-free.

#pragma once

#include <cstdint>
#include <string>

namespace rationale {

struct MemoryPlan {
  int64_t num_parameters = 0;
  int64_t value_bytes = 4;  // of one weight in the compute dtype
  bool trained = true;      // masters, gradients, two moments: 16 bytes a parameter
  bool reference = false;   // a frozen copy in the compute dtype
  bool packed =
      true;  // the kernels' packed form of every matrix, and of its transpose when trained
  int64_t hidden_size = 0, num_layers = 0, vocab_size = 0;
  int64_t activation_width = 0;  // values kept a token and layer for backward
  int64_t pass_tokens = 0;       // rows of the largest forward and backward pass
  bool checkpoint_activations = false;
  int64_t kv_bytes = 0;     // the rollout engine's pages
  int64_t logits_rows = 0;  // rows of logits held at once
};

struct MemoryEstimate {
  double weights_mb = 0;    // masters, values, packed forms
  double optimizer_mb = 0;  // gradients and moments
  double reference_mb = 0;
  double activations_mb = 0;
  double logits_mb = 0;
  double kv_mb = 0;
  double base_mb = 0;  // libraries and program

  double total_mb() const;
  std::string Text() const;  // one line for a person
};

MemoryEstimate EstimateMemory(const MemoryPlan& plan);

// The peak resident set of this process so far, in MB (10^6 bytes).
double PeakMemoryMb();

// Physical memory of the machine, or the cgroup's limit where that is lower, in MB.
double AvailableMemoryMb();

}  // namespace rationale
