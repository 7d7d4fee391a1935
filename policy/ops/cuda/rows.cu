#include "policy/ops/cuda/device.cuh"

namespace rationale::ops::cuda {
namespace {

constexpr int kThreads = 256;

// A warp a row.
template <typename T>
__global__ void RmsNormKernel(RowsView x, const T* __restrict__ weight, float eps,
                              T* __restrict__ y) {
  const int64_t row = blockIdx.x * int64_t{blockDim.y} + threadIdx.y;
  if (row >= x.count) return;
  const T* __restrict__ in = RowAt<T>(x, row);
  const int width = static_cast<int>(x.width);
  float sum = 0;
#pragma unroll 8  // loads in flight together
  for (int i = threadIdx.x; i < width; i += 32) sum += Widen(in[i]) * Widen(in[i]);
  const float inverse_rms = rsqrtf(WarpSum(sum) / static_cast<float>(x.width) + eps);
  T* __restrict__ out = y + row * x.width;
#pragma unroll 8
  for (int i = threadIdx.x; i < width; i += 32) {
    Store(out + i, Widen(in[i]) * inverse_rms * Widen(weight[i]));
  }
}

template <typename T>
__global__ void SwiGluKernel(RowsView x, T* y) {
  const int64_t width = x.width / 2;
  const int64_t i = blockIdx.x * int64_t{blockDim.x} + threadIdx.x;
  if (i >= x.count * width) return;
  const T* row = RowAt<T>(x, i / width);
  const float gate = Widen(row[i % width]), up = Widen(row[width + i % width]);
  Store(y + i, gate / (1 + expf(-gate)) * up);
}

template <typename T>
__global__ void RopeKernel(RopeCall call) {
  const int64_t width = call.x.width;
  const int64_t i = blockIdx.x * int64_t{blockDim.x} + threadIdx.x;
  if (i >= call.x.count * width) return;
  const int64_t row = i / width, column = i % width, turned = column - call.offset;
  const T* in = RowAt<T>(call.x, row);
  T* out = static_cast<T*>(call.y) + i;
  if (turned < 0 || turned >= 2 * call.half) {
    *out = in[column];
    return;
  }
  const bool is_first = turned < call.half;
  const int64_t pair = is_first ? turned : turned - call.half;
  const int64_t entry = call.positions[row / call.heads] * call.half + pair;
  const float cos = call.cos[entry], sin = call.sin[entry];
  const float first = Widen(in[call.offset + (call.interleaved ? 2 * pair : pair)]);
  const float second =
      Widen(in[call.offset + (call.interleaved ? 2 * pair + 1 : call.half + pair)]);
  Store(out, is_first ? first * cos - second * sin : second * cos + first * sin);
}

}  // namespace

void LaunchRmsNorm(bool bf16, const RowsView& x, const void* weight, float eps, void* y,
                   Stream stream) {
  constexpr int kRows = 4;
  WithElement(bf16, [&]<typename T>(T) {
    RmsNormKernel<T>
        <<<Blocks(x.count, kRows), dim3(32, kRows), 0, static_cast<cudaStream_t>(stream)>>>(
            x, static_cast<const T*>(weight), eps, static_cast<T*>(y));
  });
}

void LaunchSwiGlu(bool bf16, const RowsView& x, void* y, Stream stream) {
  WithElement(bf16, [&]<typename T>(T) {
    SwiGluKernel<T><<<Blocks(x.count * x.width / 2, kThreads), kThreads, 0,
                      static_cast<cudaStream_t>(stream)>>>(x, static_cast<T*>(y));
  });
}

void LaunchRope(bool bf16, const RopeCall& call, Stream stream) {
  WithElement(bf16, [&]<typename T>(T) {
    RopeKernel<T><<<Blocks(call.x.count * call.x.width, kThreads), kThreads, 0,
                    static_cast<cudaStream_t>(stream)>>>(call);
  });
}

const char* LaunchError() {
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

}  // namespace rationale::ops::cuda
