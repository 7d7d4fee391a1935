// The parts of gpu_decode.h that need CUDA's headers: captured passes, draws, torch's stream.

#include <algorithm>
#include <bit>
#include <cstring>
#include <exception>
#include <map>
#include <optional>
#include <utility>

#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "base/check.h"
#include "base/error.h"
#include "policy/ops/cuda/rows_on_device.h"
#include "policy/ops/gpu_decode.h"

namespace rationale::ops {
namespace {

constexpr int kUsesBeforeCapture = 2;

// Rows a batch is padded to: exact up to 8, then in steps of an eighth of the next power of two.
int64_t PaddedRows(int64_t num_rows) {
  const auto power = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(num_rows)));
  const int64_t step = std::max<int64_t>(1, power / 8);
  return (num_rows + step - 1) / step * step;
}

at::Tensor Pinned(int64_t count, at::ScalarType dtype) {
  return at::empty({count}, at::TensorOptions().dtype(dtype).pinned_memory(true));
}

// All that changes from step to step, as int32: the tokens in two each, positions (0 where there
// is no row), then cuda::PlacesOf's.
std::vector<int32_t> ListOf(const DecodeRows& rows, int64_t padded) {
  const auto count = static_cast<size_t>(padded);
  std::vector<int32_t> list(3 * count, 0);
  std::memcpy(list.data(), rows.tokens.data(), rows.tokens.size_bytes());
  std::copy(rows.positions.begin(), rows.positions.end(), list.begin() + 2 * padded);
  const std::vector<int32_t> places = cuda::PlacesOf(rows.spans, padded);
  list.insert(list.end(), places.begin(), places.end());
  return list;
}

}  // namespace

struct DecodeGraphs::State {
  struct Size {
    int uses = 0;
    std::unique_ptr<at::cuda::CUDAGraph> graph = {};
    at::Tensor hidden_RD = {};  // the graph's result
  };

  at::Device device;
  bool capture = false;
  std::string why_not = {};
  int64_t num_replays = 0;
  std::vector<const void*> reads = {};
  at::Tensor on_host = {}, on_gpu = {};  // int32: a step's list
  std::map<int64_t, Size> sizes = {};    // by padded rows

  // The addresses the graphs were made for are no longer all true.
  void Forget() {
    c10::cuda::device_synchronize();
    sizes.clear();
  }

  void Send(const std::vector<int32_t>& list) {
    const auto count = static_cast<int64_t>(list.size());
    if (!on_gpu.defined() || on_gpu.numel() < count) {
      Forget();
      on_host = Pinned(2 * count, at::kInt);
      on_gpu = at::empty({2 * count}, at::TensorOptions().dtype(at::kInt).device(device));
    }
    // The last step's copy is over: its tokens have been waited for.
    std::memcpy(on_host.mutable_data_ptr(), list.data(), list.size() * sizeof(int32_t));
    on_gpu.narrow(0, 0, count).copy_(on_host.narrow(0, 0, count), /*non_blocking=*/true);
  }

  at::Tensor Launch(int64_t padded, const Forward& forward) const {
    const int32_t* places = on_gpu.const_data_ptr<int32_t>() + 3 * padded;
    const cuda::PlacesScope scope(cuda::PlacesAt(places, padded, /*cached=*/true), /*only=*/true);
    return forward(on_gpu.narrow(0, 0, 2 * padded).view(at::kLong),
                   on_gpu.narrow(0, 2 * padded, padded));
  }

  // False, with the reason kept: it cannot be captured.
  bool Capture(int64_t padded, const Forward& forward) {
    Size& size = sizes[padded];
    c10::cuda::device_synchronize();
    const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    const c10::MempoolId_t pool = PoolOfAny();
    graph->capture_begin(pool, cudaStreamCaptureModeThreadLocal);
    try {
      size.hidden_RD = Launch(padded, forward);
    } catch (const std::exception& error) {
      why_not = error.what();
    }
    try {
      graph->capture_end();
    } catch (const std::exception& error) {
      if (why_not.empty()) why_not = error.what();
      c10::cuda::CUDACachingAllocator::endAllocateToPool(device.index(), graph->pool());
    }
    if (!why_not.empty()) return false;
    size.graph = std::move(graph);
    return true;
  }

  // All graphs share one pool of memory: they run one after the other, and a result is read before
  // the next one runs.
  c10::MempoolId_t PoolOfAny() const {
    for (const auto& [padded, size] : sizes) {
      if (size.graph != nullptr) return size.graph->pool();
    }
    return {0, 0};
  }
};

DecodeGraphs::DecodeGraphs(at::Device device, bool capture)
    : state_(new State{.device = device, .capture = capture}) {
  Check{device.is_cuda(), "decode graphs without a GPU"};
  if (!device.has_index()) {
    state_->device = at::Device(at::kCUDA, c10::cuda::current_device());
  }
}

DecodeGraphs::~DecodeGraphs() = default;

at::Tensor DecodeGraphs::Run(const DecodeRows& rows, std::vector<const void*> reads,
                             const Forward& forward) {
  State& state = *state_;
  if (!state.why_not.empty()) return {};
  const auto num_rows = static_cast<int64_t>(rows.tokens.size());
  const int64_t padded = PaddedRows(num_rows);
  if (reads != state.reads) {
    state.Forget();
    state.reads = std::move(reads);
  }
  state.Send(ListOf(rows, padded));
  State::Size& size = state.sizes[padded];
  const bool ready =
      size.graph != nullptr || (state.capture && state.why_not.empty() &&
                                size.uses >= kUsesBeforeCapture && state.Capture(padded, forward));
  ++size.uses;
  if (!ready) {
    try {
      return state.Launch(padded, forward).narrow(0, 0, num_rows);
    } catch (const Error& error) {
      state.why_not = error.what();
      return {};
    }
  }
  size.graph->replay();
  ++state.num_replays;
  return size.hidden_RD.narrow(0, 0, num_rows);
}

int64_t DecodeGraphs::num_replays() const {
  return state_->num_replays;
}

const std::string& DecodeGraphs::why_not() const {
  return state_->why_not;
}

std::vector<RowDrawn> DrawOnDevice(const at::Tensor& logits_RW, std::span<const RowDraw> rows) {
  const int64_t count = logits_RW.size(0);
  Check{logits_RW.is_cuda() && logits_RW.scalar_type() == at::kFloat && logits_RW.is_contiguous() &&
            static_cast<int64_t>(rows.size()) == count,
        "draws from logits ", logits_RW.sizes()};
  if (count == 0) return {};
  // uniforms, then inverse temperatures in half a place each; back come tokens and
  // log-probabilities
  const at::Tensor sent = Pinned(2 * count, at::kDouble), got = Pinned(2 * count, at::kInt);
  auto* uniforms = sent.mutable_data_ptr<double>();
  for (size_t r = 0; r < rows.size(); ++r) {
    uniforms[r] = rows[r].uniform;
    std::memcpy(reinterpret_cast<char*>(uniforms + count) + r * sizeof(float),
                &rows[r].inverse_temperature, sizeof(float));
  }
  const at::Tensor on_gpu = at::empty({2 * count}, logits_RW.options().dtype(at::kDouble));
  const at::Tensor drawn = at::empty({2 * count}, logits_RW.options().dtype(at::kInt));
  on_gpu.copy_(sent, /*non_blocking=*/true);
  cuda::LaunchDraw({.logits = logits_RW.const_data_ptr<float>(),
                    .num_rows = count,
                    .width = logits_RW.size(1),
                    .uniforms = on_gpu.const_data_ptr<double>(),
                    .inverse_temperatures = static_cast<const float*>(
                        static_cast<const void*>(on_gpu.const_data_ptr<double>() + count)),
                    .tokens = drawn.mutable_data_ptr<int32_t>(),
                    .logprobs = static_cast<float*>(
                        static_cast<void*>(drawn.mutable_data_ptr<int32_t>() + count))},
                   cuda::CurrentStream());
  const char* error = cuda::LaunchError();
  Check{error == nullptr, "drawing on the GPU: ", error == nullptr ? "" : error};
  got.copy_(drawn);
  std::vector<RowDrawn> result(rows.size());
  const auto* tokens = got.const_data_ptr<int32_t>();
  for (size_t r = 0; r < rows.size(); ++r) {
    result[r].token = tokens[r];
    std::memcpy(&result[r].logprob, tokens + count + static_cast<int64_t>(r), sizeof(float));
  }
  return result;
}

namespace cuda {

Stream CurrentStream() {
  return c10::cuda::getCurrentCUDAStream().stream();
}

}  // namespace cuda
}  // namespace rationale::ops
