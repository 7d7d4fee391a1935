#include <limits>
#include <vector>

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>

#include "policy/ops/reference.h"

namespace rationale::ops::reference {
namespace {

// Where the tokens [first, last) of a sequence lie among the cache's num_pages * kPageTokens token
// slots.
at::Tensor TokenSlots(const SequenceSpan& span, int64_t first, int64_t last, at::Device device) {
  std::vector<int64_t> slots;
  for (int64_t token = first; token < last; ++token) {
    const auto page = static_cast<size_t>(token / kPageTokens);
    slots.push_back(span.pages[page] * kPageTokens + token % kPageTokens);
  }
  return at::tensor(slots).to(device);
}

// q [n, H, Q], k [c, G, Q], v [c, G, V] with the queries at positions c - n .. c - 1 -> [n, H, V]
// float32.
at::Tensor AttendSequence(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const AttentionSettings& settings) {
  const int64_t num_rows = q.size(0), num_keys = k.size(0), num_heads = q.size(1);
  const int64_t num_kv_heads = k.size(1), group = num_heads / num_kv_heads;
  const at::Tensor queries = q.to(at::kFloat).view({num_rows, num_kv_heads, group, q.size(2)});
  const at::Tensor q_GRQ =
      queries.permute({1, 0, 2, 3}).reshape({num_kv_heads, num_rows * group, q.size(2)});
  const at::Tensor k_GQC = k.to(at::kFloat).permute({1, 2, 0});
  const at::Tensor v_GCV = v.to(at::kFloat).permute({1, 0, 2});
  const auto integers = at::TensorOptions().dtype(at::kLong).device(q.device());
  const at::Tensor key = at::arange(num_keys, integers).unsqueeze(0);
  const at::Tensor position =
      at::arange(num_keys - num_rows, num_keys, integers).repeat_interleave(group).unsqueeze(1);
  at::Tensor hidden = key.gt(position);
  if (settings.sliding_window > 0) {
    hidden = hidden.logical_or(key.le(position.sub(settings.sliding_window)));
  }
  const at::Tensor scores = at::matmul(q_GRQ, k_GQC)
                                .mul(settings.scale)
                                .masked_fill(hidden, -std::numeric_limits<double>::infinity());
  const at::Tensor out_GRV = at::matmul(at::softmax(scores, -1), v_GCV);
  return out_GRV.view({num_kv_heads, num_rows, group, v.size(2)})
      .permute({1, 0, 2, 3})
      .reshape({num_rows, num_heads, v.size(2)});
}

}  // namespace

at::Tensor Attention(const at::Tensor& q_THQ, const at::Tensor& k_TGQ, const at::Tensor& v_TGV,
                     const AttentionSettings& settings, std::span<const SequenceSpan> spans,
                     KvLayer* cache) {
  std::vector<at::Tensor> outputs;
  for (const SequenceSpan& span : spans) {
    at::Tensor keys = k_TGQ.narrow(0, span.row, span.num_rows);
    at::Tensor values = v_TGV.defined() ? v_TGV.narrow(0, span.row, span.num_rows) : at::Tensor();
    if (cache != nullptr) {
      const int64_t num_keys = span.num_cached + span.num_rows;
      const at::Tensor written = TokenSlots(span, span.num_cached, num_keys, q_THQ.device());
      const at::Tensor all = TokenSlots(span, 0, num_keys, q_THQ.device());
      at::Tensor key_slots = cache->keys.flatten(0, 1);
      keys = key_slots.index_copy_(0, written, keys.detach()).index_select(0, all);
      if (values.defined()) {
        at::Tensor value_slots = cache->values.flatten(0, 1);
        values = value_slots.index_copy_(0, written, values.detach()).index_select(0, all);
      }
    }
    if (!values.defined()) values = keys.narrow(2, 0, settings.value_width);
    outputs.push_back(
        AttendSequence(q_THQ.narrow(0, span.row, span.num_rows), keys, values, settings));
  }
  return at::cat(outputs, 0).to(q_THQ.scalar_type());
}

}  // namespace rationale::ops::reference
