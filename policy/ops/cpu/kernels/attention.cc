#include "policy/ops/cpu/attention.h"

#include "policy/ops/cpu/kernels/attention_tiles.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

// Keys whose scores are turned into weights together.
constexpr int64_t kChunkKeys = 4 * kPageKeys;

// A block's rows in scratch: row (position - first_position) * group + head.
struct BlockState {
  float* q;        // [rows, padded key width]
  float* out;      // [rows, padded value width], not divided by the sums yet
  float* scores;   // [rows, kChunkKeys]: scores, then weights
  float* sums;     // [rows, kWidth]: of the weights so far, each lane's apart
  float* maximum;  // [rows]: of the scores so far
  float* keys;     // a chunk, if it needs widening
  float* values;   // a page
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
          .scores = take(num_rows * kChunkKeys),
          .sums = take(num_rows * kWidth),
          .maximum = take(num_rows),
          .keys = take(kChunkKeys * key_width),
          .values = take(kPageKeys * value_width)};
}

struct Positions {
  int64_t begin, end;
};

// Those of a block that see some of the `num_keys` keys from `first_key` on.
template <typename T>
Positions Seeing(const AttentionShape& shape, const AttentionBlock<T>& block, int64_t first_key,
                 int64_t num_keys) {
  const int64_t end = block.first_position + block.num_positions;
  return {MaxOf(block.first_position, first_key),
          shape.window > 0 ? MinOf(end, first_key + num_keys - 1 + shape.window) : end};
}

// The scores of a row become weights e^(score - maximum of all so far); its maximum, sum and output
// move on.
void SoftmaxRow(const AttentionShape& shape, const Visible& keys, int64_t row,
                const BlockState& state) {
  float* scores = state.scores + row * kChunkKeys;
  const int64_t first = keys.first / kWidth * kWidth;
  const Vec hidden = Set1(-__builtin_inff());
  Vec best = hidden;
  for (int64_t i = first; i < keys.last; i += kWidth) {
    Vec score = Load(scores + i) * Set1(shape.scale);
    if (i < keys.first || i + kWidth > keys.last) score = Select(score, i, keys, hidden);
    Store(scores + i, score);
    best = Max(score, best);
  }
  const float top = Maximum(best), before = state.maximum[row];
  const float maximum = top > before ? top : before;
  const Vec factor = Exp(Set1(before) - Set1(maximum));
  Vec sum = Load(state.sums + row * kWidth) * factor;
  for (int64_t i = first; i < keys.last; i += kWidth) {
    const Vec weight = Exp(Load(scores + i) - Set1(maximum));
    Store(scores + i, weight);
    sum = sum + weight;
  }
  state.maximum[row] = maximum;
  Store(state.sums + row * kWidth, sum);
  const int64_t width = Padded(shape.value_width);
  float* out = state.out + row * width;
  for (int64_t i = 0; i < width; i += kWidth) Store(out + i, Load(out + i) * factor);
}

// out += weights . values of a page. Each row stops at its own last key: the rows of one position,
// or of any positions that see the whole page, go together.
template <typename T, typename Ahead>
void AddPage(const AttentionShape& shape, int64_t first_position, const Positions& seeing,
             int64_t page, const Matrix<T>& values, Ahead ahead, const BlockState& state) {
  const int64_t width = Padded(shape.value_width);
  const auto visible = [&](int64_t position) {
    return VisibleKeys(position, page, kPageKeys, shape.window);
  };
  for (int64_t position = seeing.begin; position < seeing.end;) {
    const Visible keys = visible(position);
    int64_t end = position + 1;
    while (end < seeing.end && visible(end).first == keys.first && visible(end).last == keys.last) {
      ++end;
    }
    const int64_t row = (position - first_position) * shape.group;
    const float* weights = state.scores + row * kChunkKeys + page % kChunkKeys;
    AddWeighted({state.out + row * width, width}, (end - position) * shape.group,
                {weights, kChunkKeys, 1}, values, keys.first, keys.last, width, ahead);
    ahead = {};
    position = end;
  }
}

template <typename T>
PageAhead<T> Ahead(const TokenRows<T>& rows, int64_t page, int64_t num_keys, int64_t width) {
  if (rows.data == nullptr || page >= num_keys) return {};
  return {PageOf(rows, page), MinOf(num_keys - page, kPageKeys), width};
}

// The keys that are read a chunk after `page`.
template <typename T>
PageAhead<T> KeysAhead(const AttentionShape& shape, const AttentionBlock<T>& block, int64_t page) {
  const int64_t ahead = page + kChunkKeys, end = block.first_position + block.num_positions;
  if (ahead < end) return Ahead(block.keys, ahead, block.num_keys, shape.key_width);
  return Ahead(block.next_keys, page % kChunkKeys, block.num_next_keys, shape.key_width);
}

// A page as it lies, or in float32.
template <bool kInPlace, typename T>
auto ReadPage(const TokenRows<T>& rows, int64_t page, int64_t num_keys, int64_t width,
              float* scratch) {
  if constexpr (kInPlace) {
    return PageOf(rows, page);
  } else {
    return LoadPage(rows, page, num_keys, width, scratch);
  }
}

// The rows that see some of the chunk that starts at key `chunk`.
template <bool kInPlace, typename T>
void ForwardChunk(const AttentionShape& shape, const AttentionBlock<T>& block, int64_t chunk,
                  const BlockState& state) {
  const int64_t width = Padded(shape.key_width), group = shape.group;
  const Positions positions = Seeing(shape, block, chunk, kChunkKeys);
  const int64_t first_key = VisibleKeys(positions.begin, chunk, kChunkKeys, shape.window).first;
  const int64_t first_page = chunk + first_key / kPageKeys * kPageKeys;
  const int64_t last_key = MinOf(positions.end, chunk + kChunkKeys);
  const bool own_values = block.values.data != nullptr;
  decltype(ReadPage<kInPlace>(block.keys, 0, 0, 0, nullptr)) keys[kChunkKeys / kPageKeys];
  for (int64_t page = first_page; page < last_key; page += kPageKeys) {
    const int64_t num_keys = MinOf(block.num_keys - page, kPageKeys);
    auto& rows = keys[(page - chunk) / kPageKeys];
    rows = ReadPage<kInPlace>(block.keys, page, num_keys, shape.key_width,
                              state.keys + (page - chunk) * width);
    const Positions seeing = Seeing(shape, block, page, kPageKeys);
    const int64_t row = (seeing.begin - block.first_position) * group;
    Scores({state.q + row * width, width}, (seeing.end - seeing.begin) * group, rows, width,
           {state.scores + row * kChunkKeys + (page - chunk), kChunkKeys},
           Ahead(block.values, page, block.num_keys, shape.value_width));
  }
  for (int64_t position = positions.begin; position < positions.end; ++position) {
    const Visible visible = VisibleKeys(position, chunk, kChunkKeys, shape.window);
    const int64_t row = (position - block.first_position) * group;
    for (int64_t head = 0; head < group; ++head) SoftmaxRow(shape, visible, row + head, state);
  }
  for (int64_t page = first_page; page < last_key; page += kPageKeys) {
    const int64_t num_keys = MinOf(block.num_keys - page, kPageKeys);
    const auto values = own_values ? ReadPage<kInPlace>(block.values, page, num_keys,
                                                        shape.value_width, state.values)
                                   : keys[(page - chunk) / kPageKeys];
    AddPage(shape, block.first_position, Seeing(shape, block, page, kPageKeys), page, values,
            KeysAhead(shape, block, page), state);
  }
}

// A few rows read each key once or twice: it is widened as it is read, with the same bits. Whole
// pages of whole vectors are read; what lies behind the last key of a page is not used.
template <typename T>
bool ReadsInPlace(const AttentionShape& shape, const AttentionBlock<T>& block) {
  constexpr int64_t kRowsInPlace = 8;
  return block.num_positions * shape.group <= kRowsInPlace && block.keys.pages != nullptr &&
         shape.key_width % kPair == 0 && shape.value_width % kPair == 0;
}

// Calls f(row, token, head) for every row.
template <typename Function>
void ForEachRow(int64_t num_positions, int64_t group, const Function& f) {
  int64_t row = 0;
  for (int64_t token = 0; token < num_positions; ++token) {
    for (int64_t head = 0; head < group; ++head) f(row++, token, head);
  }
}

template <typename T>
void Forward(const AttentionShape& shape, const AttentionBlock<T>& block, float* scratch) {
  const int64_t num_positions = block.num_positions, num_rows = num_positions * shape.group;
  const int64_t key_width = Padded(shape.key_width), value_width = Padded(shape.value_width);
  const BlockState state = Carve(shape, num_rows, scratch);
  ForEachRow(num_positions, shape.group, [&](int64_t row, int64_t token, int64_t head) {
    Widen(block.q.At(token, head), state.q + row * key_width, shape.key_width);
    state.maximum[row] = -__builtin_inff();
  });
  Clear(state.sums, num_rows * kWidth);
  Clear(state.out, num_rows * value_width);

  const int64_t begin = block.first_position, end = begin + num_positions;
  const int64_t first_key = shape.window > 0 ? MaxOf(begin - shape.window + 1, 0) : 0;
  const bool in_place = ReadsInPlace(shape, block);
  for (int64_t chunk = first_key / kChunkKeys * kChunkKeys; chunk < end; chunk += kChunkKeys) {
    (in_place ? ForwardChunk<true, T> : ForwardChunk<false, T>)(shape, block, chunk, state);
  }

  ForEachRow(num_positions, shape.group, [&](int64_t row, int64_t token, int64_t head) {
    const float sum = Sum(Load(state.sums + row * kWidth));
    Narrow(state.out + row * value_width, block.out.At(token, head), shape.value_width,
           Set1(1.0f / sum));
    if (block.log_sums.data != nullptr) {
      *block.log_sums.At(token, head) = state.maximum[row] + __builtin_logf(sum);
    }
  });
}

}  // namespace

const AttentionForwardKernels kAttentionForward = {.float32 = Forward<float>,
                                                   .bfloat16 = Forward<Bf16>};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
