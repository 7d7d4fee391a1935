// Slow forms of the model's ops: scalar loops in double, straight from the papers' formulas.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

namespace rationale::oracle {

using Doubles = std::vector<double>;

// d/dx sum_i weights[i] f(x)[i] by central differences.
inline Doubles NumericalGradient(const std::function<Doubles(const Doubles&)>& f, Doubles x,
                                 const Doubles& weights) {
  const auto loss = [&] {
    const Doubles y = f(x);
    return std::inner_product(y.begin(), y.end(), weights.begin(), 0.0);
  };
  constexpr double kStep = 1e-5;
  Doubles gradient(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    x[i] = at + kStep;
    const double above = loss();
    x[i] = at - kStep;
    gradient[i] = (above - loss()) / (2 * kStep);
    x[i] = at;
  }
  return gradient;
}

// Rows of width weight.size(). Zhang & Sennrich 2019, eq. 4.
inline Doubles RmsNorm(const Doubles& x, const Doubles& weight, double eps) {
  const size_t n = weight.size();
  Doubles y(x.size());
  for (size_t row = 0; row < x.size(); row += n) {
    double squares = 0;
    for (size_t i = 0; i < n; ++i) squares += x[row + i] * x[row + i];
    const double rms = std::sqrt(squares / static_cast<double>(n) + eps);
    for (size_t i = 0; i < n; ++i) y[row + i] = x[row + i] / rms * weight[i];
  }
  return y;
}

// Rows of `width` gates, then `width` values. Shazeer 2020, eq. 6.
inline Doubles SwiGlu(const Doubles& x, size_t width) {
  Doubles y;
  for (size_t row = 0; row < x.size(); row += 2 * width) {
    for (size_t i = 0; i < width; ++i) {
      const double gate = x[row + i];
      y.push_back(gate / (1 + std::exp(-gate)) * x[row + width + i]);
    }
  }
  return y;
}

// x [T, H, Q]; columns [offset, offset + 2 * half) of a head turn by angles[t * half + i]. Su et
// al. 2021, eq. 15.
inline Doubles Rope(const Doubles& x, size_t num_heads, size_t head_width, const Doubles& angles,
                    size_t offset, size_t half, bool interleaved) {
  Doubles y = x;
  for (size_t row = 0; row < x.size() / head_width; ++row) {
    const size_t base = row * head_width + offset, token = row / num_heads;
    for (size_t i = 0; i < half; ++i) {
      const double angle = angles[token * half + i];
      const double first = x[base + (interleaved ? 2 * i : i)];
      const double second = x[base + (interleaved ? 2 * i + 1 : half + i)];
      y[base + i] = first * std::cos(angle) - second * std::sin(angle);
      y[base + half + i] = second * std::cos(angle) + first * std::sin(angle);
    }
  }
  return y;
}

struct AttentionSizes {
  size_t heads, kv_heads, key_width, value_width;
  double scale;
  size_t window = 0;  // 0: all
};

// One whole sequence: q [T, H, Q], k [T, G, Q], v [T, G, V]; an empty v is the first V columns of
// k. Vaswani et al. 2017, eq. 1, causal; key head of query head h: h / (H / G) (Ainslie et al.
// 2023).
inline Doubles Attention(const Doubles& q, const Doubles& k, const Doubles& v,
                         const AttentionSizes& s) {
  const size_t tokens = q.size() / (s.heads * s.key_width);
  Doubles out(tokens * s.heads * s.value_width);
  for (size_t t = 0; t < tokens; ++t) {
    for (size_t h = 0; h < s.heads; ++h) {
      const size_t g = h / (s.heads / s.kv_heads);
      const size_t first = s.window > 0 && t + 1 > s.window ? t + 1 - s.window : 0;
      Doubles weights(t + 1, 0);
      double total = 0;
      for (size_t j = first; j <= t; ++j) {
        double dot = 0;
        for (size_t d = 0; d < s.key_width; ++d) {
          dot += q[(t * s.heads + h) * s.key_width + d] * k[(j * s.kv_heads + g) * s.key_width + d];
        }
        weights[j] = std::exp(dot * s.scale);
        total += weights[j];
      }
      for (size_t j = first; j <= t; ++j) {
        for (size_t d = 0; d < s.value_width; ++d) {
          const double value = v.empty() ? k[(j * s.kv_heads + g) * s.key_width + d]
                                         : v[(j * s.kv_heads + g) * s.value_width + d];
          out[(t * s.heads + h) * s.value_width + d] += weights[j] / total * value;
        }
      }
    }
  }
  return out;
}

// softmax(logits / temperature) over `kept` (empty: all); 0 elsewhere.
inline Doubles Softmax(const Doubles& logits, double temperature, const std::vector<int>& kept) {
  std::vector<int> ids = kept;
  if (ids.empty()) {
    ids.resize(logits.size());
    std::iota(ids.begin(), ids.end(), 0);
  }
  double max = -std::numeric_limits<double>::infinity(), total = 0;
  for (const int id : ids) max = std::max(max, logits[static_cast<size_t>(id)]);
  Doubles p(logits.size(), 0);
  for (const int id : ids) {
    const auto i = static_cast<size_t>(id);
    p[i] = std::exp((logits[i] - max) / temperature);
    total += p[i];
  }
  for (double& x : p) x /= total;
  return p;
}

// Ids in order of decreasing score, ties to the lower id.
inline std::vector<int> Ranked(const Doubles& scores) {
  std::vector<int> ids(scores.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](int a, int b) {
    return scores[static_cast<size_t>(a)] > scores[static_cast<size_t>(b)];
  });
  return ids;
}

}  // namespace rationale::oracle
