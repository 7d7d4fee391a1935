// A decode step allocates nothing once the steps before it have warmed up, on any kind of model.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>

#include "policy/model.h"
#include "policy/ops/ops.h"
#include "rollout/engine.h"
#include "tests/rollout/allocation_counter.h"
#include "tests/rollout/architectures.h"

namespace rationale {
namespace {

using testing::TakeAllocations;

constexpr int64_t kBatch = 12;
constexpr int32_t kNewTokens = 60;  // of prompts of 20: some pages

std::vector<SampleRequest> Requests(const SamplingSettings& sampling, int64_t vocab_size) {
  std::vector<SampleRequest> requests;
  for (int64_t i = 0; i < kBatch; ++i) {
    std::vector<int32_t> prompt;
    for (int64_t t = 0; t < 20; ++t) {
      prompt.push_back(static_cast<int32_t>((i / 4 * 31 + t * 7) % vocab_size));
    }
    requests.push_back({.id = static_cast<uint64_t>(i),
                        .prompt = prompt,
                        .key = static_cast<uint64_t>(i),
                        .sampling = sampling});
    requests.back().sampling.max_new_tokens = kNewTokens;
  }
  return requests;
}

struct Count {
  int64_t steps = 0, allocations = 0;
};

// The decode steps of the whole batch after its first ones. The engine has run the same work once.
Count DecodeSteps(Model& model, const EngineOptions& options, const SamplingSettings& sampling) {
  const auto requests = Requests(sampling, model.config().vocab_size);
  Engine engine(model, nullptr, options);
  engine.Generate(requests);
  for (const SampleRequest& request : requests) engine.Submit(request);
  for (int step = 0; step < 4; ++step) engine.Step();
  Count count;
  while (engine.num_unfinished() == kBatch && count.steps < kNewTokens - 8) {
    TakeAllocations();
    engine.Step();
    count.allocations += TakeAllocations();
    ++count.steps;
  }
  engine.CancelAll();
  return count;
}

class Allocations : public ::testing::TestWithParam<std::tuple<int, at::ScalarType>> {
 protected:
  Allocations() {
    if (!testing::CountsAllocations()) return;
    const auto [index, dtype] = GetParam();
    ModelConfig config = Architectures()[static_cast<size_t>(index)].config;
    config.vocab_size = 4001;  // sizes that are worth sharing out to threads
    config.hidden_size = 256;
    config.ffn_width = 768;
    config.moe.expert_width *= 8;
    model_ = CreateModel(config, {.dtype = dtype}, 11);
  }
  void SetUp() override {
    if (model_ == nullptr) GTEST_SKIP() << "the sanitizer has its own malloc";
  }
  ~Allocations() override { ops::SetNumThreads(1); }

  std::unique_ptr<Model> model_;
};

TEST_P(Allocations, AreCounted) {
  TakeAllocations();
  const std::unique_ptr<int> one(new int(1));
  EXPECT_GE(TakeAllocations(), 1);
  const at::Tensor tensor = at::empty({3}, at::kFloat);  // values and what describes them
  EXPECT_GE(TakeAllocations(), 2);
}

TEST_P(Allocations, AreNoneInADecodeStep) {
  const std::vector<std::pair<std::string, SamplingSettings>> samplings = {
      {"plain", {}},
      {"greedy int8", {.temperature = 0}},
      {"penalised", {.repetition_penalty = 1.2, .logit_bias = {{3, 1.0F}}}}};
  for (const int num_threads : {1, 2}) {
    ops::SetNumThreads(num_threads);
    for (const auto& [name, sampling] : samplings) {
      const EngineOptions options{.max_batch = kBatch, .int8 = name == "greedy int8"};
      const Count count = DecodeSteps(*model_, options, sampling);
      EXPECT_GT(count.steps, 40);
      // A thread makes its own scratch memory when it first takes part, which may be any time.
      const int64_t scratch = num_threads == 1 ? 0 : 16;
      EXPECT_LE(count.allocations, scratch) << name << ", threads " << num_threads;
    }
  }
}

std::string NameOf(const ::testing::TestParamInfo<std::tuple<int, at::ScalarType>>& info) {
  return Architectures()[static_cast<size_t>(std::get<0>(info.param))].name +
         (std::get<1>(info.param) == at::kFloat ? "_fp32" : "_bf16");
}

INSTANTIATE_TEST_SUITE_P(Models, Allocations,
                         ::testing::Combine(::testing::Range(0, 3),
                                            ::testing::Values(at::kFloat, at::kBFloat16)),
                         NameOf);

}  // namespace
}  // namespace rationale
