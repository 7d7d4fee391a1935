#include "policy/ops/reference.h"
namespace rationale::ops {
at::Tensor Attention(const at::Tensor& q_THQ, const at::Tensor& k_TGQ, const at::Tensor& v_TGV,
                     const AttentionSettings& settings, std::span<const SequenceSpan> spans,
                     KvLayer* cache) {
  return reference::Attention(q_THQ, k_TGQ, v_TGV, settings, spans, cache);
}
}  // namespace rationale::ops
