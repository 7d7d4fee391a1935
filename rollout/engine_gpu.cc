// Engine: the steps that a GPU does in its own way: decoding as CUDA graphs, draws on the device.

#include <algorithm>
#include <utility>
#include <vector>

#include "policy/ops/gpu_decode.h"
#include "rollout/engine.h"

namespace rationale {

// Of a step of decoding rows alone, on a GPU; undefined for others.
at::Tensor Engine::DecodeForward(const StepPlan& plan) {
  const bool decodes_only = plan.fills.empty() && plan.num_rows() == plan.num_decode_rows;
  if (!graphs_ || !decodes_only || num_keep_experts_ > 0) return {};
  std::vector<const void*> reads;
  const auto add = [&](const at::Tensor& x) {
    reads.push_back(x.defined() ? x.const_data_ptr() : nullptr);
  };
  for (const Parameter* parameter : model_.parameters()) add(parameter->value);
  for (const at::Tensor& bias_E : model_.router_biases()) add(bias_E);
  for (const ops::KvLayer& layer : kv_.layers) {
    add(layer.keys);
    add(layer.values);
  }
  return graphs_->Run(
      {.tokens = plan.tokens, .positions = plan.positions, .spans = plan.batch.spans},
      std::move(reads), [&](const at::Tensor& tokens_R, const at::Tensor& positions_R) {
        ForwardBatch batch;
        batch.tokens_T = tokens_R;
        batch.positions_T = positions_R;
        batch.kv = &kv_;
        return model_.Hidden(batch);
      });
}

// Whether all rows are on a GPU and drawn in a way that it can.
bool Engine::DrawsOnDevice(const StepPlan& plan) const {
  return graphs_ && std::ranges::all_of(plan.draws, [](const StepPlan::Draw& draw) {
           return draw.sequence->sampler.PlainDraw(0, 0).has_value();
         });
}

void Engine::DrawOnDevice(const StepPlan& plan, const at::Tensor& logits_RW) {
  std::vector<ops::RowDraw> rows;
  for (const StepPlan::Draw& draw : plan.draws) {
    const Sequence& sequence = *draw.sequence;
    const auto position = static_cast<int64_t>(sequence.rollout.response.size());
    for (int64_t i = 0; i < draw.num_rows; ++i) {
      rows.push_back(*sequence.sampler.PlainDraw(sequence.key, position + i));
    }
  }
  const std::vector<ops::RowDrawn> drawn = ops::DrawOnDevice(logits_RW, rows);
  for (size_t r = 0; r < drawn.size(); ++r) {
    drawn_[r] = {.token = drawn[r].token, .logprob = drawn[r].logprob, .kept = {}};
  }
}

}  // namespace rationale
