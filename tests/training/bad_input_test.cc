#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "rl/record/metrics.h"
#include "tests/training/process.h"

namespace rationale {
namespace {

namespace fs = std::filesystem;

const std::string kQuickstart = RATIONALE_SOURCE_DIR "/rl/recipes/quickstart.toml";

class BadInput : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  // The shortest run that has every stage.
  std::vector<std::string> Train(const std::string& run,
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"train", kQuickstart, "--out", Path(run)};
    for (const std::string assignment :
         {"sft.steps=2", "sft.batch_size=4", "rl.steps=2", "rollout.prompts_per_step=2",
          "data.held_out_limit=3", "eval.samples=1", "eval.k=[1]", "checkpoint.every=1"}) {
      arguments.insert(arguments.end(), {"--set", assignment});
    }
    for (const auto& assignment : more) arguments.insert(arguments.end(), {"--set", assignment});
    return arguments;
  }

  // Runs the program; its messages are in `log_`.
  int Run(const std::vector<std::string>& arguments) {
    Process process(arguments, Path("log"));
    const int code = process.Wait();
    log_ = ReadFile(Path("log"));
    return code;
  }

  void ExpectRefused(const std::vector<std::string>& arguments,
                     const std::vector<std::string>& parts) {
    EXPECT_EQ(Run(arguments), 2) << log_;
    for (const auto& part : parts)
      EXPECT_NE(log_.find(part), std::string::npos) << part << "\n" << log_;
  }

  // A folder with the trained quickstart model, two steps old.
  std::string Model() {
    if (!fs::exists(Path("trained/model"))) {
      EXPECT_EQ(Run(Train("trained")), 0) << log_;
    }
    return Path("trained/model");
  }

  const TemporaryFolder folder_{"rationale-bad-input-"};
  std::string log_;
};

TEST_F(BadInput, AnUnknownKeyIsAnsweredWithTheNearestAndNothingIsWritten) {
  ExpectRefused(Train("run", {"rl.clip_hihg=0.3"}), {"rl.clip_hihg", "clip_high"});
  EXPECT_FALSE(fs::exists(Path("run")));
}

TEST_F(BadInput, AWrongTypeNamesTheKeyAndWhatIsAllowed) {
  ExpectRefused(Train("run", {"rl.lr=\"fast\""}), {"rl.lr", "fast", "number"});
  ExpectRefused(Train("run", {"rollout.temperature=-1"}), {"rollout.temperature", "-1"});
  ExpectRefused(Train("run", {"rl.algorithm=grop"}), {"grop", "grpo"});
  ExpectRefused(Train("run", {"rl.dual_clip=0.5"}), {"rl.dual_clip", "0.5", "above 1"});
  ExpectRefused(Train("run", {"rl.lr=inf"}), {"rl.lr", "inf", "a number above 0"});
  ExpectRefused(Train("run", {"run.device=gpu"}), {"run.device", "gpu", "\"cpu\", \"cuda\""});
  for (const std::string threads : {"-1", "100000000"}) {
    ExpectRefused(Train("run", {"run.threads=" + threads}), {"run.threads", threads, "1024"});
  }
  ExpectRefused(Train("run", {"run.threads=1024", "run.pin_cores=true"}),
                {"pinning 1024 compute threads", "this process may use"});
  ExpectRefused({"generate", "--model", "m", "--prompt", "a", "-n", "0"},
                {"--samples: found 0, allowed: a number above 0"});
  EXPECT_FALSE(fs::exists(Path("run")));
}

TEST_F(BadInput, AnEvaluationThatCannotWorkIsRefusedBeforeAnythingIsTrained) {
  ExpectRefused(Train("run", {"eval.k=[1, 8]"}), {"eval.k", "found 8", "1 to eval.samples (1)"});
  ExpectRefused(Train("run", {"eval.accuracy=maths"}), {"eval.accuracy", "maths", "language"});
  EXPECT_FALSE(fs::exists(Path("run")));
}

TEST_F(BadInput, AFolderThatCannotBeMadeIsNamedBeforeAnythingIsTrained) {
  std::ofstream(Path("file")).close();
  ExpectRefused(Train("file"), {"--out", "file is a file"});
  ExpectRefused(Train("file/below"), {"--out", "file is a file"});
}

TEST_F(BadInput, AResumedRunKeepsItsSeedAndItsModel) {
  ASSERT_EQ(Run(Train("run")), 0) << log_;
  const auto resume = [&](const std::string& set) {
    return std::vector<std::string>{"train", "--resume", Path("run"), "--set", set};
  };
  const auto recipe = ReadFile(Path("run/config.toml"));
  ExpectRefused(resume("seed=3"), {"run.seed=3", "made with 0"});
  ExpectRefused(resume("policy.init.hidden_size=256"), {"policy.init.hidden_size=256", "128"});
  ExpectRefused({"sft", "--resume", Path("run")}, {"2 RL steps"});
  EXPECT_EQ(ReadFile(Path("run/config.toml")), recipe);
  EXPECT_EQ(Run(resume("rl.lr=2e-4")), 0) << log_;
  EXPECT_NE(log_.find("resumed with rl.lr = 0.0002 (it was 0.0001)"), std::string::npos) << log_;
}

TEST_F(BadInput, AMissingRecipeModelOrDataFileIsNamed) {
  ExpectRefused({"train", Path("no.toml")}, {"no.toml"});
  ExpectRefused({"generate", "--model", Path("nowhere"), "--prompt", "a"}, {"nowhere"});
  const auto files = "data.files=[\"" + Path("no.jsonl") + "\"]";
  ExpectRefused(Train("run", {"data.generator=\"\"", files}), {"no.jsonl"});
  EXPECT_FALSE(fs::exists(Path("run")));
}

TEST_F(BadInput, AnEmptyDataSetAndAMissingFieldAreNamed) {
  std::ofstream(Path("empty.jsonl")).close();
  std::ofstream(Path("rows.jsonl")) << "{\"colour\": \"red\", \"answer\": \"1\"}\n";
  const auto files = [&](const std::string& name) { return "data.files=[\"" + Path(name) + "\"]"; };
  ExpectRefused(Train("run", {"data.generator=\"\"", files("empty.jsonl")}), {"empty.jsonl"});
  ExpectRefused(
      Train("run", {"data.generator=\"\"", files("rows.jsonl"), "data.fields.prompt=question"}),
      {"rows.jsonl:1", "question", "colour"});
}

TEST_F(BadInput, ATruncatedModelFileSaysHowManyBytesAreMissing) {
  const auto file = Model() + "/model.safetensors";
  fs::resize_file(file, fs::file_size(file) - 100);
  ExpectRefused({"generate", "--model", Model(), "--prompt", "was ist"},
                {"model.safetensors", "100"});
}

TEST_F(BadInput, ATokenizerWithoutAnEndTokenIsRefused) {
  const auto model = Model();
  fs::remove(model + "/tokenizer_config.json");
  auto config = ReadFile(model + "/config.json");
  const std::string key = "\"eos_token_id\":";
  const auto at = config.find(key);
  ASSERT_NE(at, std::string::npos);
  const auto from = at + key.size(), end = config.find_first_of(",\n}", from);
  config.replace(from, end - from, " null");  // absent, it would be the family's default
  WriteFileDurably(model + "/config.json", config);
  fs::remove(model + "/generation_config.json");
  ExpectRefused({"generate", "--model", model, "--prompt", "was ist"}, {"eos"});
}

TEST_F(BadInput, NothingToScoreIsSaidSo) {
  std::ofstream(Path("empty.jsonl")) << "\n";
  ExpectRefused({"logprobs", "--model", Model(), "--data", Path("empty.jsonl")}, {"empty.jsonl"});
  ExpectRefused({"logprobs", "--model", Model(), "--data", folder_.path()}, {"cannot be read"});
  ExpectRefused({"generate", "--model", Model(), "--data", Path("empty.jsonl"), "--limit", "-2"},
                {"--limit: found -2"});
}

TEST_F(BadInput, APromptLongerThanTheContextNamesBothLengths) {
  std::string prompt;
  for (int i = 0; i < 600; ++i) prompt += "eins ";
  ExpectRefused({"generate", "--model", Model(), "--prompt", prompt}, {"601", "512"});
}

TEST_F(BadInput, ANanInTheLossStopsNamesTheStepAndKeepsTheLastCheckpoint) {
  EXPECT_EQ(Run(Train("run", {"sft.lr=1e38", "sft.steps=6", "checkpoint.sft_every=1",
                              "sft.warmup=0", "sft.gradient_norm_max=0", "checkpoint.keep=9"})),
            1)
      << log_;
  EXPECT_NE(log_.find("SFT step "), std::string::npos) << log_;
  EXPECT_TRUE(log_.find("nan") != std::string::npos || log_.find("inf") != std::string::npos)
      << log_;
  EXPECT_TRUE(fs::exists(Path("run/checkpoints/sft-000001/trainer/state.json")));
}

TEST_F(BadInput, AGpuThatIsNotThereIsSaidSo) {
  ExpectRefused(Train("run", {"device=cuda"}), {"cuda", "GPU"});
  ExpectRefused(Train("run", {"run.device=cuda"}), {"cuda", "GPU"});
}

}  // namespace
}  // namespace rationale
