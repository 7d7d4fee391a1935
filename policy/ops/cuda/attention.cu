#include "policy/ops/cuda/device.cuh"

namespace rationale::ops::cuda {
namespace {

constexpr int kWarps = 4;

// The token's place among the rows, or among the slots of the pages.
__device__ int64_t PlaceOf(const RowPlaces& places, int sequence, int64_t token) {
  if (places.pages == nullptr) return places.first_row[sequence] + token;
  const int32_t page = places.pages[places.page_start[sequence] + token / places.page_tokens];
  return page * places.page_tokens + token % places.page_tokens;
}

template <typename T>
__global__ void WritePagesKernel(RowsView x, int64_t heads, RowPlaces places, T* pages) {
  const int64_t row = blockIdx.x, elements = heads * x.width;
  if (places.position[row] < 0) return;
  const int64_t slot = PlaceOf(places, places.sequence[row], places.position[row]);
  for (int64_t i = threadIdx.x; i < elements; i += blockDim.x) {
    pages[slot * elements + i] = RowAt<T>(x, row * heads + i / x.width)[i % x.width];
  }
}

// softmax(q k^T) v so far: the greatest score, the sum of exp(score - greatest), and a lane's share
// of the values' sum. Milakov & Gimelshein 2018.
template <int kValues>
struct Partial {
  float greatest, sum;
  float values[kValues];

  __device__ void Clear() {
    greatest = -INFINITY;
    sum = 0;
    for (float& value : values) value = 0;
  }

  __device__ void ScaleTo(float new_greatest) {
    const float factor = greatest == new_greatest ? 1.0F : expf(greatest - new_greatest);
    greatest = new_greatest;
    sum *= factor;
    for (float& value : values) value *= factor;
  }
};

// Adds up to kAtOnce keys, from token `next` on and each kWarps after the last, to a warp's partial
// sums: one key alone would wait for memory most of the time.
template <typename T, int kAtOnce, int kKeys, int kValues>
__device__ void AddKeys(const AttentionCall& call, int sequence, int64_t kv_head, int64_t next,
                        int64_t position, const float (&q)[kKeys], Partial<kValues>* own) {
  const int lane = threadIdx.x;
  const T *keys[kAtOnce], *values[kAtOnce];
  float scores[kAtOnce], greatest = own->greatest;
#pragma unroll
  for (int j = 0; j < kAtOnce; ++j) {
    const int64_t token = next + j * kWarps;
    const int64_t place = PlaceOf(call.places, sequence, token <= position ? token : position);
    keys[j] = static_cast<const T*>(call.keys.data) + place * call.keys.token_stride +
              kv_head * call.keys.head_stride;
    values[j] = static_cast<const T*>(call.values.data) + place * call.values.token_stride +
                kv_head * call.values.head_stride;
  }
#pragma unroll
  for (int j = 0; j < kAtOnce; ++j) {
    scores[j] = 0;
#pragma unroll
    for (int i = 0; i < kKeys; ++i) {
      const int column = lane + 32 * i;
      if (column < call.key_width) scores[j] += q[i] * Widen(keys[j][column]);
    }
  }
#pragma unroll
  for (int j = 0; j < kAtOnce; ++j) {
    scores[j] = WarpSum(scores[j]);
    if (next + j * kWarps > position) scores[j] = -INFINITY;  // no such key: it weighs nothing
    greatest = fmaxf(greatest, scores[j]);
  }
  own->ScaleTo(greatest);
#pragma unroll
  for (int j = 0; j < kAtOnce; ++j) {
    const float weight = expf(scores[j] - greatest);
    own->sum += weight;
#pragma unroll
    for (int i = 0; i < kValues; ++i) {
      const int column = lane + 32 * i;
      if (column < call.value_width) own->values[i] += weight * Widen(values[j][column]);
    }
  }
}

// A block a row and query head; its warps take keys in turn, a key's elements are spread over the
// lanes. kKeys, kValues: elements a lane holds of a key and of a value.
template <typename T, int kKeys, int kValues>
__global__ void AttentionKernel(AttentionCall call) {
  constexpr int kAtOnce = kKeys <= 8 ? 4 : 2;
  const int64_t row = blockIdx.x, head = blockIdx.y;
  const int lane = threadIdx.x, warp = threadIdx.y;
  const int sequence = call.places.sequence[row];
  const int64_t position = call.places.position[row], kv_head = head / call.group;
  const T* query =
      static_cast<const T*>(call.q.data) + row * call.q.token_stride + head * call.q.head_stride;
  float q[kKeys];
  for (int i = 0; i < kKeys; ++i) {
    const int64_t column = lane + 32 * i;
    q[i] = column < call.key_width ? Widen(query[column]) * call.scale : 0.0F;
  }
  Partial<kValues> own;
  own.Clear();
  const int64_t first = call.window > 0 && position >= call.window ? position - call.window + 1 : 0;
  for (int64_t next = first + warp; next <= position; next += kWarps * kAtOnce) {
    AddKeys<T, kAtOnce>(call, sequence, kv_head, next, position, q, &own);
  }

  __shared__ Partial<kValues> all[kWarps][32];
  all[warp][lane] = own;
  __syncthreads();
  if (warp != 0) return;
  float greatest = own.greatest;
  for (int w = 1; w < kWarps; ++w) greatest = fmaxf(greatest, all[w][lane].greatest);
  own.ScaleTo(greatest);
  for (int w = 1; w < kWarps; ++w) {
    Partial<kValues> other = all[w][lane];
    if (other.sum == 0) continue;  // the warp had no key
    other.ScaleTo(greatest);
    own.sum += other.sum;
    for (int i = 0; i < kValues; ++i) own.values[i] += other.values[i];
  }
  T* out = static_cast<T*>(call.out) + (row * call.heads + head) * call.value_width;
  for (int i = 0; i < kValues; ++i) {
    const int64_t column = lane + 32 * i;
    if (column < call.value_width)
      Store(out + column, position < 0 ? 0.0F : own.values[i] / own.sum);
  }
}

template <typename T, int kKeys, int kValues>
void Launch(const AttentionCall& call, Stream stream) {
  const dim3 grid(static_cast<unsigned>(call.places.num_rows), static_cast<unsigned>(call.heads));
  AttentionKernel<T, kKeys, kValues>
      <<<grid, dim3(32, kWarps), 0, static_cast<cudaStream_t>(stream)>>>(call);
}

}  // namespace

void LaunchWritePages(bool bf16, const RowsView& x, int64_t heads, const RowPlaces& places,
                      void* pages, Stream stream) {
  WithElement(bf16, [&]<typename T>(T) {
    WritePagesKernel<T>
        <<<static_cast<unsigned>(places.num_rows), 128, 0, static_cast<cudaStream_t>(stream)>>>(
            x, heads, places, static_cast<T*>(pages));
  });
}

void LaunchAttention(bool bf16, const AttentionCall& call, Stream stream) {
  const int64_t widest = call.key_width > call.value_width ? call.key_width : call.value_width;
  WithElement(bf16, [&]<typename T>(T) {
    if (widest <= 64) {
      Launch<T, 2, 2>(call, stream);
    } else if (widest <= 128) {
      Launch<T, 4, 4>(call, stream);
    } else if (widest <= 256) {
      Launch<T, 8, 8>(call, stream);
    } else {
      Launch<T, kKeyWidthMax / 32, kValueWidthMax / 32>(call, stream);
    }
  });
}

}  // namespace rationale::ops::cuda
