#include "policy/ops/cpu/row_logits.h"

#include "policy/ops/cpu/vec.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

constexpr int64_t kSumBlock = 1024;
constexpr float kNegativeInfinity = -__builtin_inff();

// The other lanes are -infinity, which has no weight in a maximum or a sum of exponentials.
inline Vec LoadFirst(const float* x, int64_t lanes) {
  if (lanes >= kWidth) return Load(x);
  float padded[kWidth];
  Store(padded, Set1(kNegativeInfinity));
  __builtin_memcpy(padded, x, static_cast<size_t>(lanes) * sizeof(float));
  return Load(padded);
}

float RowMaximum(const float* x, int64_t n) {
  Vec best[4] = {Set1(kNegativeInfinity), Set1(kNegativeInfinity), Set1(kNegativeInfinity),
                 Set1(kNegativeInfinity)};
  int64_t i = 0;
  for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
    for (int chain = 0; chain < 4; ++chain) {
      best[chain] = Max(Load(x + i + chain * kWidth), best[chain]);
    }
  }
  for (; i < n; i += kWidth) best[0] = Max(LoadFirst(x + i, n - i), best[0]);
  return Maximum(Max(Max(best[0], best[1]), Max(best[2], best[3])));
}

void BlockMaxima(const float* x, int64_t n, int64_t block, float* maxima) {
  for (int64_t begin = 0; begin < n; begin += block) {
    *maxima++ = RowMaximum(x + begin, n - begin < block ? n - begin : block);
  }
}

struct Scaling {
  Vec inverse_temperature, max;
  Vec operator()(Vec x) const { return x * inverse_temperature - max; }
};

ExpSums RowExpSums(const float* x, int64_t n, float inverse_temperature, float max) {
  const Scaling scaled{Set1(inverse_temperature), Set1(max)};
  ExpSums total;
  for (int64_t begin = 0; begin < n; begin += kSumBlock) {
    const int64_t end = n - begin < kSumBlock ? n : begin + kSumBlock;
    Vec sum[2] = {Zero(), Zero()}, weighted[2] = {Zero(), Zero()};
    for (int64_t i = begin, chain = 0; i < end; i += kWidth, chain ^= 1) {
      const Vec d = scaled(LoadFirst(x + i, end - i));
      const Vec e = Exp(d);
      sum[chain] = sum[chain] + e;
      weighted[chain] = Fma(e, Max(d, Set1(-200.0f)), weighted[chain]);  // 0 * -infinity is 0 here
    }
    total.sum += static_cast<double>(Sum(sum[0] + sum[1]));
    total.weighted += static_cast<double>(Sum(weighted[0] + weighted[1]));
  }
  return total;
}

float Exponentials(const float* x, int64_t n, float inverse_temperature, float max, float* e) {
  const Scaling scaled{Set1(inverse_temperature), Set1(max)};
  Vec sum = Zero();
  for (int64_t i = 0; i < n; i += kWidth) {
    const Vec v = Exp(scaled(LoadFirst(x + i, n - i)));
    sum = sum + v;
    if (n - i >= kWidth) {
      Store(e + i, v);
    } else {
      Store(e + i, v, static_cast<int>(n - i));
    }
  }
  return Sum(sum);
}

int64_t AtLeast(const float* x, int64_t n, float threshold, int32_t* indices) {
  constexpr int64_t kBlock =
      4 * kWidth;  // few elements pass: most blocks are left by their maximum
  int64_t count = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = n - begin < kBlock ? n : begin + kBlock;
    if (RowMaximum(x + begin, end - begin) < threshold) continue;
    for (int64_t i = begin; i < end; ++i) {
      indices[count] = static_cast<int32_t>(i);
      count += x[i] >= threshold ? 1 : 0;
    }
  }
  return count;
}

void ScaledSoftmax(float* x, int64_t n, float inverse_temperature, float max, float log_sum,
                   float scale) {
  const Scaling scaled{Set1(inverse_temperature), Set1(max)};
  for (int64_t i = 0; i < n; i += kWidth) {
    const Vec p = Exp(scaled(LoadFirst(x + i, n - i)) - Set1(log_sum)) * Set1(scale);
    if (n - i >= kWidth) {
      Store(x + i, p);
    } else {
      Store(x + i, p, static_cast<int>(n - i));
    }
  }
}

}  // namespace

const RowLogitsKernels kRowLogits = {.maximum = RowMaximum,
                                     .block_maxima = BlockMaxima,
                                     .exp_sums = RowExpSums,
                                     .exponentials = Exponentials,
                                     .at_least = AtLeast,
                                     .scaled_softmax = ScaledSoftmax};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
