#include "policy/ops/cpu/attention.h"

#include "policy/ops/cpu/kernels/attention_tiles.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

// A block's rows in scratch: row (position - first_position) * group + head.
struct BlockState {
  float* q;        // [rows, padded key width]
  float* out;      // [rows, padded value width], not divided by the sums yet
  float* scores;   // [rows, kPageKeys]: scores, then weights
  float* maximum;  // [rows], padded: of the scores so far
  float* raised;   // the maximum with the page's scores
  float* factors;  // e^(maximum - raised)
  float* sums;     // of the weights so far
  float* keys;     // a page, if it needs widening
  float* values;
};

BlockState Carve(const AttentionShape& shape, int64_t num_rows, float* scratch) {
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  const auto take = [&scratch](int64_t n) {
    float* taken = scratch;
    scratch += n;
    return taken;
  };
  return {.q = take(num_rows * key_width),
          .out = take(num_rows * value_width),
          .scores = take(num_rows * kPageKeys),
          .maximum = take(Padded(num_rows)),
          .raised = take(Padded(num_rows)),
          .factors = take(Padded(num_rows)),
          .sums = take(Padded(num_rows)),
          .keys = take(kPageKeys * key_width),
          .values = take(kPageKeys * value_width)};
}

// A page's scores in state.scores become weights e^(score - raised); maximum, factors and sums move
// on.
void SoftmaxPage(const AttentionShape& shape, int64_t first_position, int64_t page_start,
                 int64_t first_row, int64_t last_row, const BlockState& state) {
  constexpr int kVecs = kPageKeys / kWidth;
  const Vec hidden = Set1(-__builtin_inff());
  for (int64_t row = first_row; row < last_row; ++row) {
    const int64_t position = first_position + row / shape.group;
    const Visible keys = VisibleKeys(position, page_start, shape.window);
    float* scores = state.scores + row * kPageKeys;
    Vec best = hidden;
    for (int i = 0; i < kVecs; ++i) {
      Vec score = Load(scores + i * kWidth) * Set1(shape.scale);
      if (keys.last - keys.first < kPageKeys) score = Select(score, i * kWidth, keys, hidden);
      Store(scores + i * kWidth, score);
      best = Max(score, best);
    }
    const float top = Maximum(best);
    state.raised[row] = top > state.maximum[row] ? top : state.maximum[row];
  }
  for (int64_t row = first_row; row < last_row; row += kWidth) {
    const int n = static_cast<int>(MinOf(last_row - row, kWidth));
    const Vec raised = Load(state.raised + row, n);
    Store(state.factors + row, Exp(Load(state.maximum + row, n) - raised), n);
    Store(state.maximum + row, raised, n);
  }
  for (int64_t row = first_row; row < last_row; ++row) {
    float* scores = state.scores + row * kPageKeys;
    Vec sum = Zero();
    for (int i = 0; i < kVecs; ++i) {
      const Vec weight = Exp(Load(scores + i * kWidth) - Set1(state.raised[row]));
      Store(scores + i * kWidth, weight);
      sum = sum + weight;
    }
    state.sums[row] = state.sums[row] * state.factors[row] + Sum(sum);
  }
}

// out = out * factor + weights . values. Each row stops at its own last key: the rows of one
// position, or any rows that see the whole page, go together.
template <typename T>
void AddPage(const AttentionShape& shape, int64_t first_position, int64_t page_start,
             int64_t first_row, int64_t last_row, const Matrix<T>& values,
             const BlockState& state) {
  const int64_t width = Padded(shape.value_width);
  const auto visible = [&](int64_t row) {
    return VisibleKeys(first_position + row / shape.group, page_start, shape.window);
  };
  for (int64_t row = first_row; row < last_row;) {
    const Visible keys = visible(row);
    int64_t end = row + 1;
    while (end < last_row && visible(end).first == keys.first && visible(end).last == keys.last) {
      ++end;
    }
    AddWeighted({state.out + row * width, width, state.factors + row}, end - row,
                {state.scores + row * kPageKeys, kPageKeys, 1}, values, keys.first, keys.last,
                width);
    row = end;
  }
}

// Keys that lie at `keys`, values at `values`, in either dtype.
template <typename T>
void AttendPage(const AttentionShape& shape, int64_t first_position, int64_t page_start,
                int64_t first_row, int64_t last_row, const Matrix<T>& keys, const Matrix<T>& values,
                const BlockState& state) {
  const int64_t width = Padded(shape.key_width);
  Scores(state.q + first_row * width, width, last_row - first_row, keys, width,
         state.scores + first_row * kPageKeys);
  SoftmaxPage(shape, first_position, page_start, first_row, last_row, state);
  AddPage(shape, first_position, page_start, first_row, last_row, values, state);
}

// The rows that see the page that starts at key `page`.
template <typename T>
void ForwardPage(const AttentionShape& shape, const AttentionBlock<T>& block, int64_t page,
                 const BlockState& state) {
  const int64_t begin = block.first_position, end = begin + block.num_positions;
  const int64_t from = MaxOf(begin, page);
  const int64_t to = shape.window > 0 ? MinOf(end, page + kPageKeys - 1 + shape.window) : end;
  const int64_t first_row = (from - begin) * shape.group, last_row = (to - begin) * shape.group;
  const int64_t num_keys = MinOf(block.num_keys - page, kPageKeys);
  const bool own_values = block.values.data != nullptr;

  if (const int64_t next = page + kPageKeys; next < end) {
    const int64_t num_next = MinOf(block.num_keys - next, kPageKeys);
    Prefetch(PageOf(block.keys, next), num_next, shape.key_width);
    if (own_values) Prefetch(PageOf(block.values, next), num_next, shape.value_width);
  }
  // A few rows read each key once or twice: it is widened as it is read, with the same bits.
  constexpr int64_t kRowsInPlace = 4;
  if (block.num_positions * shape.group <= kRowsInPlace && num_keys == kPageKeys &&
      shape.key_width % kWidth == 0 && shape.value_width % kWidth == 0) {
    const Matrix<T> keys = PageOf(block.keys, page);
    AttendPage(shape, begin, page, first_row, last_row, keys,
               own_values ? PageOf(block.values, page) : keys, state);
    return;
  }
  const Rows keys = LoadPage(block.keys, page, num_keys, shape.key_width, state.keys);
  const Rows values =
      own_values ? LoadPage(block.values, page, num_keys, shape.value_width, state.values) : keys;
  AttendPage(shape, begin, page, first_row, last_row, keys, values, state);
}

template <typename T>
void Forward(const AttentionShape& shape, const AttentionBlock<T>& block, float* scratch) {
  const int64_t group = shape.group, num_rows = block.num_positions * group;
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  const BlockState state = Carve(shape, num_rows, scratch);
  for (int64_t row = 0; row < num_rows; ++row) {
    const T* q =
        block.q.data + row / group * block.q.token_stride + row % group * block.q.head_stride;
    Widen(q, state.q + row * key_width, shape.key_width);
    state.maximum[row] = -__builtin_inff();
    state.sums[row] = 0;
  }
  Clear(state.out, num_rows * value_width);

  const int64_t begin = block.first_position, end = begin + block.num_positions;
  const int64_t first_key = shape.window > 0 ? MaxOf(begin - shape.window + 1, 0) : 0;
  for (int64_t page = first_key / kPageKeys * kPageKeys; page < end; page += kPageKeys) {
    ForwardPage(shape, block, page, state);
  }

  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t token = row / group, head = row % group;
    Narrow(state.out + row * value_width,
           block.out.data + token * block.out.token_stride + head * block.out.head_stride,
           shape.value_width, Set1(1.0f / state.sums[row]));
    if (block.log_sums.data != nullptr) {
      block.log_sums.data[token * block.log_sums.token_stride + head * block.log_sums.head_stride] =
          state.maximum[row] + __builtin_logf(state.sums[row]);
    }
  }
}

}  // namespace

const AttentionForwardKernels kAttentionForward = {.float32 = Forward<float>,
                                                   .bfloat16 = Forward<Bf16>};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
