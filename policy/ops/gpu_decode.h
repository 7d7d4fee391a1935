// gpu_decode: what makes decode steps fast on a GPU: rows' places sent once a forward pass, passes
// captured as CUDA graphs, tokens drawn where the logits are. A CPU has none of it.
//
// A decode step of a small model is hundreds of short kernels, and launching them takes the host
// longer than the GPU runs: a captured graph is one launch. Its kernels and their inputs' addresses
// are fixed, so that a batch is padded to one of a few sizes with rows at no position, and all that
// changes (tokens, positions, page tables) is written to one buffer.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/ops/ops.h"

namespace rationale::ops {

// Until its end the calling thread's Attention on the GPU takes its rows' places from here; `spans`
// must be those it is called with. Does nothing for a CPU, where gradients are recorded, or within
// another one.
class SpansOnDevice {
 public:
  SpansOnDevice(std::span<const SequenceSpan> spans, bool cached, at::Device device);
  ~SpansOnDevice();
  SpansOnDevice(const SpansOnDevice&) = delete;
  SpansOnDevice& operator=(const SpansOnDevice&) = delete;

  // Whether the rows' places are on the GPU, for Attention calls without spans, and the host must
  // not wait for the GPU: within DecodeGraphs::Run.
  static bool Only();

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

// The rows of a decode step: spans cover them in order, their pages are of one cache.
struct DecodeRows {
  std::span<const int64_t> tokens;
  std::span<const int32_t> positions;
  std::span<const SequenceSpan> spans;
};

class DecodeGraphs {
 public:
  // A forward pass over tokens int64 [R] and positions int32 [R], Attention without spans, gives
  // [R, D]. The same kernels whatever the values.
  using Forward =
      std::function<at::Tensor(const at::Tensor& tokens_R, const at::Tensor& positions_R)>;

  // Without `capture` the same passes, padded alike, are launched kernel by kernel.
  DecodeGraphs(at::Device device, bool capture);
  ~DecodeGraphs();

  // forward's rows of `rows`; overwritten by the next Run. `reads`: the addresses of the weights
  // and pages that forward uses; others than at the last call, and all is captured anew. A size is
  // captured at its third use. Undefined where a pass needs the host in its middle and cannot be
  // captured: why_not() says why, and the pass is the caller's to run in the plain way.
  at::Tensor Run(const DecodeRows& rows, std::vector<const void*> reads, const Forward& forward);

  int64_t num_replays() const;
  const std::string& why_not() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// How one row of logits is drawn from: the greatest where `uniform` < 0, else by inversion.
struct RowDraw {
  double uniform = -1;
  float inverse_temperature = 1;
};
struct RowDrawn {
  int32_t token = 0;
  float logprob = 0;  // at the row's temperature
};

// A token of each row of float32 logits [R, W] on a GPU. Waits for the GPU.
std::vector<RowDrawn> DrawOnDevice(const at::Tensor& logits_RW, std::span<const RowDraw> rows);

}  // namespace rationale::ops
