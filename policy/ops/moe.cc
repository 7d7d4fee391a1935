#include "policy/ops/reference.h"
namespace rationale::ops {
Routing Route(const at::Tensor& logits_TE, const at::Tensor& bias_E,
              const RouteSettings& settings) {
  return reference::Route(logits_TE, bias_E, settings);
}
at::Tensor MoeGather(const at::Tensor& x_TD, const Routing& routing) {
  return reference::MoeGather(x_TD, routing);
}
at::Tensor MoeCombine(const at::Tensor& x_SD, const Routing& routing) {
  return reference::MoeCombine(x_SD, routing);
}
}  // namespace rationale::ops
