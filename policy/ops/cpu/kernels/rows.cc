#include "policy/ops/cpu/rows.h"

#include "policy/ops/cpu/rows_loop.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

template <typename T>
inline float InverseRms(const T* x, int64_t n, float eps) {
  const float squares = SumRow(n, [x](int64_t i, int lanes, Vec sum) {
    const Vec v = LoadLanes(x + i, lanes);
    return Fma(v, v, sum);
  });
  return 1.0f / __builtin_sqrtf(squares / static_cast<float>(n) + eps);
}

template <typename T>
void RmsNorm(const T* x, const T* weight, T* y, int64_t n, float eps) {
  const Vec inverse_rms = Set1(InverseRms(x, n, eps));
  ForEachVec(n, [=](int64_t i, int lanes) {
    StoreLanes(y + i, LoadLanes(x + i, lanes) * inverse_rms * LoadLanes(weight + i, lanes), lanes);
  });
}

// With r = 1 / rms and g = weight dy: dx = r g - x r^3 mean(x g).
template <typename T>
float RmsNormGrad(const T* x, const T* weight, const T* dy, T* dx, int64_t n, float eps) {
  const float inverse_rms = InverseRms(x, n, eps);
  const float dot = SumRow(n, [=](int64_t i, int lanes, Vec sum) {
    const Vec g = LoadLanes(weight + i, lanes) * LoadLanes(dy + i, lanes);
    return Fma(LoadLanes(x + i, lanes), g, sum);
  });
  const Vec r = Set1(inverse_rms);
  const Vec along_x =
      Set1(-inverse_rms * inverse_rms * inverse_rms * (dot / static_cast<float>(n)));
  ForEachVec(n, [=](int64_t i, int lanes) {
    const Vec g = LoadLanes(weight + i, lanes) * LoadLanes(dy + i, lanes);
    StoreLanes(dx + i, Fma(LoadLanes(x + i, lanes), along_x, g * r), lanes);
  });
  return inverse_rms;
}

template <typename T>
void RmsNormWeightGrad(const T* const* x_rows, const T* const* dy_rows, const float* inverse_rms,
                       int64_t num_rows, float* grad, int64_t n) {
  ForEachVec(n, [=](int64_t i, int lanes) {
    Vec sum = Zero();
    for (int64_t row = 0; row < num_rows; ++row) {
      const Vec normed = LoadLanes(x_rows[row] + i, lanes) * Set1(inverse_rms[row]);
      sum = Fma(normed, LoadLanes(dy_rows[row] + i, lanes), sum);
    }
    StoreLanes(grad + i, LoadLanes(grad + i, lanes) + sum, lanes);
  });
}

inline Vec Sigmoid(Vec x) {
  return Set1(1.0f) / (Set1(1.0f) + Exp(Zero() - x));
}

template <typename T>
void SwiGlu(const T* gate, const T* up, T* y, int64_t n) {
  ForEachVec(n, [=](int64_t i, int lanes) {
    const Vec g = LoadLanes(gate + i, lanes);
    StoreLanes(y + i, g * Sigmoid(g) * LoadLanes(up + i, lanes), lanes);
  });
}

// silu'(g) = s (1 + g (1 - s)) with s = sigmoid(g).
template <typename T>
void SwiGluGrad(const T* gate, const T* up, const T* dy, T* dgate, T* dup, int64_t n) {
  ForEachVec(n, [=](int64_t i, int lanes) {
    const Vec g = LoadLanes(gate + i, lanes);
    const Vec grad = LoadLanes(dy + i, lanes);
    const Vec s = Sigmoid(g);
    const Vec slope = s * Fma(g, Set1(1.0f) - s, Set1(1.0f));
    StoreLanes(dgate + i, grad * LoadLanes(up + i, lanes) * slope, lanes);
    StoreLanes(dup + i, grad * g * s, lanes);
  });
}

template <typename T>
void Add(const T* a, const T* b, T* y, int64_t n) {
  ForEachVec(n, [=](int64_t i, int lanes) {
    StoreLanes(y + i, LoadLanes(a + i, lanes) + LoadLanes(b + i, lanes), lanes);
  });
}

template <typename T>
inline void Copy(const T* from, T* to, int64_t n) {
  __builtin_memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
}

// from[2i] to even[i], from[2i + 1] to odd[i].
template <typename T>
inline void Unzip(const T* from, T* even, T* odd, int n) {
  for (int i = 0; i < n; ++i) {
    even[i] = from[2 * i];
    odd[i] = from[2 * i + 1];
  }
}
template <typename T>
inline void Zip(const T* even, const T* odd, T* to, int n) {
  for (int i = 0; i < n; ++i) {
    to[2 * i] = even[i];
    to[2 * i + 1] = odd[i];
  }
}

template <typename T>
void Rope(const T* x, T* y, const float* cos, const float* sin, const RopeColumns& columns) {
  const int64_t half = columns.half, tail = columns.offset + 2 * half;
  Copy(x, y, columns.offset);
  Copy(x + tail, y + tail, columns.width - tail);
  const T* from = x + columns.offset;
  T* to = y + columns.offset;
  ForEachVec(half, [=, &columns](int64_t i, int lanes) {
    T pairs[2][kWidth];
    if (columns.interleaved) Unzip(from + 2 * i, pairs[0], pairs[1], lanes);
    const Vec x1 = LoadLanes(columns.interleaved ? pairs[0] : from + i, lanes);
    const Vec x2 = LoadLanes(columns.interleaved ? pairs[1] : from + half + i, lanes);
    const Vec c = LoadLanes(cos + i, lanes), s = LoadLanes(sin + i, lanes);
    StoreLanes(to + i, Fma(x1, c, Zero() - x2 * s), lanes);
    StoreLanes(to + half + i, Fma(x2, c, x1 * s), lanes);
  });
}

template <typename T>
void RopeGrad(const T* dy, T* dx, const float* cos, const float* sin, const RopeColumns& columns) {
  const int64_t half = columns.half, tail = columns.offset + 2 * half;
  Copy(dy, dx, columns.offset);
  Copy(dy + tail, dx + tail, columns.width - tail);
  const T* from = dy + columns.offset;
  T* to = dx + columns.offset;
  ForEachVec(half, [=, &columns](int64_t i, int lanes) {
    T pairs[2][kWidth];
    const Vec d1 = LoadLanes(from + i, lanes), d2 = LoadLanes(from + half + i, lanes);
    const Vec c = LoadLanes(cos + i, lanes), s = LoadLanes(sin + i, lanes);
    StoreLanes(columns.interleaved ? pairs[0] : to + i, Fma(d1, c, d2 * s), lanes);
    StoreLanes(columns.interleaved ? pairs[1] : to + half + i, Fma(d2, c, Zero() - d1 * s), lanes);
    if (columns.interleaved) Zip(pairs[0], pairs[1], to + 2 * i, lanes);
  });
}

template <typename T>
constexpr RowKernelsOf<T> Table() {
  return {.rms_norm = RmsNorm<T>,
          .rms_norm_grad = RmsNormGrad<T>,
          .rms_norm_weight_grad = RmsNormWeightGrad<T>,
          .swiglu = SwiGlu<T>,
          .swiglu_grad = SwiGluGrad<T>,
          .add = Add<T>,
          .rope = Rope<T>,
          .rope_grad = RopeGrad<T>};
}

}  // namespace

const RowKernels kRows = {.float32 = Table<float>(), .bfloat16 = Table<Bf16>()};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
