// What ops.h lets a process choose: the form of the ops, the number of threads, the CPU level.

#include <atomic>

#include "base/thread_pool.h"
#include "policy/ops/cpu/dispatch.h"
#include "policy/ops/ops.h"

namespace rationale::ops {
namespace {

std::atomic<Backend> active_backend{Backend::kKernels};

}  // namespace

void SetBackend(Backend backend) {
  active_backend.store(backend, std::memory_order_relaxed);
}

Backend GetBackend() {
  return active_backend.load(std::memory_order_relaxed);
}

void SetNumThreads(int num_threads) {
  ComputePool().SetNumThreads(num_threads);
}

int NumThreads() {
  return ComputePool().num_threads();
}

const char* CpuLevel() {
  return cpu::Name(cpu::ActiveLevel());
}

}  // namespace rationale::ops
