// Roofline: what a machine's bandwidth and arithmetic allow a decode step at most.

#pragma once

#include <cstdint>

#include <c10/core/ScalarType.h>

#include "policy/config.h"

namespace rationale {

struct Machine {
  double bytes_per_s = 0;  // read bandwidth of all threads over memory larger than the caches
  double flop_per_s =
      0;  // of a matrix product in the compute dtype, torch's or ours, whichever is faster
};

// Measures both with the threads in use, in about a second.
Machine MeasureMachine(at::ScalarType dtype);

// batch / max(bytes / bandwidth, FLOPs / peak) of a decode step: every weight touched is read once
// (of E experts, E (1 - (1 - k/E)^batch) are), the cache of `context` tokens a sequence is read
// once; two FLOPs a weight and token, and the attention's.
double BoundTokensPerSecond(const ModelConfig& config, const Machine& machine, at::ScalarType dtype,
                            int64_t batch, double context);

}  // namespace rationale
