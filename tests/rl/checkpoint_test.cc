#include "rl/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ops/equal.h>

#include "base/error.h"
#include "base/files.h"
#include "policy/model.h"
#include "tests/full_disk.h"

namespace rationale {
namespace {

namespace fs = std::filesystem;

ModelConfig DeepseekConfig() {
  ModelConfig config;
  config.family = "deepseek_v3";
  config.vocab_size = 40;
  config.hidden_size = 16;
  config.ffn_width = 24;
  config.num_layers = 2;
  config.num_heads = config.num_kv_heads = 2;
  config.max_position = 64;
  config.attention = AttentionKind::kMla;
  config.q_latent = config.kv_latent = 8;
  config.nope_width = config.value_width = 8;
  config.rope_width = 4;
  config.rope.interleaved = true;
  config.moe = {.num_experts = 4,
                .experts_per_token = 2,
                .expert_width = 8,
                .num_shared_experts = 1,
                .sigmoid_gate = true,
                .choice_bias = true,
                .first_dense_layers = 1};
  return config;
}

// A model and an optimizer whose moments are no longer zero.
class Checkpoint : public testing::Test {
 protected:
  Checkpoint() {
    WriteFileDurably(tokenizer_.path() + "/tokenizer.json", "{\"words\":1}");
    WriteFileDurably(tokenizer_.path() + "/config.json", "not the policy's");
    model_ = CreateModel(DeepseekConfig(), {.trainable = true}, 3);
    model_->router_biases().at(1).fill_(0.25);
    optimizer_ = std::make_unique<AdamW>(model_->parameters(), AdamWSettings{});
    Train();
  }

  // One update with gradients that differ from parameter to parameter.
  void Train() {
    double gradient = 0.125;
    for (Parameter* parameter : model_->parameters()) {
      parameter->grad = parameter->master.mul(gradient).add(0.5);
      gradient *= 1.25;
    }
    optimizer_->Step(1e-3);
  }

  void Write(TrainerState& state, int64_t keep = 10) {
    WriteCheckpoint(run_.path(), state, {*model_, *optimizer_, nullptr, tokenizer_.path()}, keep);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(run_.path() + "/checkpoints")) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder run_, tokenizer_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<AdamW> optimizer_;
};

TEST_F(Checkpoint, HoldsWeightsMomentsAndStateBitForBit) {
  TrainerState state{.stage = Stage::kRl,
                     .step = 7,
                     .cursor = 123,
                     .num_updates = 1,
                     .policy_version = 9,
                     .finished = true,
                     .sft_seconds = 1.0 / 3,
                     .rl_seconds = 0.1,
                     .rl_tokens = 1 << 20,
                     .before = "{\"accuracy\":0.5}",
                     .after = "{\"accuracy\":1}",
                     .eval_pending = true,
                     .seed = ~uint64_t{0},
                     .config_hash = "abc"};
  Write(state);
  EXPECT_EQ(state.params_hash, ParamsHash(*model_));

  const std::string folder = FindCheckpoint(run_.path()).value();
  EXPECT_EQ(folder, run_.path() + "/checkpoints/step-000007");
  const TrainerState read = ReadTrainerState(folder);
  EXPECT_EQ(read.stage, Stage::kRl);
  EXPECT_EQ(read.step, 7);
  EXPECT_EQ(read.cursor, 123);
  EXPECT_EQ(read.policy_version, 9);
  EXPECT_TRUE(read.finished);
  EXPECT_EQ(read.sft_seconds, 1.0 / 3);
  EXPECT_EQ(read.rl_seconds, 0.1);
  EXPECT_EQ(read.rl_tokens, 1 << 20);
  EXPECT_EQ(read.before, state.before);
  EXPECT_EQ(read.after, state.after);
  EXPECT_TRUE(read.eval_pending);
  EXPECT_EQ(read.seed, ~uint64_t{0});
  EXPECT_EQ(read.config_hash, "abc");
  EXPECT_EQ(read.params_hash, state.params_hash);

  const auto model = LoadModel(folder, {.trainable = true});
  EXPECT_EQ(ParamsHash(*model), state.params_hash);
  AdamW optimizer(model->parameters(), {});
  LoadOptimizer(folder, read, optimizer);
  EXPECT_EQ(optimizer.num_updates(), 1);
  ASSERT_EQ(optimizer.moments().size(), optimizer_->moments().size());
  for (size_t i = 0; i < optimizer.moments().size(); ++i) {
    EXPECT_TRUE(at::equal(optimizer.moments()[i].first, optimizer_->moments()[i].first));
    EXPECT_TRUE(at::equal(optimizer.moments()[i].second, optimizer_->moments()[i].second));
  }
}

TEST_F(Checkpoint, IsAModelFolderWithTheTokenizersFiles) {
  TrainerState state{.stage = Stage::kRl, .step = 1};
  Write(state);
  const std::string folder = FindCheckpoint(run_.path()).value();
  EXPECT_EQ(ReadFile(folder + "/tokenizer.json"), "{\"words\":1}");
  EXPECT_NE(ReadFile(folder + "/config.json"), "not the policy's");
  EXPECT_TRUE(fs::exists(folder + "/model.safetensors"));
  EXPECT_FALSE(ReferenceFolder(folder).has_value());
}

TEST_F(Checkpoint, OnlyTheNewestAreKeptAndSftComesBeforeRl) {
  for (const int64_t step : {500, 1000}) {
    TrainerState state{.stage = Stage::kSft, .step = step};
    Write(state, 2);
  }
  for (const int64_t step : {5, 10}) {
    TrainerState state{.stage = Stage::kRl, .step = step};
    Write(state, 2);
    if (step == 5) {
      EXPECT_EQ(Names(), (std::vector<std::string>{"sft-001000", "step-000005"}));
    }
  }
  EXPECT_EQ(Names(), (std::vector<std::string>{"step-000005", "step-000010"}));
}

TEST_F(Checkpoint, HalfWrittenOnesAreNotFoundAndAreRemoved) {
  EXPECT_FALSE(FindCheckpoint(run_.path()).has_value());
  TrainerState state{.stage = Stage::kRl, .step = 3};
  Write(state);
  MakeFolders(run_.path() + "/checkpoints/partial-step-000004/trainer");
  WriteFileDurably(run_.path() + "/checkpoints/partial-step-000004/trainer/state.json", "{");
  EXPECT_EQ(FindCheckpoint(run_.path()).value(), run_.path() + "/checkpoints/step-000003");
  EXPECT_EQ(Names(), std::vector<std::string>{"step-000003"});
}

TEST_F(Checkpoint, AFullDiskLeavesTheOldOneUsable) {
  TrainerState old{.stage = Stage::kRl, .step = 3};
  Write(old);
  Train();
  TrainerState state{.stage = Stage::kRl, .step = 4};
  std::string message;
  try {
    const FullDisk full(4096);  // the optimizer's file is larger
    Write(state);
  } catch (const Failure& failure) {
    message = failure.what();
  }
  EXPECT_NE(message.find("model.safetensors"), std::string::npos) << message;
  EXPECT_NE(message.find("checkpoint step-000004 was not written, the last one is "),
            std::string::npos)
      << message;
  EXPECT_EQ(Names(), std::vector<std::string>{"step-000003"});
  const std::string folder = FindCheckpoint(run_.path()).value();
  EXPECT_EQ(ParamsHash(*LoadModel(folder, {.trainable = true})), old.params_hash);
}

TEST_F(Checkpoint, MomentsOfAnotherModelAreRefused) {
  TrainerState state{.stage = Stage::kRl, .step = 3, .num_updates = 1};
  Write(state);
  ModelConfig wider = DeepseekConfig();
  wider.ffn_width = 48;
  const auto other = CreateModel(wider, {.trainable = true}, 3);
  AdamW optimizer(other->parameters(), {});
  EXPECT_THROW(LoadOptimizer(FindCheckpoint(run_.path()).value(), state, optimizer), Error);
}

}  // namespace
}  // namespace rationale
