#include "policy/ops/cpu/attention.h"
#include "policy/ops/cpu/kernels/attention_tiles.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

// A sequence's gradients of keys and values, and the rows of one block, in scratch.
struct GradState {
  float* dkeys;    // [positions, padded key width]
  float* dvalues;  // [positions, padded value width]; those of the keys' first columns where there
                   // are no values
  float* q;        // [rows, padded key width]
  float* dq;
  float* dout;     // [rows, padded value width]
  float* out_dot;  // [rows]: dout . out
  float* log_sums;
  float* weights;  // [rows, kPageKeys]
  float* dscores;
  float* keys;  // a page, if it needs widening
  float* values;
};

GradState Carve(const AttentionShape& shape, int64_t num_positions, int64_t num_rows,
                float* scratch) {
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  const auto take = [&scratch](int64_t n) {
    float* taken = scratch;
    scratch += n;
    return taken;
  };
  return {.dkeys = take(num_positions * key_width),
          .dvalues = take(num_positions * value_width),
          .q = take(num_rows * key_width),
          .dq = take(num_rows * key_width),
          .dout = take(num_rows * value_width),
          .out_dot = take(Padded(num_rows)),
          .log_sums = take(Padded(num_rows)),
          .weights = take(num_rows * kPageKeys),
          .dscores = take(num_rows * kPageKeys),
          .keys = take(kPageKeys * key_width),
          .values = take(kPageKeys * value_width)};
}

inline float Dot(const float* a, const float* b, int64_t width) {
  Vec sum = Zero();
  for (int64_t i = 0; i < width; i += kWidth) sum = Fma(Load(a + i), Load(b + i), sum);
  return Sum(sum);
}

// The rows of positions [begin, begin + num_positions).
template <typename T>
void LoadBlock(const AttentionShape& shape, const AttentionGrads<T>& grads, int64_t begin,
               int64_t num_positions, const GradState& state) {
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  const auto at = [&](const auto& rows, int64_t row) {
    return rows.data + (begin + row / shape.group) * rows.token_stride +
           row % shape.group * rows.head_stride;
  };
  for (int64_t row = 0; row < num_positions * shape.group; ++row) {
    float* dout = state.dout + row * value_width;
    Widen(at(grads.q, row), state.q + row * key_width, shape.key_width);
    Widen(at(grads.out, row), state.values, shape.value_width);
    Widen(at(grads.dout, row), dout, shape.value_width);
    state.out_dot[row] = Dot(dout, state.values, value_width);
    state.log_sums[row] = *at(grads.log_sums, row);
    Clear(state.dq + row * key_width, key_width);
  }
}

// weights and dscores hold q.k and dout.v; they become p = e^(score - log_sum) and the gradient of
// q.k: p (dout.v - dout.out) scale.
void PageGradients(const AttentionShape& shape, int64_t first_position, int64_t page_start,
                   int64_t first_row, int64_t last_row, const GradState& state) {
  for (int64_t row = first_row; row < last_row; ++row) {
    const Visible keys =
        VisibleKeys(first_position + row / shape.group, page_start, kPageKeys, shape.window);
    for (int i = 0; i < kPageKeys; i += kWidth) {
      float* weights = state.weights + row * kPageKeys + i;
      float* dscores = state.dscores + row * kPageKeys + i;
      const Vec p = Exp(Load(weights) * Set1(shape.scale) - Set1(state.log_sums[row]));
      const Vec ds = p * (Load(dscores) - Set1(state.out_dot[row])) * Set1(shape.scale);
      Store(weights, Select(p, i, keys, Zero()));
      Store(dscores, Select(ds, i, keys, Zero()));
    }
  }
}

template <typename T>
void BackwardPage(const AttentionShape& shape, const AttentionGrads<T>& grads, int64_t page,
                  int64_t begin, int64_t end, const GradState& state) {
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  const int64_t num_keys = MinOf(grads.num_positions - page, kPageKeys);
  const int64_t from = MaxOf(begin, page);
  const int64_t to = shape.window > 0 ? MinOf(end, page + kPageKeys - 1 + shape.window) : end;
  const int64_t first_row = (from - begin) * shape.group, last_row = (to - begin) * shape.group;
  const int64_t num_rows = last_row - first_row;
  const Rows keys = LoadPage(grads.keys, page, num_keys, shape.key_width, state.keys);
  const Rows values = grads.values.data == nullptr
                          ? keys
                          : LoadPage(grads.values, page, num_keys, shape.value_width, state.values);
  const float* q = state.q + first_row * key_width;
  const float* dout = state.dout + first_row * value_width;
  float* weights = state.weights + first_row * kPageKeys;
  float* dscores = state.dscores + first_row * kPageKeys;
  Scores({q, key_width}, num_rows, keys, key_width, {weights, kPageKeys});
  Scores({dout, value_width}, num_rows, values, value_width, {dscores, kPageKeys});
  PageGradients(shape, begin, page, first_row, last_row, state);
  AddWeighted({state.dq + first_row * key_width, key_width}, num_rows, {dscores, kPageKeys, 1},
              keys, 0, num_keys, key_width);
  AddWeighted({state.dkeys + page * key_width, key_width}, num_keys, {dscores, 1, kPageKeys},
              Rows{q, key_width}, 0, num_rows, key_width);
  AddWeighted({state.dvalues + page * value_width, value_width}, num_keys, {weights, 1, kPageKeys},
              Rows{dout, value_width}, 0, num_rows, value_width);
}

template <typename T>
void StoreKeyGradients(const AttentionShape& shape, const AttentionGrads<T>& grads,
                       const GradState& state) {
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  for (int64_t i = 0; i < grads.num_positions; ++i) {
    float* dkey = state.dkeys + i * key_width;
    const float* dvalue = state.dvalues + i * value_width;
    if (grads.dvalues == nullptr) {
      for (int64_t c = 0; c < value_width; ++c) dkey[c] += dvalue[c];
    } else {
      Narrow(dvalue, grads.dvalues + i * grads.dvalues_stride, shape.value_width, Set1(1.0f));
    }
    Narrow(dkey, grads.dkeys + i * grads.dkeys_stride, shape.key_width, Set1(1.0f));
  }
}

template <typename T>
void Backward(const AttentionShape& shape, const AttentionGrads<T>& grads, float* scratch) {
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  const int64_t step = grads.block_positions;
  const GradState state = Carve(shape, grads.num_positions, step * shape.group, scratch);
  Clear(state.dkeys, grads.num_positions * key_width);
  Clear(state.dvalues, grads.num_positions * value_width);
  for (int64_t begin = 0; begin < grads.num_positions; begin += step) {
    const int64_t end = MinOf(begin + step, grads.num_positions);
    LoadBlock(shape, grads, begin, end - begin, state);
    const int64_t first_key = shape.window > 0 ? MaxOf(begin - shape.window + 1, 0) : 0;
    for (int64_t page = first_key / kPageKeys * kPageKeys; page < end; page += kPageKeys) {
      BackwardPage(shape, grads, page, begin, end, state);
    }
    for (int64_t row = 0; row < (end - begin) * shape.group; ++row) {
      T* dq = grads.dq.data + (begin + row / shape.group) * grads.dq.token_stride +
              row % shape.group * grads.dq.head_stride;
      Narrow(state.dq + row * key_width, dq, shape.key_width, Set1(1.0f));
    }
  }
  StoreKeyGradients(shape, grads, state);
}

}  // namespace

const AttentionBackwardKernels kAttentionBackward = {.float32 = Backward<float>,
                                                     .bfloat16 = Backward<Bf16>};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
