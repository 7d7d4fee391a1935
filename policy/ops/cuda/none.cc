// A build without CUDA: there are no forms, and nothing is asked for on a GPU.

#include "base/check.h"
#include "policy/ops/cuda/forms.h"
#include "policy/ops/gpu_decode.h"

namespace rationale::ops {
namespace cuda {

const Forms* FormsFor(const at::Tensor& /*x*/) {
  return nullptr;
}

}  // namespace cuda

struct SpansOnDevice::Held {};
SpansOnDevice::SpansOnDevice(std::span<const SequenceSpan> /*spans*/, bool /*cached*/,
                             at::Device /*device*/) {}
SpansOnDevice::~SpansOnDevice() = default;
bool SpansOnDevice::Only() {
  return false;
}

struct DecodeGraphs::State {
  std::string why_not = "a build without CUDA";
};
DecodeGraphs::DecodeGraphs(at::Device /*device*/, bool /*capture*/) {
  Check{false, "decode graphs in a build without CUDA"};
}
DecodeGraphs::~DecodeGraphs() = default;
at::Tensor DecodeGraphs::Run(const DecodeRows& /*rows*/, std::vector<const void*> /*reads*/,
                             const Forward& /*forward*/) {
  return {};
}
int64_t DecodeGraphs::num_replays() const {
  return 0;
}
const std::string& DecodeGraphs::why_not() const {
  return state_->why_not;
}

std::vector<RowDrawn> DrawOnDevice(const at::Tensor& /*logits_RW*/,
                                   std::span<const RowDraw> /*rows*/) {
  Check{false, "draws on a GPU in a build without CUDA"};
  return {};
}

}  // namespace rationale::ops
