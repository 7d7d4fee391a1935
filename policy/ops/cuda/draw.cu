#include "policy/ops/cuda/device.cuh"

namespace rationale::ops::cuda {
namespace {

constexpr int kWarps = 16;

struct Best {
  float value;
  int64_t id;
};

__device__ Best BetterOf(Best a, Best b) {
  return b.value > a.value || (b.value == a.value && b.id < a.id) ? b : a;
}

__device__ Best WarpBest(Best best) {
  for (int step = 16; step > 0; step /= 2) {
    best = BetterOf(best, {__shfl_xor_sync(0xffffffffU, best.value, step),
                           __shfl_xor_sync(0xffffffffU, best.id, step)});
  }
  return best;
}

__device__ double WarpSum(double x) {
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffU, x, step);
  return x;
}

// The sum of x over the lanes up to this one.
__device__ double SumUpTo(double x) {
  for (int step = 1; step < 32; step *= 2) {
    const double before = __shfl_up_sync(0xffffffffU, x, step);
    if (static_cast<int>(threadIdx.x) >= step) x += before;
  }
  return x;
}

// The first of [begin, end) at which `running` plus the weights so far exceeds `target`, else the
// last of any weight; by one warp.
__device__ int64_t Find(const float* logits, float inverse, float max, int64_t begin, int64_t end,
                        double running, double target) {
  int64_t found = begin;
  for (int64_t first = begin; first < end; first += 32) {
    const int64_t i = first + threadIdx.x;
    const float weight = i < end ? expf(logits[i] * inverse - max) : 0.0F;
    const double sum = running + SumUpTo(weight);
    const unsigned weighs = __ballot_sync(0xffffffffU, weight > 0);
    const unsigned exceeds = __ballot_sync(0xffffffffU, weight > 0 && sum > target);
    if (exceeds != 0) return first + __ffs(static_cast<int>(exceeds)) - 1;
    if (weighs != 0) found = first + 31 - __clz(static_cast<int>(weighs));
    running = __shfl_sync(0xffffffffU, sum, 31);
  }
  return found;
}

// A block a row; each warp has a stretch of the vocabulary.
__global__ void DrawKernel(DrawCall call) {
  __shared__ Best bests[kWarps];
  __shared__ double sums[kWarps];
  const int64_t row = blockIdx.x, width = call.width;
  const int lane = threadIdx.x, warp = threadIdx.y;
  const int64_t stretch = (width + kWarps - 1) / kWarps;
  const int64_t begin = warp * stretch < width ? warp * stretch : width;
  const int64_t end = begin + stretch < width ? begin + stretch : width;
  const float* logits = call.logits + row * width;
  const float inverse = call.inverse_temperatures[row];

  Best best{-INFINITY, width};
  for (int64_t i = begin + lane; i < end; i += 32) best = BetterOf(best, {logits[i], i});
  best = WarpBest(best);
  if (lane == 0) bests[warp] = best;
  __syncthreads();
  best = bests[0];
  for (int w = 1; w < kWarps; ++w) best = BetterOf(best, bests[w]);
  const float max = best.value * inverse;

  double sum = 0;
  for (int64_t i = begin + lane; i < end; i += 32) sum += expf(logits[i] * inverse - max);
  sum = WarpSum(sum);
  if (lane == 0) sums[warp] = sum;
  __syncthreads();
  double total = 0;
  for (int w = 0; w < kWarps; ++w) total += sums[w];

  const double uniform = call.uniforms[row];
  const double target = uniform * total;
  double running = 0;
  int chosen = 0;  // the warp in whose stretch the target lies, else the last with any weight
  double before = 0;
  for (int w = 0; w < kWarps; ++w) {
    if (sums[w] > 0) {
      chosen = w;
      before = running;
    }
    running += sums[w];
    if (running > target) break;
  }
  if (warp != chosen) return;
  int64_t token = best.id < width ? best.id : 0;  // all are NaN: so is the log-probability
  if (uniform >= 0) token = Find(logits, inverse, max, begin, end, before, target);
  if (lane != 0) return;
  call.tokens[row] = static_cast<int32_t>(token);
  call.logprobs[row] = logits[token] * inverse - max - static_cast<float>(log(total));
}

}  // namespace

void LaunchDraw(const DrawCall& call, Stream stream) {
  DrawKernel<<<static_cast<unsigned>(call.num_rows), dim3(32, kWarps), 0,
               static_cast<cudaStream_t>(stream)>>>(call);
}

}  // namespace rationale::ops::cuda
