// PackedBatch: several prompt + response sequences as the rows of one forward pass, without
// padding.
//
// T rows of the pass, N response tokens.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/model.h"
#include "policy/ops/ops.h"

namespace rationale {

// One sequence whose response tokens are to be scored. Views into the caller's data.
struct SequenceView {
  std::span<const int32_t> prompt;    // one token at least
  std::span<const int32_t> response;  // one token at least
  float temperature = 1;
  std::span<const std::vector<int32_t>> kept =
      {};  // per response token, or empty: the whole vocabulary
};

struct PackedBatch {
  ForwardBatch forward;
  at::Tensor rows_N;      // int64: the row whose hidden state predicts each response token
  at::Tensor targets_N;   // int64: the response tokens
  at::Tensor sequence_N;  // int64: the sequence of each
  std::vector<ops::RowDistribution> distributions;  // N
  std::vector<int64_t>
      begin;  // S + 1: sequence s owns response tokens begin[s] .. begin[s + 1] - 1
};

// The rows are prompt + response of each sequence but its last token, which predicts nothing.
PackedBatch Pack(std::span<const SequenceView> sequences, at::Device device);

// Splits sequences 0 .. n-1, in order, into consecutive runs of at most `tokens_max` rows each (a
// longer single sequence is a run of its own). Returns the first index of every run, then n.
std::vector<size_t> SplitByTokens(std::span<const SequenceView> sequences, int64_t tokens_max);

// ln p of every response token under the model's present weights, [N]; see ops::SelectedLogprobs.
// The model's one forward pass, as the sampler ran it.
ops::TokenLogprobs ResponseLogprobs(Model& model, PackedBatch& batch);

}  // namespace rationale
