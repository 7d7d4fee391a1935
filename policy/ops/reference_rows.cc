#include <ATen/ops/cat.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/stack.h>

#include "policy/ops/autograd.h"
#include "policy/ops/reference.h"

namespace rationale::ops::reference {

at::Tensor RmsNorm(const at::Tensor& x, Parameter& weight_D, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor inverse_rms = wide.square().mean(-1, /*keepdim=*/true).add(eps).rsqrt();
  return wide.mul(inverse_rms).mul(FloatValue(weight_D)).to(x.scalar_type());
}

at::Tensor SwiGlu(const at::Tensor& x_T2F) {
  const int64_t width = x_T2F.size(-1) / 2;
  const at::Tensor gate = x_T2F.narrow(-1, 0, width).to(at::kFloat);
  const at::Tensor up = x_T2F.narrow(-1, width, width).to(at::kFloat);
  return at::silu(gate).mul(up).to(x_T2F.scalar_type());
}

at::Tensor Add(const at::Tensor& a, const at::Tensor& b) {
  return a.add(b);
}

at::Tensor Rope(const at::Tensor& x_THQ, const at::Tensor& positions_T, const RopeTable& table,
                int64_t offset, bool interleaved) {
  const int64_t half = table.cos.size(1);
  const at::Tensor cos = table.cos.index_select(0, positions_T).unsqueeze(1);
  const at::Tensor sin = table.sin.index_select(0, positions_T).unsqueeze(1);
  const at::Tensor rotated = x_THQ.narrow(2, offset, 2 * half).to(at::kFloat);
  const at::Tensor first =
      interleaved ? rotated.slice(2, 0, 2 * half, 2) : rotated.narrow(2, 0, half);
  const at::Tensor second =
      interleaved ? rotated.slice(2, 1, 2 * half, 2) : rotated.narrow(2, half, half);
  const at::Tensor turned =
      at::cat({first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))}, 2);
  const int64_t tail = offset + 2 * half;
  return at::cat({x_THQ.narrow(2, 0, offset), turned.to(x_THQ.scalar_type()),
                  x_THQ.narrow(2, tail, x_THQ.size(2) - tail)},
                 2);
}

}  // namespace rationale::ops::reference
