#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include "base/error.h"
#include "base/files.h"
#include "policy/model.h"
#include "policy/safetensors.h"

namespace rationale {
namespace {

// T tokens, W vocabulary

// Small models of every family and what transformers computes with them in float32, written by
// scripts/compare_with_transformers.py --write-goldens.
std::vector<std::string> GoldenFolders() {
  std::vector<std::string> folders;
  const std::string golden = std::string(RATIONALE_SOURCE_DIR) + "/tests/golden/models";
  for (const auto& entry : std::filesystem::directory_iterator(golden)) {
    folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// expected.safetensors is read as a folder of its own.
class Expected {
 public:
  explicit Expected(const std::string& folder) {
    WriteFileDurably(copy_.path() + "/model.safetensors",
                     ReadFile(folder + "/expected.safetensors"));
    tensors_ = std::make_unique<SafetensorsFolder>(copy_.path());
  }

  int num_prompts() const {
    int count = 0;
    while (tensors_->Has("tokens." + std::to_string(count))) ++count;
    return count;
  }
  at::Tensor logits_TW(int i) const { return tensors_->Get("logits." + std::to_string(i)); }
  std::vector<int64_t> tokens(int i) const { return List("tokens." + std::to_string(i)); }
  std::vector<int64_t> greedy(int i) const { return List("greedy." + std::to_string(i)); }

 private:
  std::vector<int64_t> List(const std::string& name) const {
    const at::Tensor tensor = tensors_->Get(name);
    const auto* data = tensor.const_data_ptr<int64_t>();
    return {data, data + tensor.numel()};
  }

  TemporaryFolder copy_;
  std::unique_ptr<SafetensorsFolder> tensors_;
};

// Logits [T, W] of tokens that follow `num_cached` ones of the same sequence, whose keys lie on
// `pages` of `kv`.
at::Tensor Logits(Model& model, const std::vector<int64_t>& tokens, int64_t num_cached = 0,
                  KvPool* kv = nullptr, const std::vector<int32_t>& pages = {}) {
  const auto count = static_cast<int64_t>(tokens.size());
  ForwardBatch batch;
  batch.tokens_T = at::empty({count}, at::kLong);
  std::copy(tokens.begin(), tokens.end(), batch.tokens_T.mutable_data_ptr<int64_t>());
  batch.positions_T = at::arange(num_cached, num_cached + count, at::kInt);
  batch.spans = {{.row = 0, .num_rows = count, .num_cached = num_cached, .pages = pages}};
  batch.kv = kv;
  return ops::Linear(model.Hidden(batch), model.head(), nullptr, true);
}

// The largest difference as a share of the largest expected logit.
double Difference(const at::Tensor& found_TW, const at::Tensor& expected_TW) {
  const double largest = expected_TW.abs().max().item<double>();
  return found_TW.sub(expected_TW).abs().max().item<double>() / largest;
}

class GoldenModel : public testing::TestWithParam<std::string> {
 protected:
  static constexpr double kTolerance = 1e-4;

  Expected expected_{GetParam()};
  std::unique_ptr<Model> model_ = LoadModel(GetParam(), {.dtype = at::kFloat});
  at::NoGradGuard no_grad_;
};

TEST_P(GoldenModel, LogitsAreTransformers) {
  ASSERT_EQ(expected_.num_prompts(), 5);
  for (int i = 0; i < expected_.num_prompts(); ++i) {
    const at::Tensor found_TW = Logits(*model_, expected_.tokens(i));
    ASSERT_EQ(found_TW.sizes(), expected_.logits_TW(i).sizes());
    EXPECT_LT(Difference(found_TW, expected_.logits_TW(i)), kTolerance) << "prompt " << i;
  }
}

TEST_P(GoldenModel, GreedyTokensFromTheCacheAreTransformers) {
  for (int i = 0; i < expected_.num_prompts(); ++i) {
    KvPool kv = model_->MakeKvPool(8);
    const std::vector<int32_t> pages = {5, 1, 6, 2, 7};
    std::vector<int64_t> next = expected_.tokens(i);
    std::vector<int64_t> greedy;
    for (int64_t num_cached = 0; greedy.size() < expected_.greedy(i).size();) {
      const at::Tensor logits_TW = Logits(*model_, next, num_cached, &kv, pages);
      num_cached += static_cast<int64_t>(next.size());
      next = {logits_TW.select(0, logits_TW.size(0) - 1).argmax().item<int64_t>()};
      greedy.push_back(next.front());
    }
    EXPECT_EQ(greedy, expected_.greedy(i)) << "prompt " << i;
  }
}

TEST_P(GoldenModel, IsSavedAndLoadedUnchanged) {
  const TemporaryFolder folder;
  SaveModel(*model_, folder.path(), at::kBFloat16, 40'000);  // the weights are bfloat16 numbers
  const std::unique_ptr<Model> loaded = LoadModel(folder.path(), {.dtype = at::kFloat});
  EXPECT_EQ(loaded->config(), model_->config());
  EXPECT_EQ(ParamsHash(*loaded), ParamsHash(*model_));
  const SafetensorsFolder original(GetParam()), saved(folder.path());
  EXPECT_EQ(saved.names(), original.names());
}

TEST_P(GoldenModel, NamesATensorThatIsMissing) {
  const TemporaryFolder folder;
  WriteFileDurably(folder.path() + "/config.json", ReadFile(GetParam() + "/config.json"));
  const SafetensorsFolder original(GetParam());
  std::vector<NamedTensor> tensors;
  for (const std::string& name : original.names()) {
    if (name != "model.norm.weight") tensors.push_back({name, original.Get(name)});
  }
  WriteSafetensors(folder.path(), tensors, 1 << 30);
  try {
    LoadModel(folder.path(), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("model.norm.weight"), std::string::npos)
        << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenModel, testing::ValuesIn(GoldenFolders()),
                         [](const auto& test) {
                           return std::filesystem::path(test.param).filename().string();
                         });

}  // namespace
}  // namespace rationale
