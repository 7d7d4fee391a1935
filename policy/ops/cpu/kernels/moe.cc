#include "policy/ops/cpu/moe.h"

#include "policy/ops/cpu/rows_loop.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

template <typename T>
void WeightedSum(const T* const* rows, const float* weights, int64_t count, T* y, int64_t n) {
  ForEachVec(n, [=](int64_t i, int lanes) {
    Vec sum = LoadLanes(rows[0] + i, lanes) * Set1(weights[0]);
    for (int64_t row = 1; row < count; ++row) {
      sum = Fma(LoadLanes(rows[row] + i, lanes), Set1(weights[row]), sum);
    }
    StoreLanes(y + i, sum, lanes);
  });
}

template <typename T>
float WeightedSumGrad(const T* x, float weight, const T* dy, T* dx, int64_t n) {
  ForEachVec(n, [=](int64_t i, int lanes) {
    StoreLanes(dx + i, LoadLanes(dy + i, lanes) * Set1(weight), lanes);
  });
  return SumRow(n, [=](int64_t i, int lanes, Vec sum) {
    return Fma(LoadLanes(dy + i, lanes), LoadLanes(x + i, lanes), sum);
  });
}

void Softmax(const float* logits, float* scores, int64_t n) {
  float max = logits[0];
  for (int64_t i = 1; i < n; ++i) max = logits[i] > max ? logits[i] : max;
  ForEachVec(n, [=](int64_t i, int lanes) {
    StoreLanes(scores + i, Exp(LoadLanes(logits + i, lanes) - Set1(max)), lanes);
  });
  const float sum =
      SumRow(n, [=](int64_t i, int lanes, Vec v) { return v + LoadLanes(scores + i, lanes); });
  ForEachVec(n, [=](int64_t i, int lanes) {
    StoreLanes(scores + i, LoadLanes(scores + i, lanes) / Set1(sum), lanes);
  });
}

void Sigmoid(const float* logits, float* scores, int64_t n) {
  ForEachVec(n, [=](int64_t i, int lanes) {
    const Vec e = Exp(Zero() - LoadLanes(logits + i, lanes));
    StoreLanes(scores + i, Set1(1.0f) / (Set1(1.0f) + e), lanes);
  });
}

}  // namespace

const MoeKernels kMoe = {
    .float32 = {.weighted_sum = WeightedSum<float>, .weighted_sum_grad = WeightedSumGrad<float>},
    .bfloat16 = {.weighted_sum = WeightedSum<Bf16>, .weighted_sum_grad = WeightedSumGrad<Bf16>},
    .softmax = Softmax,
    .sigmoid = Sigmoid};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
