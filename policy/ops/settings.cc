// What ops.h lets a process choose: the form of the ops, the number of threads, the CPU level.

#include <atomic>
#include <utility>

#include "base/thread_pool.h"
#include "policy/ops/cpu/dispatch.h"
#include "policy/ops/ops.h"

namespace rationale::ops {
namespace {

std::atomic<Backend> active_backend{Backend::kKernels};
thread_local bool int8_active = false;

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

Int8Products::Int8Products(bool wanted) : before_(std::exchange(int8_active, wanted)) {}

Int8Products::~Int8Products() {
  int8_active = before_;
}

bool Int8Products::Active() {
  return int8_active;
}

const char* CpuLevel() {
  return cpu::Name(cpu::ActiveLevel());
}

}  // namespace rationale::ops
