#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "rl/record/metrics.h"
#include "tests/training/process.h"

namespace rationale {
namespace {

namespace fs = std::filesystem;

constexpr int kSftSteps = 24, kRlSteps = 10;

// The quickstart, shortened, with every stage and a checkpoint every few steps.
std::vector<std::string> TrainArguments(const std::string& folder) {
  std::vector<std::string> arguments = {"train", RATIONALE_SOURCE_DIR "/rl/recipes/quickstart.toml",
                                        "--out", folder};
  for (const std::string assignment :
       {"run.threads=2", "sft.batch_size=16", "rollout.prompts_per_step=8", "rl.kl=0.01",
        "rl.reference_every=4", "rl.minibatches=2", "data.held_out_limit=6", "eval.samples=1",
        "eval.k=[1]", "eval.every=3", "checkpoint.every=3", "checkpoint.sft_every=8"}) {
    arguments.insert(arguments.end(), {"--set", assignment});
  }
  arguments.insert(arguments.end(), {"--set", "sft.steps=" + std::to_string(kSftSteps), "--set",
                                     "rl.steps=" + std::to_string(kRlSteps)});
  return arguments;
}

// The closing JSON object's params_hash; empty if the log has none.
std::string HashOf(const std::string& log) {
  const std::string text = ReadFile(log);
  const size_t start = text.rfind("\n{\"");
  if (start == std::string::npos) return "";
  const auto document = ParseJson(text.substr(start + 1), log);
  return JsonObject(document, log).Get<std::string>("params_hash");
}

int64_t StepsDone(const std::string& folder, const std::string& stage) {
  int64_t done = 0;
  if (!fs::exists(folder + "/metrics.jsonl")) return 0;
  for (const auto& line : ReadMetrics(folder)) {
    if (line.stage == stage) done = line.step;
  }
  return done;
}

// The RL steps that were evaluated.
std::set<int64_t> EvalSteps(const std::string& folder) {
  std::set<int64_t> steps;
  for (const auto& line : ReadMetrics(folder)) {
    if (line.stage == "eval") steps.insert(line.step);
  }
  return steps;
}
const std::set<int64_t> kEvalSteps = {0, 3, 6, 9, kRlSteps};

bool Logged(const std::string& log, const std::string& text) {
  return fs::exists(log) && ReadFile(log).find(text) != std::string::npos;
}

bool Exists(const std::string& path) {
  return fs::exists(path);
}

bool HalfWritten(const std::string& folder) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder + "/checkpoints", none)) {
    if (entry.path().filename().string().starts_with("partial-")) return true;
  }
  return false;
}

class Resume : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder("rationale-resume-");
    const std::string log = Path("unbroken.log");
    EXPECT_EQ(Process(TrainArguments(Path("unbroken")), log).Wait(), 0) << ReadFile(log);
    unbroken_hash_ = HashOf(log);
    ASSERT_EQ(unbroken_hash_.size(), 64u) << ReadFile(log);
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string Path(const std::string& name) { return folder_->path() + "/" + name; }

  // Kills the group when `moment` comes; `proof` must still hold afterwards: the kill hit what it
  // was meant to hit. A kill that came too late is tried again on a fresh run.
  static void ExpectSameHash(const std::string& name,
                             const std::function<bool(const std::string&)>& moment,
                             const std::function<bool(const std::string&)>& proof) {
    constexpr int kTries = 10;
    const std::string run = Path(name), log = Path(name + ".log");
    bool hit = false;
    for (int i = 0; i < kTries && !hit; ++i) {
      RemoveAll(run);
      Process process(TrainArguments(run), log);
      ASSERT_TRUE(process.WaitFor([&] { return moment(run); })) << ReadFile(log);
      hit = process.Kill(SIGKILL) && proof(run);
    }
    ASSERT_TRUE(hit) << "no kill hit the moment";
    std::cout << "killed a living run " << name << ": SFT step " << StepsDone(run, "sft")
              << ", RL step " << StepsDone(run, "rl") << '\n';
    EXPECT_EQ(Process({"train", "--resume", run}, log).Wait(), 0) << ReadFile(log);
    EXPECT_EQ(HashOf(log), unbroken_hash_) << ReadFile(log);
    EXPECT_FALSE(HalfWritten(run));
    ExpectEveryStepOnce(run);
  }

  static void ExpectEveryStepOnce(const std::string& run) {
    int64_t sft = 0, rl = 0;
    for (const auto& line : ReadMetrics(run)) {
      if (line.stage == "sft") {
        EXPECT_EQ(line.step, ++sft);
      } else if (line.stage == "rl") {
        EXPECT_EQ(line.step, ++rl);
        EXPECT_EQ(line.Get("max_abs_logprob_gap"), 0);
      }
    }
    EXPECT_EQ(sft, kSftSteps);
    EXPECT_EQ(rl, kRlSteps);
  }

  static TemporaryFolder* folder_;
  static std::string unbroken_hash_;
};

TemporaryFolder* Resume::folder_ = nullptr;
std::string Resume::unbroken_hash_;

TEST_F(Resume, KilledBeforeTheFirstCheckpointStartsOver) {
  ExpectSameHash(
      "in-sft-early", [](const auto& run) { return StepsDone(run, "sft") >= 3; },
      [](const auto& run) { return !Exists(run + "/checkpoints/sft-000008"); });
}

TEST_F(Resume, KilledInsideSftGoesOn) {
  ExpectSameHash(
      "in-sft", [](const auto& run) { return StepsDone(run, "sft") >= 13; },
      [](const auto& run) {
        return Exists(run + "/checkpoints/sft-000008") && StepsDone(run, "sft") < kSftSteps;
      });
}

TEST_F(Resume, KilledInACheckpointWriteGoesOnFromTheLastOne) {
  ExpectSameHash(
      "in-checkpoint",
      [](const auto& run) { return Exists(run + "/checkpoints/step-000003") && HalfWritten(run); },
      HalfWritten);
}

TEST_F(Resume, KilledInARolloutDrawsTheSameSamplesAgain) {
  ExpectSameHash(
      "in-rollout", [](const auto& run) { return StepsDone(run, "rl") >= 4; },
      [](const auto& run) {
        return StepsDone(run, "rl") == 4 && !Exists(run + "/verdicts/step-000004.jsonl");
      });
}

TEST_F(Resume, KilledInAnUpdateReplaysTheVerdicts) {
  ExpectSameHash(
      "in-update", [](const auto& run) { return Exists(run + "/verdicts/step-000007.jsonl"); },
      [](const auto& run) { return StepsDone(run, "rl") == 7; });
  EXPECT_GT(ReadMetrics(Path("in-update")).size(), 0u);
}

TEST_F(Resume, SigtermWritesACheckpointAndStops) {
  const std::string run = Path("sigterm"), log = Path("sigterm.log");
  Process process(TrainArguments(run), log);
  ASSERT_TRUE(process.WaitFor([&] { return StepsDone(run, "rl") >= 4; })) << ReadFile(log);
  ASSERT_TRUE(process.Signal(SIGTERM));
  EXPECT_EQ(process.Wait(), 0) << ReadFile(log);
  EXPECT_NE(ReadFile(log).find("--resume " + run), std::string::npos) << ReadFile(log);
  EXPECT_LT(StepsDone(run, "rl"), kRlSteps);
  EXPECT_EQ(Process({"train", "--resume", run}, log).Wait(), 0) << ReadFile(log);
  EXPECT_EQ(HashOf(log), unbroken_hash_);
  ExpectEveryStepOnce(run);
}

// Far too long to wait for: only what gives it up gets on.
const std::vector<std::string> kLongEval = {"--set", "eval.samples=4000"};

TEST_F(Resume, SigtermInTheEvaluationBeforeRlGivesItUp) {
  const std::string run = Path("sigterm-before"), log = Path("sigterm-before.log");
  auto arguments = TrainArguments(run);
  arguments.insert(arguments.end(), kLongEval.begin(), kLongEval.end());
  Process process(arguments, log);
  ASSERT_TRUE(process.WaitFor([&] { return Logged(log, "eval, sampled"); })) << ReadFile(log);
  ASSERT_TRUE(process.Signal(SIGTERM));
  EXPECT_EQ(process.Wait(), 0) << ReadFile(log);
  EXPECT_EQ(EvalSteps(run), std::set<int64_t>());
  EXPECT_TRUE(Exists(run + "/checkpoints/step-000000"));
  EXPECT_EQ(Process({"train", "--resume", run, "--set", "eval.samples=1"}, log).Wait(), 0);
  EXPECT_EQ(HashOf(log), unbroken_hash_) << ReadFile(log);
  EXPECT_EQ(EvalSteps(run), kEvalSteps);
}

TEST_F(Resume, AnEvaluationThatSigtermCutIsMadeUpFor) {
  const std::string run = Path("sigterm-eval"), log = Path("sigterm-eval.log");
  Process process(TrainArguments(run), log);
  const auto updating = [&] { return Exists(run + "/verdicts/step-000002.jsonl"); };
  ASSERT_TRUE(process.WaitFor(updating)) << ReadFile(log);
  ASSERT_TRUE(process.Signal(SIGTERM));
  EXPECT_EQ(process.Wait(), 0) << ReadFile(log);
  EXPECT_EQ(StepsDone(run, "rl"), 3);
  EXPECT_EQ(EvalSteps(run), std::set<int64_t>({0}));
  EXPECT_EQ(Process({"train", "--resume", run}, log).Wait(), 0) << ReadFile(log);
  EXPECT_EQ(HashOf(log), unbroken_hash_);
  EXPECT_EQ(EvalSteps(run), kEvalSteps);
  ExpectEveryStepOnce(run);
}

TEST_F(Resume, AFinishedRunGoesOnToMoreStepsAndSigtermInTheLastEvaluationGivesItUp) {
  const std::string run = Path("longer"), log = Path("longer.log");
  fs::copy(Path("unbroken"), run, fs::copy_options::recursive);
  std::vector<std::string> arguments = {"train", "--resume", run, "--set", "rl.steps=11"};
  arguments.insert(arguments.end(), kLongEval.begin(), kLongEval.end());
  Process process(arguments, log);
  ASSERT_TRUE(process.WaitFor([&] { return Logged(log, "eval, sampled"); })) << ReadFile(log);
  ASSERT_TRUE(process.Signal(SIGTERM));
  EXPECT_EQ(process.Wait(), 0) << ReadFile(log);
  EXPECT_EQ(StepsDone(run, "rl"), 11);
  EXPECT_EQ(EvalSteps(run), kEvalSteps);
  EXPECT_EQ(Process({"train", "--resume", run, "--set", "eval.samples=1"}, log).Wait(), 0);
  EXPECT_EQ(HashOf(log).size(), 64u) << ReadFile(log);
  EXPECT_TRUE(EvalSteps(run).contains(11));
}

TEST_F(Resume, AfterTheEndSaysSoAndChangesNothing) {
  const std::string log = Path("again.log");
  EXPECT_EQ(Process({"train", "--resume", Path("unbroken")}, log).Wait(), 0) << ReadFile(log);
  EXPECT_NE(ReadFile(log).find("the run is finished"), std::string::npos) << ReadFile(log);
  EXPECT_EQ(ReadFile(log).find("evaluating"), std::string::npos) << ReadFile(log);
  EXPECT_NE(ReadFile(log).find("accuracy, greedy"), std::string::npos) << ReadFile(log);
  EXPECT_EQ(HashOf(log), unbroken_hash_);
}

#ifndef __SANITIZE_ADDRESS__  // which multiplies the peak
// A run that nothing interrupted, with evaluations, checkpoints and both stages.
TEST_F(Resume, TheMemoryEstimateIsWithin15PercentOfThePeak) {
  const std::string log = ReadFile(Path("unbroken.log"));
  const size_t line = log.find("memory: peak ");
  ASSERT_NE(line, std::string::npos) << log;
  double peak = 0, estimate = 0;
  ASSERT_EQ(std::sscanf(log.c_str() + line, "memory: peak %lf MB, estimated %lf", &peak, &estimate),
            2);
  EXPECT_NEAR(estimate / peak, 1, 0.15) << peak << " MB, estimated " << estimate;
}
#endif

TEST_F(Resume, AnotherSeedEndsElsewhere) {
  auto arguments = TrainArguments(Path("seed-1"));
  arguments.insert(arguments.end(), {"--set", "run.seed=1"});
  const std::string log = Path("seed-1.log");
  EXPECT_EQ(Process(arguments, log).Wait(), 0) << ReadFile(log);
  EXPECT_NE(HashOf(log), unbroken_hash_);
}

// The code quickstart, shortened and with functions of one step, which it learns in seconds.
std::vector<std::string> CodeArguments(const std::string& folder) {
  std::vector<std::string> arguments = {
      "train", RATIONALE_SOURCE_DIR "/rl/recipes/quickstart-code.toml", "--out", folder};
  for (const std::string assignment :
       {"run.threads=2", "data.code_words.steps_min=1", "data.code_words.steps_max=1",
        "data.held_out_limit=2", "sft.steps=80", "sft.batch_size=16", "rl.steps=3",
        "rollout.prompts_per_step=4", "eval.samples=1", "eval.k=[1]", "checkpoint.every=1"}) {
    arguments.insert(arguments.end(), {"--set", assignment});
  }
  return arguments;
}

// Verdicts come from the jail while rollouts go on; the kill hits both.
TEST(ResumeWithCode, KilledWhileProgramsAreJudgedEndsWithTheSameHash) {
  const TemporaryFolder folder("rationale-resume-code-");
  const std::string unbroken = folder.path() + "/unbroken", log = folder.path() + "/log";
  ASSERT_EQ(Process(CodeArguments(unbroken), log).Wait(), 0) << ReadFile(log);
  const std::string hash = HashOf(log);
  ASSERT_EQ(hash.size(), 64u);

  const std::string run = folder.path() + "/killed";
  Process process(CodeArguments(run), log);
  ASSERT_TRUE(process.WaitFor([&] { return StepsDone(run, "rl") >= 1; })) << ReadFile(log);
  ASSERT_TRUE(process.Kill(SIGKILL));
  EXPECT_LT(StepsDone(run, "rl"), 3);
  EXPECT_EQ(Process({"train", "--resume", run}, log).Wait(), 0) << ReadFile(log);
  EXPECT_EQ(HashOf(log), hash) << ReadFile(log);

  const auto expected = ReadMetrics(unbroken), found = ReadMetrics(run);
  ASSERT_EQ(found.size(), expected.size());
  double passed = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i].stage != "rl") continue;
    passed += found[i].Get("component/code");
    EXPECT_EQ(found[i].Get("component/code"), expected[i].Get("component/code"));
    EXPECT_EQ(found[i].Get("unjudged"), 0);
  }
  EXPECT_GT(passed, 0);  // the jail had a say
}

}  // namespace
}  // namespace rationale
