// A build without CUDA: there are no forms.

#include "policy/ops/cuda/forms.h"

namespace rationale::ops::cuda {

const Forms* FormsFor(const at::Tensor& /*x*/) {
  return nullptr;
}

}  // namespace rationale::ops::cuda
