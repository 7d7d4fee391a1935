#include "rl/memory_estimate.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace rationale {
namespace {

constexpr double kMb = 1e6;
constexpr double kProgramMb = 205;  // libraries, tokenizer, what malloc keeps: measured

}  // namespace

double MemoryEstimate::total_mb() const {
  return weights_mb + optimizer_mb + reference_mb + activations_mb + logits_mb + kv_mb + base_mb;
}

std::string MemoryEstimate::Text() const {
  return fmt::format(
      "memory: about {:.0f} MB at the peak (weights {:.0f}, gradients and optimizer {:.0f}, "
      "reference {:.0f}, activations {:.0f}, logits {:.0f}, cache {:.0f}, program {:.0f})",
      total_mb(), weights_mb, optimizer_mb, reference_mb, activations_mb, logits_mb, kv_mb,
      base_mb);
}

MemoryEstimate EstimateMemory(const MemoryPlan& plan) {
  const auto n = static_cast<double>(plan.num_parameters);
  const auto value = static_cast<double>(plan.value_bytes);
  const auto tokens = static_cast<double>(plan.pass_tokens);
  const double packed = plan.packed ? (plan.trained ? 2 : 1) * value : 0;
  MemoryEstimate estimate;
  estimate.weights_mb = n * (value + packed + (plan.trained ? 4 : 0)) / kMb;
  estimate.optimizer_mb = plan.trained ? n * 12 / kMb : 0;
  estimate.reference_mb = plan.reference ? n * value * (plan.packed ? 2 : 1) / kMb : 0;
  const double kept_layers = plan.checkpoint_activations ? 1 : static_cast<double>(plan.num_layers);
  const double inputs = plan.checkpoint_activations ? static_cast<double>(plan.num_layers) *
                                                          static_cast<double>(plan.hidden_size)
                                                    : 0;
  estimate.activations_mb =
      tokens * value * (kept_layers * static_cast<double>(plan.activation_width) + inputs) / kMb;
  estimate.logits_mb =
      static_cast<double>(plan.logits_rows) * static_cast<double>(plan.vocab_size) * 4 / kMb;
  estimate.kv_mb = static_cast<double>(plan.kv_bytes) / kMb;
  estimate.base_mb = kProgramMb;
  return estimate;
}

double PeakMemoryMb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / kMb;
}

double AvailableMemoryMb() {
  double bytes =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    double limit = 0;
    if (file >> limit) bytes = std::min(bytes, limit);  // "max" is no number: no limit
  }
  return bytes / kMb;
}

}  // namespace rationale
