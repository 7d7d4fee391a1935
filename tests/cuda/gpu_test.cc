// The GPU form of the models against transformers' numbers and against the CPU: forward, rollouts
// over the paged cache, log-probabilities and gradients. Skipped where there is no GPU.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include "base/files.h"
#include "policy/model.h"
#include "policy/safetensors.h"
#include "rollout/engine.h"
#include "rollout/gap.h"
#include "tests/rollout/requests.h"

namespace rationale {
namespace {

// T tokens, W vocabulary

std::vector<std::string> GoldenFolders() {
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(RATIONALE_SOURCE_DIR) +
                                                               "/tests/golden/models")) {
    folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// max |found - expected| / max |expected|
double Difference(const at::Tensor& found, const at::Tensor& expected) {
  return found.cpu().sub(expected).abs().max().item<double>() / expected.abs().max().item<double>();
}

class Gpu : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!at::globalContext().hasCUDA()) GTEST_SKIP() << "there is no GPU";
  }

  std::unique_ptr<Model> Load(at::Device device, at::ScalarType dtype, bool trainable = false) {
    return LoadModel(GetParam(), {.dtype = dtype, .device = device, .trainable = trainable});
  }
};

ForwardBatch WholeSequence(const at::Tensor& tokens_T, at::Device device) {
  ForwardBatch batch;
  const int64_t count = tokens_T.size(0);
  batch.tokens_T = tokens_T.to(device);
  batch.positions_T = at::arange(count, at::TensorOptions().dtype(at::kInt).device(device));
  batch.spans = {{.row = 0, .num_rows = count, .num_cached = 0, .pages = {}}};
  return batch;
}

TEST_P(Gpu, LogitsAreTransformers) {
  const at::NoGradGuard no_grad;
  const TemporaryFolder copy;
  WriteFileDurably(copy.path() + "/model.safetensors",
                   ReadFile(GetParam() + "/expected.safetensors"));
  const SafetensorsFolder expected(copy.path());
  const auto model = Load(at::kCUDA, at::kFloat);
  for (int i = 0; i < 5; ++i) {
    const at::Tensor tokens_T = expected.Get("tokens." + std::to_string(i));
    const at::Tensor logits_TW = ops::Linear(model->Hidden(WholeSequence(tokens_T, at::kCUDA)),
                                             model->head(), nullptr, true);
    EXPECT_LT(Difference(logits_TW, expected.Get("logits." + std::to_string(i))), 1e-4);
  }
}

TEST_P(Gpu, GreedyRolloutsAreTheCpus) {
  const auto on_cpu = Load(at::kCPU, at::kFloat), on_gpu = Load(at::kCUDA, at::kFloat);
  auto requests = MakeRequests(8, 2, 40, 30, on_cpu->config().vocab_size);
  for (SampleRequest& request : requests) request.sampling.temperature = 0;
  Engine cpu(*on_cpu, nullptr, {.max_batch = 5});
  Engine gpu(*on_gpu, nullptr, {.max_batch = 5, .prefill_chunk_tokens = 33});
  const auto expected = cpu.Generate(requests), found = gpu.Generate(requests);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].response, expected[i].response) << "request " << i;
  }
}

// Requests that leave at different times, so that several sizes of batch are captured.
std::vector<SampleRequest> UnevenRequests(int64_t vocab_size, double temperature) {
  auto requests = MakeRequests(10, 3, 40, 60, vocab_size);
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].sampling.temperature = temperature;
    requests[i].sampling.max_new_tokens = static_cast<int32_t>(10 + 5 * (i % 9));
  }
  return requests;
}

void ExpectSameBits(const std::vector<Rollout>& found, const std::vector<Rollout>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].response, expected[i].response) << "request " << i;
    EXPECT_EQ(found[i].logprobs, expected[i].logprobs) << "request " << i;
  }
}

TEST_P(Gpu, CapturedStepsAreTheSameBits) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const auto model = Load(at::kCUDA, dtype);
    for (const double temperature : {0.0, 1.0}) {
      const auto requests = UnevenRequests(model->config().vocab_size, temperature);
      Engine plain(*model, nullptr, {.max_batch = 9, .cuda_graphs = false});
      Engine captured(*model, nullptr, {.max_batch = 9});
      const auto expected = plain.Generate(requests);
      ExpectSameBits(captured.Generate(requests), expected);
      ExpectSameBits(captured.Generate(requests), expected);
      EXPECT_EQ(plain.num_graph_steps(), 0);
      if (dtype == at::kBFloat16 || model->config().moe.num_experts == 0) {
        EXPECT_GT(captured.num_graph_steps(), 40) << captured.why_no_graphs();
      } else {
        EXPECT_NE(captured.why_no_graphs(), "");
      }
    }
  }
}

TEST_P(Gpu, CapturedStepsFollowNewWeightsAndPages) {
  const auto model = Load(at::kCUDA, at::kBFloat16);
  const at::NoGradGuard no_grad;
  const auto requests = UnevenRequests(model->config().vocab_size, 0);
  Engine captured(*model, nullptr, {.max_batch = 9});
  const auto before = captured.Generate(requests);
  int64_t version = 0;
  const auto expect_as_plain = [&] {
    captured.SetVersion(++version);
    Engine plain(*model, nullptr, {.max_batch = 9, .cuda_graphs = false});
    const auto found = captured.Generate(requests);
    ExpectSameBits(found, plain.Generate(requests));
    return found;
  };
  for (Parameter* parameter : model->parameters()) parameter->value.mul_(1.01);  // in place
  EXPECT_NE(expect_as_plain()[0].logprobs, before[0].logprobs);
  std::vector<at::Tensor> kept;  // so that the new values are at new addresses
  for (Parameter* parameter : model->parameters()) {
    kept.push_back(parameter->value);
    parameter->value = parameter->value.mul(1.01);
  }
  expect_as_plain();
  captured.ReleaseCache();
  expect_as_plain();
}

// Sampler and learner run the same ATen calls on other shapes, so cuBLAS may choose other sums:
// rounding, not more, lies between them.
TEST_P(Gpu, TheLearnersLogprobsAreTheSamplersUpToRounding) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const auto model = Load(at::kCUDA, dtype);
    Engine engine(*model, nullptr, {.max_batch = 20, .prefill_chunk_tokens = 30, .num_pages = 60});
    const auto rollouts =
        engine.Generate(MakeRequests(12, 6, 60, 60, model->config().vocab_size, 3));
    const float gap = MaxAbsLogprobGap(*model, rollouts, 0);
    RecordProperty(dtype == at::kFloat ? "gap_float32" : "gap_bfloat16", std::to_string(gap));
    EXPECT_LT(gap, dtype == at::kFloat ? 1e-3F : 0.5F);
  }
}

// Gradients of the summed log-probabilities of a few sequences, by parameter.
std::vector<at::Tensor> Gradients(Model& model) {
  const at::Device device = model.options().device;
  for (const int64_t length : {5, 23, 40}) {
    const at::Tensor tokens_T = at::arange(length, at::kLong).mul(7).remainder(61);
    const at::Tensor hidden_TD = model.Hidden(WholeSequence(tokens_T, device));
    const std::vector<ops::RowDistribution> rows(static_cast<size_t>(length));
    ops::SelectedLogprobs(hidden_TD, model.head(), tokens_T.add(1).to(device), rows)
        .logprobs_T.sum()
        .backward();
  }
  std::vector<at::Tensor> gradients;
  for (const Parameter* parameter : model.parameters()) {
    gradients.push_back(parameter->grad.defined() ? parameter->grad.cpu() : at::Tensor());
  }
  return gradients;
}

TEST_P(Gpu, GradientsAreTheCpus) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const auto on_cpu = Load(at::kCPU, dtype, true), on_gpu = Load(at::kCUDA, dtype, true);
    const auto expected = Gradients(*on_cpu), found = Gradients(*on_gpu);
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string& name = on_cpu->parameters()[i]->name;
      ASSERT_EQ(found[i].defined(), expected[i].defined()) << name;
      if (!found[i].defined()) continue;
      EXPECT_LT(Difference(found[i], expected[i]), dtype == at::kFloat ? 1e-3 : 0.1) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Gpu, testing::ValuesIn(GoldenFolders()), [](const auto& test) {
  return std::filesystem::path(test.param).filename().string();
});

}  // namespace
}  // namespace rationale
