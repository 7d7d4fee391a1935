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

// A block a row and query head; its warps take keys in turn, a key's elements are spread over the
// lanes. kKeys, kValues: elements a lane holds of a key and of a value.
template <typename T, int kKeys, int kValues>
__global__ void AttentionKernel(AttentionCall call) {
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
  for (int64_t token = first + warp; token <= position; token += kWarps) {
    const int64_t place = PlaceOf(call.places, sequence, token);
    const T* key = static_cast<const T*>(call.keys.data) + place * call.keys.token_stride +
                   kv_head * call.keys.head_stride;
    const T* value = static_cast<const T*>(call.values.data) + place * call.values.token_stride +
                     kv_head * call.values.head_stride;
    float score = 0;
    for (int i = 0; i < kKeys; ++i) {
      const int64_t column = lane + 32 * i;
      if (column < call.key_width) score += q[i] * Widen(key[column]);
    }
    score = WarpSum(score);
    if (score > own.greatest) own.ScaleTo(score);
    const float weight = expf(score - own.greatest);
    own.sum += weight;
    for (int i = 0; i < kValues; ++i) {
      const int64_t column = lane + 32 * i;
      if (column < call.value_width) own.values[i] += weight * Widen(value[column]);
    }
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
    if (column < call.value_width) Store(out + column, own.values[i] / own.sum);
  }
}

template <typename T, int kKeys, int kValues>
void Launch(const AttentionCall& call) {
  const dim3 grid(static_cast<unsigned>(call.places.num_rows), static_cast<unsigned>(call.heads));
  AttentionKernel<T, kKeys, kValues><<<grid, dim3(32, kWarps)>>>(call);
}

}  // namespace

void LaunchWritePages(bool bf16, const RowsView& x, int64_t heads, const RowPlaces& places,
                      void* pages) {
  WithElement(bf16, [&]<typename T>(T) {
    WritePagesKernel<T>
        <<<static_cast<unsigned>(places.num_rows), 128>>>(x, heads, places, static_cast<T*>(pages));
  });
}

void LaunchAttention(bool bf16, const AttentionCall& call) {
  const int64_t widest = call.key_width > call.value_width ? call.key_width : call.value_width;
  WithElement(bf16, [&]<typename T>(T) {
    if (widest <= 64) {
      Launch<T, 2, 2>(call);
    } else if (widest <= 128) {
      Launch<T, 4, 4>(call);
    } else if (widest <= 256) {
      Launch<T, 8, 8>(call);
    } else {
      Launch<T, kKeyWidthMax / 32, kValueWidthMax / 32>(call);
    }
  });
}

}  // namespace rationale::ops::cuda
