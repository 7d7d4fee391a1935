#include "rl/pack.h"

#include <utility>

#include <ATen/ops/empty.h>

#include "base/check.h"

namespace rationale {
namespace {

int64_t NumRows(const SequenceView& sequence) {
  return static_cast<int64_t>(sequence.prompt.size() + sequence.response.size()) - 1;
}

template <typename T>
at::Tensor ToTensor(const std::vector<T>& values, at::ScalarType dtype, at::Device device) {
  auto tensor = at::empty({static_cast<int64_t>(values.size())}, dtype);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<T>());
  return tensor.to(device);
}

}  // namespace

PackedBatch Pack(std::span<const SequenceView> sequences, at::Device device) {
  Check{!sequences.empty(), "an empty pack"};
  PackedBatch batch;
  batch.begin.push_back(0);
  std::vector<int64_t> tokens, rows, targets, sequence_of;
  std::vector<int32_t> positions;
  for (const SequenceView& sequence : sequences) {
    Check{!sequence.prompt.empty() && !sequence.response.empty(), "an empty prompt or response"};
    const auto first_row = static_cast<int64_t>(tokens.size());
    const int64_t num_rows = NumRows(sequence);
    tokens.insert(tokens.end(), sequence.prompt.begin(), sequence.prompt.end());
    tokens.insert(tokens.end(), sequence.response.begin(), sequence.response.end() - 1);
    for (int64_t i = 0; i < num_rows; ++i) positions.push_back(static_cast<int32_t>(i));
    for (size_t i = 0; i < sequence.response.size(); ++i) {
      rows.push_back(first_row + static_cast<int64_t>(sequence.prompt.size() + i) - 1);
      targets.push_back(sequence.response[i]);
      sequence_of.push_back(static_cast<int64_t>(batch.begin.size()) - 1);
      ops::RowDistribution distribution{.temperature = sequence.temperature, .kept = {}};
      if (!sequence.kept.empty()) distribution.kept = sequence.kept[i];
      batch.distributions.push_back(distribution);
    }
    batch.begin.push_back(static_cast<int64_t>(rows.size()));
    batch.forward.spans.push_back(
        {.row = first_row, .num_rows = num_rows, .num_cached = 0, .pages = {}});
  }
  batch.forward.tokens_T = ToTensor(tokens, at::kLong, device);
  batch.forward.positions_T = ToTensor(positions, at::kInt, device);
  batch.rows_N = ToTensor(rows, at::kLong, device);
  batch.targets_N = ToTensor(targets, at::kLong, device);
  batch.sequence_N = ToTensor(sequence_of, at::kLong, device);
  return batch;
}

std::vector<size_t> SplitByTokens(std::span<const SequenceView> sequences, int64_t tokens_max) {
  std::vector<size_t> starts = {0};
  int64_t tokens = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const int64_t rows = NumRows(sequences[i]);
    if (tokens > 0 && tokens + rows > tokens_max) {
      starts.push_back(i);
      tokens = 0;
    }
    tokens += rows;
  }
  starts.push_back(sequences.size());
  return starts;
}

ops::TokenLogprobs ResponseLogprobs(Model& model, PackedBatch& batch) {
  const auto hidden_ND = model.Hidden(batch.forward).index_select(0, batch.rows_N);
  return ops::SelectedLogprobs(hidden_ND, model.head(), batch.targets_N, batch.distributions);
}

}  // namespace rationale
