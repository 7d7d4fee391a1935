// What the linear ops are compared with: products in double, and the parameters and rows they are
// fed.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include "base/philox.h"
#include "policy/parameter.h"

namespace rationale::testing {

// Uniform in [-1, 1).
inline at::Tensor RandomTensor(at::IntArrayRef sizes, at::ScalarType dtype, uint64_t seed) {
  at::Tensor x = at::empty(sizes, at::kFloat);
  float* values = x.mutable_data_ptr<float>();
  for (int64_t i = 0; i < x.numel(); ++i) {
    values[i] = static_cast<float>(2 * Uniform(seed, static_cast<uint64_t>(i)) - 1);
  }
  return x.to(dtype);
}

inline Parameter RandomParameter(at::IntArrayRef sizes, at::ScalarType dtype, uint64_t seed,
                                 bool trained = false) {
  Parameter parameter;
  parameter.name = "weight";
  parameter.sizes = sizes.vec();
  parameter.dtype = dtype;
  parameter.value = RandomTensor(sizes, dtype, seed);
  parameter.value.set_requires_grad(trained);
  return parameter;
}

inline bool SameBits(const at::Tensor& a_any, const at::Tensor& b_any) {
  const at::Tensor a = a_any.detach().contiguous(), b = b_any.detach().contiguous();
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() &&
         std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

// A matrix in double.
struct Matrix {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<double> values;

  Matrix(int64_t r, int64_t c) : rows(r), columns(c), values(static_cast<size_t>(r * c)) {}
  explicit Matrix(const at::Tensor& x) : Matrix(x.size(0), x.size(1)) {
    const at::Tensor wide = x.detach().to(at::kDouble).contiguous();
    std::memcpy(values.data(), wide.const_data_ptr(), wide.nbytes());
  }
  double& operator()(int64_t r, int64_t c) { return values[static_cast<size_t>(r * columns + c)]; }
  double operator()(int64_t r, int64_t c) const {
    return values[static_cast<size_t>(r * columns + c)];
  }
};

inline Matrix Transposed(const Matrix& a) {
  Matrix b(a.columns, a.rows);
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t c = 0; c < a.columns; ++c) b(c, r) = a(r, c);
  }
  return b;
}

inline Matrix Multiply(const Matrix& a, const Matrix& b) {
  Matrix c(a.rows, b.columns);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t k = 0; k < a.columns; ++k) {
      for (int64_t j = 0; j < b.columns; ++j) c(i, j) += a(i, k) * b(k, j);
    }
  }
  return c;
}

// The largest |x - expected|.
inline double MaxError(const at::Tensor& x, const Matrix& expected) {
  const Matrix got(x);
  double error = 0;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double difference = std::abs(got.values[i] - expected.values[i]);
    error = std::isnan(difference) ? INFINITY : std::max(error, difference);
  }
  return error;
}

// Of sums of `terms` products of values in [-1, 1]: float32 sums, then rounding of results below
// `magnitude`.
inline double Tolerance(int64_t terms, at::ScalarType dtype, double magnitude) {
  const double sums = static_cast<double>(terms) * std::sqrt(static_cast<double>(terms)) * 6e-8;
  return sums + (dtype == at::kBFloat16 ? magnitude / 256 : 0);
}

}  // namespace rationale::testing
