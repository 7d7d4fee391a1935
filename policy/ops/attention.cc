// Attention: work shared out over sequences, key/value heads and blocks of positions.

#include "policy/ops/cpu/attention.h"

#include <algorithm>
#include <vector>

#include <ATen/ops/empty.h>

#include "base/thread_pool.h"
#include "policy/ops/autograd.h"
#include "policy/ops/cuda/forms.h"
#include "policy/ops/gpu_decode.h"
#include "policy/ops/kernel_args.h"
#include "policy/ops/op_timer.h"
#include "policy/ops/reference.h"
#include "policy/ops/tensor_pool.h"

namespace rationale::ops {
namespace {

using Spans = std::span<const SequenceSpan>;

// The rows of one sequence under one key/value head that are done at a time.
struct WorkItem {
  const SequenceSpan* span = nullptr;
  int64_t head = 0;
  int64_t first = 0, count = 0;  // rows of the span
};

// Enough rows to make widening a page worth it, few enough to stay in the cache.
int64_t BlockPositions(int64_t group) {
  constexpr int64_t kRows = 64;
  return std::max<int64_t>(1, kRows / group);
}

float* Scratch(int64_t num_floats) {
  static thread_local std::vector<float> scratch;
  if (scratch.size() < static_cast<size_t>(num_floats)) {
    scratch.resize(static_cast<size_t>(num_floats));
  }
  return scratch.data();
}

int64_t Padded(int64_t width) {
  return (width + 31) / 32 * 32;
}

int64_t ForwardScratch(const cpu::AttentionShape& shape, int64_t rows) {
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  return rows * (key_width + value_width + 81) + 64 * key_width + 16 * value_width;
}

int64_t BackwardScratch(const cpu::AttentionShape& shape, int64_t positions, int64_t rows) {
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  const int64_t widths = key_width + value_width;
  return positions * widths + rows * (widths + key_width + 34) + 16 * widths + 32;
}

cpu::AttentionShape ShapeOf(const at::Tensor& q_THQ, const at::Tensor& k_TGQ,
                            const AttentionSettings& settings) {
  return {.group = q_THQ.size(1) / k_TGQ.size(1),
          .key_width = q_THQ.size(2),
          .value_width = settings.value_width,
          .window = settings.sliding_window,
          .scale = static_cast<float>(settings.scale)};
}

// The heads of a [T, heads, width] tensor from head `head` on, at row `row`.
template <typename T, typename Element = std::remove_const_t<T>>
cpu::TokenHeads<T> HeadsOf(const at::Tensor& x, int64_t row, int64_t head) {
  T* data;
  if constexpr (std::is_const_v<T>) {
    data = DataOf<Element>(x);
  } else {
    data = MutableDataOf<Element>(x);
  }
  return {data + row * x.stride(0) + head * x.stride(1), x.stride(0), x.stride(1)};
}

// A sequence's keys or values, from the batch's rows or from the pages.
template <typename T>
cpu::TokenRows<T> RowsUnderHead(const at::Tensor& rows, const at::Tensor& pool,
                                const SequenceSpan& span, int64_t head) {
  if (!rows.defined()) return {};
  if (pool.defined()) {
    return {DataOf<T>(pool) + head * pool.stride(2), pool.stride(1), span.pages.data(),
            pool.stride(0)};
  }
  return {DataOf<T>(rows) + span.row * rows.stride(0) + head * rows.stride(1), rows.stride(0),
          nullptr, 0};
}

// Copies the rows of an item to the sequence's pages.
template <typename T>
void WriteToPages(const WorkItem& item, const at::Tensor& rows, at::Tensor& pool) {
  if (!rows.defined()) return;
  const auto from = HeadsOf<const T>(rows, item.span->row, item.head);
  T* to = MutableDataOf<T>(pool) + item.head * pool.stride(2);
  for (int64_t i = item.first; i < item.first + item.count; ++i) {
    const int64_t position = item.span->num_cached + i;
    const int64_t page = item.span->pages[static_cast<size_t>(position / kPageTokens)];
    const T* row = from.data + i * from.token_stride;
    std::copy(row, row + rows.size(2),
              to + page * pool.stride(0) + position % kPageTokens * pool.stride(1));
  }
}

struct ForwardCall {
  at::Tensor q, k, v;  // v may be undefined
  cpu::AttentionShape shape;
  KvLayer* cache = nullptr;
  at::Tensor out;
  at::Tensor log_sums;  // [T, H] float32, where wanted
};

// `next`: what the thread does after it, if that is known.
template <typename T>
void AttendItem(const ForwardCall& call, const WorkItem& item, const WorkItem* next) {
  const SequenceSpan& span = *item.span;
  const int64_t row = span.row + item.first, head = item.head * call.shape.group;
  cpu::AttentionBlock<T> block;
  block.first_position = span.num_cached + item.first;
  block.num_positions = item.count;
  block.num_keys = span.num_cached + span.num_rows;
  block.q = HeadsOf<const T>(call.q, row, head);
  const KvLayer none;
  const KvLayer& pool = call.cache != nullptr ? *call.cache : none;
  block.keys = RowsUnderHead<T>(call.k, pool.keys, span, item.head);
  block.values = RowsUnderHead<T>(call.v, pool.values, span, item.head);
  block.out = HeadsOf<T>(call.out, row, head);
  if (next != nullptr) {
    block.next_keys = RowsUnderHead<T>(call.k, pool.keys, *next->span, next->head);
    block.num_next_keys = next->span->num_cached + next->span->num_rows;
  }
  if (call.log_sums.defined()) block.log_sums = HeadsOf<float>(call.log_sums, row, head);
  KernelsOf<T>(cpu::AttentionForward())(
      call.shape, block, Scratch(ForwardScratch(call.shape, item.count * call.shape.group)));
}

// Every (sequence, key/value head, block); whether some sequence has more than one block.
bool ListItems(Spans spans, int64_t num_heads, int64_t step, std::vector<WorkItem>& items) {
  bool several = false;
  for (const SequenceSpan& span : spans) {
    several = several || span.num_rows > step;
    for (int64_t head = 0; head < num_heads; ++head) {
      for (int64_t first = 0; first < span.num_rows; first += step) {
        items.push_back({&span, head, first, std::min(step, span.num_rows - first)});
      }
    }
  }
  return several;
}

template <typename T>
void RunForward(const ForwardCall& call, Spans spans) {
  static thread_local std::vector<WorkItem> items;
  items.clear();
  const bool several = ListItems(spans, call.k.size(1), BlockPositions(call.shape.group), items);
  const std::vector<WorkItem>& work = items;  // the workers' own `items` are other ones
  const auto write = [&](const WorkItem& item) {
    WriteToPages<T>(item, call.k, call.cache->keys);
    WriteToPages<T>(item, call.v, call.cache->values);
  };
  const auto num_items = static_cast<int64_t>(work.size());
  const bool write_first = call.cache != nullptr && several;  // blocks read each other's keys
  if (write_first) {
    ParallelFor(num_items, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) write(work[static_cast<size_t>(i)]);
    });
  }
  // Several items a piece: what follows an item is known and fetched meanwhile.
  constexpr int64_t kPiecesPerThread = 8;
  const int64_t grain = num_items / (kPiecesPerThread * NumThreads()) + 1;
  ParallelFor(num_items, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const WorkItem* item = &work[static_cast<size_t>(i)];
      if (call.cache != nullptr && !write_first) write(*item);
      AttendItem<T>(call, *item, i + 1 < end ? item + 1 : nullptr);
    }
  });
}

struct BackwardCall {
  at::Tensor q, k, v, out, log_sums, dout;
  at::Tensor dq, dk, dv;
  cpu::AttentionShape shape;
};

template <typename T>
void GradientsOfSequence(const BackwardCall& call, const SequenceSpan& span, int64_t kv_head) {
  const int64_t head = kv_head * call.shape.group;
  cpu::AttentionGrads<T> grads;
  grads.num_positions = span.num_rows;
  grads.block_positions = BlockPositions(call.shape.group);
  grads.q = HeadsOf<const T>(call.q, span.row, head);
  grads.out = HeadsOf<const T>(call.out, span.row, head);
  grads.dout = HeadsOf<const T>(call.dout, span.row, head);
  grads.log_sums = HeadsOf<const float>(call.log_sums, span.row, head);
  grads.keys = RowsUnderHead<T>(call.k, {}, span, kv_head);
  grads.values = RowsUnderHead<T>(call.v, {}, span, kv_head);
  grads.dq = HeadsOf<T>(call.dq, span.row, head);
  grads.dkeys = HeadsOf<T>(call.dk, span.row, kv_head).data;
  grads.dkeys_stride = call.dk.stride(0);
  if (call.dv.defined()) {
    grads.dvalues = HeadsOf<T>(call.dv, span.row, kv_head).data;
    grads.dvalues_stride = call.dv.stride(0);
  }
  const int64_t rows = grads.block_positions * call.shape.group;
  KernelsOf<T>(cpu::AttentionBackward())(call.shape, grads,
                                         Scratch(BackwardScratch(call.shape, span.num_rows, rows)));
}

// Gradients of q, k and, where it is defined, v.
Tensors Backward(BackwardCall call, Spans spans) {
  const auto options = at::TensorOptions().dtype(call.q.scalar_type());
  call.dq = at::empty(call.q.sizes(), options);
  call.dk = at::empty(call.k.sizes(), options);
  if (call.v.defined()) call.dv = at::empty(call.v.sizes(), options);
  const int64_t kv_heads = call.k.size(1);
  WithElement(call.q.scalar_type(), [&]<typename T>(T) {
    const auto num_items = static_cast<int64_t>(spans.size()) * kv_heads;
    ParallelFor(num_items, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        GradientsOfSequence<T>(call, spans[static_cast<size_t>(i / kv_heads)], i % kv_heads);
      }
    });
  });
  Tensors gradients = {call.dq, call.dk};
  if (call.dv.defined()) gradients.push_back(call.dv);
  return gradients;
}

void CheckSpans(Spans spans, int64_t num_rows, const KvLayer* cache) {
  int64_t row = 0;
  for (const SequenceSpan& span : spans) {
    Check{span.row == row && span.num_rows > 0, "a span starts at row ", span.row, ", not ", row};
    row += span.num_rows;
    if (cache == nullptr) {
      Check{span.num_cached == 0, "cached tokens without a cache"};
      continue;
    }
    const int64_t num_pages = cache->keys.size(0), num_keys = span.num_cached + span.num_rows;
    Check{static_cast<int64_t>(span.pages.size()) * kPageTokens >= num_keys, span.pages.size(),
          " pages for ", num_keys, " tokens"};
    for (const int32_t page : span.pages) {
      Check{page >= 0 && page < num_pages, "page ", page, " of ", num_pages};
    }
  }
  Check{row == num_rows, "the spans cover ", row, " of ", num_rows, " rows"};
}

void CheckTensors(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                  const AttentionSettings& settings, const KvLayer* cache) {
  Check{q.dim() == 3 && k.dim() == 3 && q.size(0) == k.size(0) && q.size(2) == k.size(2) &&
            q.size(1) % k.size(1) == 0 && q.scalar_type() == k.scalar_type(),
        "Attention of q ", q.sizes(), " and k ", k.sizes()};
  Check{v.defined() ? v.dim() == 3 && v.size(0) == k.size(0) && v.size(1) == k.size(1) &&
                          v.size(2) == settings.value_width && v.scalar_type() == k.scalar_type()
                    : settings.value_width <= k.size(2),
        "Attention's values are not ", settings.value_width, " wide"};
  if (cache == nullptr) return;
  Check{cache->values.defined() == v.defined() && cache->keys.is_contiguous() &&
            cache->keys.dim() == 4 && cache->keys.size(1) == kPageTokens &&
            cache->keys.size(2) == k.size(1) && cache->keys.size(3) == k.size(2) &&
            cache->keys.scalar_type() == k.scalar_type(),
        "the cache's keys ", cache->keys.sizes(), " do not fit k ", k.sizes()};
  if (!v.defined()) return;
  Check{cache->values.is_contiguous() && cache->values.dim() == 4 &&
            cache->values.size(2) == v.size(1) && cache->values.size(3) == v.size(2),
        "the cache's values ", cache->values.sizes(), " do not fit v ", v.sizes()};
}

}  // namespace

at::Tensor Attention(const at::Tensor& q_THQ, const at::Tensor& k_TGQ, const at::Tensor& v_TGV,
                     const AttentionSettings& settings, std::span<const SequenceSpan> spans,
                     KvLayer* cache) {
  const OpTimer timer("attention");
  CheckTensors(q_THQ, k_TGQ, v_TGV, settings, cache);
  if (!SpansOnDevice::Only()) CheckSpans(spans, q_THQ.size(0), cache);
  if (!UsesKernels(q_THQ)) {
    const cuda::Forms* gpu = cuda::FormsFor(q_THQ);
    return (gpu != nullptr ? gpu->attention : reference::Attention)(q_THQ, k_TGQ, v_TGV, settings,
                                                                    spans, cache);
  }
  const bool needs_grad = cache == nullptr && NeedsGrad({q_THQ, k_TGQ, v_TGV});
  ForwardCall call{
      .q = DenseRows(q_THQ),
      .k = DenseRows(k_TGQ),
      .v = v_TGV.defined() ? DenseRows(v_TGV) : v_TGV,
      .shape = ShapeOf(q_THQ, k_TGQ, settings),
      .cache = cache,
      .out = NewTensor({q_THQ.size(0), q_THQ.size(1), settings.value_width}, q_THQ.scalar_type()),
      .log_sums = {}};
  if (needs_grad) call.log_sums = at::empty({q_THQ.size(0), q_THQ.size(1)}, at::kFloat);
  WithElement(q_THQ.scalar_type(), [&]<typename T>(T) { RunForward<T>(call, spans); });
  if (!needs_grad) return call.out;

  Tensors inputs = {call.q, call.k};
  if (call.v.defined()) inputs.push_back(call.v);
  return Differentiable(inputs, {call.out}, {call.q, call.k, call.v, call.out, call.log_sums},
                        [shape = call.shape, own_spans = std::vector(spans.begin(), spans.end())](
                            const Tensors& saved, const Tensors& grads) -> Tensors {
                          return Backward({.q = saved[0],
                                           .k = saved[1],
                                           .v = saved[2],
                                           .out = saved[3],
                                           .log_sums = saved[4],
                                           .dout = DenseRows(grads[0]),
                                           .dq = {},
                                           .dk = {},
                                           .dv = {},
                                           .shape = shape},
                                          own_spans);
                        })[0];
}

}  // namespace rationale::ops
