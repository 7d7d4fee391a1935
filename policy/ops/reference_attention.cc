#include <algorithm>
#include <bit>
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

// Sequences that are attended in one call, padded to the longest: B sequences, R rows, C keys, P
// pages.
struct Batch {
  std::vector<const SequenceSpan*> spans;
  int64_t num_rows = 0, num_keys = 0;

  // With `span` added to it.
  int64_t PaddedScores(const SequenceSpan& span) const {
    return static_cast<int64_t>(spans.size() + 1) * std::max(num_rows, span.num_rows) *
           std::max(num_keys, span.num_cached + span.num_rows);
  }

  void Add(const SequenceSpan& span) {
    spans.push_back(&span);
    num_rows = std::max(num_rows, span.num_rows);
    num_keys = std::max(num_keys, span.num_cached + span.num_rows);
  }
};

// Sequences of about as many rows (the same number of bits) share a batch, so that at most half of
// its rows are padding, until it has kScoresMax scores a head.
std::vector<Batch> MakeBatches(std::span<const SequenceSpan> spans) {
  constexpr int64_t kScoresMax = int64_t{1} << 22;
  std::vector<const SequenceSpan*> sorted;
  for (const SequenceSpan& span : spans) sorted.push_back(&span);
  const auto bits = [](const SequenceSpan& span) {
    return std::bit_width(static_cast<uint64_t>(span.num_rows));
  };
  std::ranges::stable_sort(sorted, {}, [&](const SequenceSpan* span) { return bits(*span); });
  std::vector<Batch> batches;
  for (const SequenceSpan* span : sorted) {
    if (batches.empty() || bits(*batches.back().spans[0]) != bits(*span) ||
        batches.back().PaddedScores(*span) > kScoresMax) {
      batches.emplace_back();
    }
    batches.back().Add(*span);
  }
  return batches;
}

// A batch's places on the device, int64.
struct Places {
  at::Tensor row_BR;       // the row of the packed tensors; padding repeats a sequence's last one
  at::Tensor position_BR;  // that row's position in its sequence
  at::Tensor key_BC;       // the key's row, or with a cache its token slot; padding as above
  at::Tensor written_S;    // with a cache: the slots of the batch's own rows,
  at::Tensor own_row_S;    //   and those rows
  std::vector<int64_t> own_places;  // where its rows lie among the B * R, in span order
};

Places PlacesOf(const Batch& batch, bool cached, at::Device device) {
  const auto num_sequences = static_cast<int64_t>(batch.spans.size());
  std::vector<int64_t> rows, positions, keys, written, own_rows;
  Places places;
  for (const SequenceSpan* span : batch.spans) {
    const auto slot = [&](int64_t token) {
      const auto page = static_cast<size_t>(token / kPageTokens);
      return cached ? span->pages[page] * kPageTokens + token % kPageTokens : span->row + token;
    };
    for (int64_t r = 0; r < batch.num_rows; ++r) {
      const int64_t row = std::min(r, span->num_rows - 1);
      if (row == r) {
        places.own_places.push_back(static_cast<int64_t>(rows.size()));
        own_rows.push_back(span->row + row);
        written.push_back(slot(span->num_cached + row));
      }
      rows.push_back(span->row + row);
      positions.push_back(span->num_cached + row);
    }
    const int64_t last = span->num_cached + span->num_rows - 1;
    for (int64_t c = 0; c < batch.num_keys; ++c) keys.push_back(slot(std::min(c, last)));
  }
  const auto on_device = [&](const std::vector<int64_t>& list) {
    return at::tensor(list, at::kLong).to(device);
  };
  places.row_BR = on_device(rows).view({num_sequences, batch.num_rows});
  places.position_BR = on_device(positions).view({num_sequences, batch.num_rows});
  places.key_BC = on_device(keys).view({num_sequences, batch.num_keys});
  if (cached) {
    places.written_S = on_device(written);
    places.own_row_S = on_device(own_rows);
  }
  return places;
}

// The rows of x [N, G, W] at place_BC -> [B, G, C, W] float32.
at::Tensor HeadsAt(const at::Tensor& x, const at::Tensor& place_BC) {
  return x.index_select(0, place_BC.flatten())
      .view({place_BC.size(0), place_BC.size(1), x.size(1), x.size(2)})
      .permute({0, 2, 1, 3})
      .to(at::kFloat);
}

// Keys and values [N, G, W] by place -> [B * R, H, V] float32.
at::Tensor Attend(const at::Tensor& q_THQ, const at::Tensor& keys, const at::Tensor& values,
                  const Places& places, const AttentionSettings& settings) {
  const int64_t batch = places.row_BR.size(0), rows = places.row_BR.size(1);
  const int64_t num_heads = q_THQ.size(1), kv_heads = keys.size(1), group = num_heads / kv_heads;
  const at::Tensor q_BGLQ =  // L: rows times the heads of a group
      HeadsAt(q_THQ, places.row_BR).reshape({batch, kv_heads, group * rows, q_THQ.size(2)});
  const at::Tensor k_BGCQ = HeadsAt(keys, places.key_BC);
  const at::Tensor v_BGCV =
      values.defined() ? HeadsAt(values, places.key_BC) : k_BGCQ.narrow(3, 0, settings.value_width);
  const at::Tensor position = places.position_BR.view({batch, 1, 1, rows, 1});
  const at::Tensor key = at::arange(places.key_BC.size(1), position.options());
  at::Tensor hidden = key.gt(position);
  if (settings.sliding_window > 0) {
    hidden = hidden.logical_or(key.le(position.sub(settings.sliding_window)));
  }
  const at::Tensor scores = at::matmul(q_BGLQ, k_BGCQ.mT())
                                .mul(settings.scale)
                                .view({batch, kv_heads, group, rows, key.size(0)})
                                .masked_fill(hidden, -std::numeric_limits<double>::infinity());
  return at::matmul(at::softmax(scores, -1).view({batch, kv_heads, group * rows, key.size(0)}),
                    v_BGCV)
      .view({batch, num_heads, rows, v_BGCV.size(3)})
      .permute({0, 2, 1, 3})
      .reshape({batch * rows, num_heads, v_BGCV.size(3)});
}

// Writes the batch's own rows of x [T, G, W] to the pages; all their token slots [N, G, W].
at::Tensor Write(const at::Tensor& x, const Places& places, const at::Tensor& pages) {
  at::Tensor slots = pages.flatten(0, 1);
  return slots.index_copy_(0, places.written_S, x.detach().index_select(0, places.own_row_S));
}

}  // namespace

at::Tensor Attention(const at::Tensor& q_THQ, const at::Tensor& k_TGQ, const at::Tensor& v_TGV,
                     const AttentionSettings& settings, std::span<const SequenceSpan> spans,
                     KvLayer* cache) {
  std::vector<at::Tensor> outputs;
  std::vector<int64_t> place_of_row(static_cast<size_t>(q_THQ.size(0)));
  int64_t num_places = 0;
  for (const Batch& batch : MakeBatches(spans)) {
    const Places places = PlacesOf(batch, cache != nullptr, q_THQ.device());
    at::Tensor keys = k_TGQ, values = v_TGV;
    if (cache != nullptr) {
      keys = Write(k_TGQ, places, cache->keys);
      if (values.defined()) values = Write(v_TGV, places, cache->values);
    }
    outputs.push_back(Attend(q_THQ, keys, values, places, settings));
    auto own_place = places.own_places.begin();
    for (const SequenceSpan* span : batch.spans) {
      for (int64_t row = span->row; row < span->row + span->num_rows; ++row) {
        place_of_row[static_cast<size_t>(row)] = num_places + *own_place++;
      }
    }
    num_places += outputs.back().size(0);
  }
  const at::Tensor all = outputs.size() == 1 ? outputs[0] : at::cat(outputs, 0);
  return all.index_select(0, at::tensor(place_of_row, at::kLong).to(q_THQ.device()))
      .to(q_THQ.scalar_type());
}

}  // namespace rationale::ops::reference
