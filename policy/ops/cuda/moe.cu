#include "policy/ops/cuda/device.cuh"

namespace rationale::ops::cuda {
namespace {

constexpr unsigned kAllLanes = 0xffffffffU;

template <typename T>
__global__ void CombineKernel(const T* x_SD, const int32_t* slots_TA, const float* weights_TA,
                              int64_t choices, int64_t width, T* y_TD) {
  const int64_t token = blockIdx.x;
  for (int64_t i = threadIdx.x; i < width; i += blockDim.x) {
    float sum = 0;
    for (int64_t a = 0; a < choices; ++a) {
      const int64_t choice = token * choices + a;
      sum += weights_TA[choice] * Widen(x_SD[slots_TA[choice] * width + i]);
    }
    Store(y_TD + token * width + i, sum);
  }
}

// The place of the warp's greatest value, ties to the lower place.
__device__ int GreatestOf(float value, int place) {
  for (int step = 16; step > 0; step /= 2) {
    const float other = __shfl_xor_sync(kAllLanes, value, step);
    const int other_place = __shfl_xor_sync(kAllLanes, place, step);
    if (other > value || (other == value && other_place < place)) {
      value = other;
      place = other_place;
    }
  }
  return place;
}

// The lowest place of the greatest of values[0 .. count), found by the warp together.
__device__ int PlaceOfGreatest(const float* values, int count) {
  float best = -INFINITY;
  int place = count;
  for (int i = threadIdx.x; i < count; i += 32) {
    if (values[i] > best || place == count) {
      best = values[i];
      place = i;
    }
  }
  return GreatestOf(best, place);
}

// scores[0 .. E) of the gate: a sigmoid each, or the softmax.
__device__ void GateScores(const RouteCall& call, const float* logits, float* scores) {
  const int experts = static_cast<int>(call.num_experts);
  float greatest = -INFINITY, sum = 0;
  if (!call.sigmoid) {
    greatest = logits[PlaceOfGreatest(logits, experts)];
    for (int e = threadIdx.x; e < experts; e += 32) sum += expf(logits[e] - greatest);
    sum = WarpSum(sum);
  }
  for (int e = threadIdx.x; e < experts; e += 32) {
    scores[e] = call.sigmoid ? 1 / (1 + expf(-logits[e])) : expf(logits[e] - greatest) / sum;
  }
}

// Experts outside the best groups get -infinity.
__device__ void LimitToGroups(const RouteCall& call, float* choice) {
  const int size = static_cast<int>(call.num_experts / call.num_groups);
  const int group = threadIdx.x;
  float score = -INFINITY;
  if (group < call.num_groups) {
    float best = -INFINITY, second = -INFINITY;
    for (int e = group * size; e < (group + 1) * size; ++e) {
      if (choice[e] > best) {
        second = best;
        best = choice[e];
      } else if (choice[e] > second) {
        second = choice[e];
      }
    }
    score = call.best_two && size > 1 ? best + second : best;
  }
  bool allowed = false;
  for (int64_t k = 0; k < call.top_groups; ++k) {
    const bool left = group < call.num_groups && !allowed;
    const int best = GreatestOf(left ? score : -INFINITY, left ? group : 32 + group);
    if (best == group) allowed = true;
  }
  if (group < call.num_groups && !allowed) {
    for (int e = group * size; e < (group + 1) * size; ++e) choice[e] = -INFINITY;
  }
}

// A warp a token: its experts, best first, and their weights.
__global__ void ChooseKernel(RouteCall call) {
  extern __shared__ float shared[];
  float *scores = shared, *choice = shared + call.num_experts;
  const int experts = static_cast<int>(call.num_experts);
  const int64_t token = blockIdx.x;
  GateScores(call, call.logits + token * experts, scores);
  for (int e = threadIdx.x; e < experts; e += 32) {
    choice[e] = scores[e] + (call.bias != nullptr ? call.bias[e] : 0.0F);
  }
  __syncwarp();
  if (call.num_groups > 1) LimitToGroups(call, choice);
  __syncwarp();
  float sum = call.sigmoid ? 1e-20F : 0.0F;
  for (int64_t a = 0; a < call.choices; ++a) {
    const int expert = PlaceOfGreatest(choice, experts);
    __syncwarp();
    if (threadIdx.x == 0) {
      choice[expert] = -INFINITY;
      call.experts[token * call.choices + a] = expert;
      call.weights[token * call.choices + a] = scores[expert];
    }
    sum += scores[expert];
    __syncwarp();
  }
  for (int64_t a = threadIdx.x; a < call.choices; a += 32) {
    float* weight = call.weights + token * call.choices + a;
    *weight = (call.normalise ? *weight / sum : *weight) * call.scale;
  }
}

constexpr int kSortWarps = 32;

// One block, a warp an expert at a time: the rows sorted by expert, within an expert by token.
__global__ void SortKernel(RouteCall call) {
  __shared__ int64_t begin[kExpertsMax + 1];
  const int lane = threadIdx.x, warp = threadIdx.y;
  const int64_t num_rows = call.num_tokens * call.choices;
  // Calls f(row, rank among the expert's rows) for each row of the expert, returns their number.
  const auto for_rows_of = [&](int64_t expert, auto&& f) {
    int64_t count = 0;
    for (int64_t first = 0; first < num_rows; first += 32) {
      const int64_t row = first + lane;
      const bool here = row < num_rows && call.experts[row] == expert;
      const unsigned all = __ballot_sync(kAllLanes, here);
      if (here) f(row, count + __popc(all & ((1U << lane) - 1)));
      count += __popc(all);
    }
    return count;
  };
  for (int64_t expert = warp; expert < call.num_experts; expert += kSortWarps) {
    const int64_t count = for_rows_of(expert, [](int64_t, int64_t) {});
    if (lane == 0) begin[expert + 1] = count;
  }
  __syncthreads();
  if (warp == 0 && lane == 0) {
    begin[0] = 0;
    for (int64_t e = 0; e < call.num_experts; ++e) begin[e + 1] += begin[e];
  }
  __syncthreads();
  for (int64_t expert = warp; expert < call.num_experts; expert += kSortWarps) {
    if (lane == 0) {
      call.offsets[expert] = begin[expert];
      call.ends[expert] = static_cast<int32_t>(begin[expert + 1]);
      if (expert == 0) call.offsets[call.num_experts] = num_rows;
    }
    for_rows_of(expert, [&](int64_t row, int64_t rank) {
      const int64_t slot = begin[expert] + rank;
      call.slot_token[slot] = static_cast<int32_t>(row / call.choices);
      call.slot_of[row] = static_cast<int32_t>(slot);
    });
  }
}

}  // namespace

void LaunchCombine(bool bf16, const void* x_SD, const int32_t* slots_TA, const float* weights_TA,
                   int64_t num_tokens, int64_t choices, int64_t width, void* y_TD, Stream stream) {
  WithElement(bf16, [&]<typename T>(T) {
    CombineKernel<T>
        <<<static_cast<unsigned>(num_tokens), 128, 0, static_cast<cudaStream_t>(stream)>>>(
            static_cast<const T*>(x_SD), slots_TA, weights_TA, choices, width,
            static_cast<T*>(y_TD));
  });
}

void LaunchRoute(const RouteCall& call, Stream stream) {
  const size_t shared_bytes = 2 * static_cast<size_t>(call.num_experts) * sizeof(float);
  ChooseKernel<<<static_cast<unsigned>(call.num_tokens), 32, shared_bytes,
                 static_cast<cudaStream_t>(stream)>>>(call);
  SortKernel<<<1, dim3(32, kSortWarps), 0, static_cast<cudaStream_t>(stream)>>>(call);
}

}  // namespace rationale::ops::cuda
