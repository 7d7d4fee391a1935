// FakeModel: a Model whose hidden state is a hash of what the paged cache really holds, so that any
// error of scheduling (a page lost, stale, shared too long, a position skipped) changes the
// samples.

#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "base/check.h"
#include "base/philox.h"
#include "policy/model.h"

namespace rationale {

class FakeModel final : public Model {
 public:
  static constexpr int64_t kWidth = 8;
  static constexpr int64_t kExperts = 4;

  explicit FakeModel(int64_t vocab_size, int64_t max_position = 4096) {
    config_.vocab_size = vocab_size;
    config_.hidden_size = kWidth;
    config_.max_position = max_position;
    head_.name = "head";
    head_.sizes = {vocab_size, kWidth};
    head_.value = at::empty({vocab_size, kWidth}, at::kFloat);
    auto* values = head_.value.mutable_data_ptr<float>();
    PhiloxStream random(17);
    for (int64_t i = 0; i < vocab_size * kWidth; ++i)
      values[i] = static_cast<float>(3 * random.Uniform() - 1.5);
  }

  // The "weights": part of every key written to the cache and of every hidden state.
  void SetWeights(int64_t weights) { weights_ = weights; }

  // Rows that went through Hidden with a cache.
  int64_t num_cached_rows() const { return num_cached_rows_; }

  const ModelConfig& config() const override { return config_; }
  const ModelOptions& options() const override { return options_; }
  Parameter& head() override { return head_; }
  std::vector<Parameter*> parameters() override { return {&head_}; }
  std::vector<at::Tensor>& router_biases() override { return router_biases_; }
  int64_t KvBytesPerToken() const override { return 2 * 4; }

  KvPool MakeKvPool(int64_t num_pages) const override {
    KvPool pool;
    pool.num_pages = num_pages;
    pool.layers.push_back(
        {.keys = at::zeros({num_pages, ops::kPageTokens, 1, 2}, at::kFloat), .values = {}});
    return pool;
  }

  at::Tensor Hidden(const ForwardBatch& batch) override {
    const int64_t num_rows = batch.tokens_T.size(0);
    at::Tensor hidden_TD = at::empty({num_rows, kWidth}, at::kFloat);
    at::Tensor experts_TA = at::empty({num_rows, 2}, at::kInt);
    int64_t next_row = 0;
    for (const ops::SequenceSpan& span : batch.spans) {
      Check{span.row == next_row, "spans do not cover the rows"};
      next_row += span.num_rows;
      if (batch.kv != nullptr)
        WriteKeys(batch, span);  // all before any is read, as the attention op does
    }
    Check{next_row == num_rows, "rows without a sequence"};
    for (const ops::SequenceSpan& span : batch.spans) {
      HashRows(batch, span, hidden_TD.mutable_data_ptr<float>(),
               experts_TA.mutable_data_ptr<int32_t>());
    }
    if (batch.kv != nullptr) num_cached_rows_ += num_rows;
    if (batch.router != nullptr && batch.router->record_experts)
      batch.router->experts_TA = {{}, experts_TA};
    return hidden_TD;
  }

 private:
  struct Key {
    float token, weights;
  };

  static Key& CachedKey(const ForwardBatch& batch, const ops::SequenceSpan& span,
                        int64_t position) {
    const int32_t page = span.pages.at(static_cast<size_t>(position / ops::kPageTokens));
    Check{page >= 0 && page < batch.kv->num_pages, "page ", page, " of ", batch.kv->num_pages};
    auto* keys = static_cast<Key*>(batch.kv->layers[0].keys.mutable_data_ptr());
    return keys[page * ops::kPageTokens + position % ops::kPageTokens];
  }

  Key OwnKey(const ForwardBatch& batch, int64_t row) const {
    const int64_t token = batch.tokens_T.const_data_ptr<int64_t>()[row];
    return {static_cast<float>(token + 1), static_cast<float>(weights_ + 1)};
  }

  void WriteKeys(const ForwardBatch& batch, const ops::SequenceSpan& span) const {
    for (int64_t i = 0; i < span.num_rows; ++i) {
      CachedKey(batch, span, span.num_cached + i) = OwnKey(batch, span.row + i);
    }
  }

  void HashRows(const ForwardBatch& batch, const ops::SequenceSpan& span, float* hidden,
                int32_t* experts) const {
    const auto* positions = batch.positions_T.const_data_ptr<int32_t>();
    uint64_t hash = 0;
    for (int64_t position = 0; position < span.num_cached + span.num_rows; ++position) {
      const Key key = batch.kv != nullptr ? CachedKey(batch, span, position)
                                          : OwnKey(batch, span.row + position);
      hash =
          DeriveKey({hash, static_cast<uint64_t>(key.token), static_cast<uint64_t>(key.weights)});
      if (position < span.num_cached) continue;
      const int64_t row = span.row + position - span.num_cached;
      Check{positions[row] == position, "row ", row, " is at ", position, ", not ", positions[row]};
      for (int64_t d = 0; d < kWidth; ++d) {
        hidden[row * kWidth + d] =
            static_cast<float>(2 * Uniform(hash, static_cast<uint64_t>(d)) - 1);
      }
      experts[2 * row] = static_cast<int32_t>(hash % kExperts);
      experts[2 * row + 1] = static_cast<int32_t>(hash / kExperts % kExperts);
    }
  }

  ModelConfig config_;
  ModelOptions options_;
  Parameter head_;
  std::vector<at::Tensor> router_biases_;
  int64_t weights_ = 0;
  int64_t num_cached_rows_ = 0;
};

}  // namespace rationale
