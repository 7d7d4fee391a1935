#include "rl/run.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "datasets/word_tokenizer.h"
#include "rl/checkpoint.h"
#include "rl/device.h"
#include "rl/snapshot.h"

namespace rationale {
namespace {

// policy.init as a config.json of its own, completed by what the tokenizer decides.
ModelConfig InitConfig(const ConfigValue& init, const Tokenizer& tokenizer,
                       const std::string& folder) {
  JsonWriter json;
  json.BeginObject();
  for (const auto& [key, value] : init.table()) {
    json.Key(key);
    WriteJson(value, json);
  }
  const auto complete = [&](const char* key, int64_t value) {
    if (init.Find(key) == nullptr) json.Field(key, value);
  };
  complete("vocab_size", tokenizer.vocab_size());
  for (const auto& [key, token] :
       {std::pair{"bos_token_id", "<bos>"}, {"eos_token_id", "<eos>"}, {"pad_token_id", "<pad>"}}) {
    if (const auto id = tokenizer.IdOf(token)) complete(key, *id);
  }
  MakeFolders(folder + "/init");
  WriteFileDurably(folder + "/init/config.json", json.EndObject().Take() + "\n");
  return LoadModelConfig(folder + "/init");
}

// Fills the run's own tokenizer folder: from the model's, or for a task with words of its own.
void MakeTokenizer(const RunConfig& config, const std::string& folder) {
  if (!config.policy.model.empty()) {
    MakeFolders(folder);
    CopyTokenizer(config.policy.model, folder);
    return;
  }
  const auto generator = ConfiguredGenerator(config.data.source, Split::kTrain);
  const auto words = generator != nullptr ? generator->Vocabulary() : std::vector<std::string>();
  if (words.empty()) {
    throw Error(
        "{}: a fresh model needs a generator with a vocabulary of its own, such as "
        "arithmetic_words",
        config.policy.init.Where());
  }
  WriteWordTokenizer(folder, words);
}

void OpenData(Run& run) {
  const RunConfig& c = run.config;
  if (c.rl.steps > 0) {
    run.problems = std::make_unique<ProblemStream>(c.data.source, Split::kTrain, run.seed());
  }
  if (c.sft.steps > 0) {
    run.demonstrations =
        std::make_unique<DemonstrationStream>(c.data.source, Split::kTrain, run.seed());
  }
  if (run.rubric == nullptr) return;  // nothing to judge held-out answers with
  constexpr int64_t kGenerated = 256;
  DataConfig held_out = c.data.source;
  if (c.eval.problems > 0) held_out.held_out_limit = c.eval.problems;
  if (!held_out.generator.empty() && held_out.held_out_limit == 0)
    held_out.held_out_limit = kGenerated;
  run.held_out = LoadProblems(held_out, Split::kHeldOut);
}

}  // namespace

SamplingSettings Run::TrainSampling() const {
  SamplingSettings sampling;
  sampling.temperature = config.rollout.temperature;
  sampling.top_p = config.rollout.top_p;
  sampling.top_k = config.rollout.top_k;
  sampling.min_p = config.rollout.min_p;
  sampling.max_new_tokens = config.rollout.max_new_tokens;
  sampling.stop_strings = config.rollout.stop;
  sampling.keep_kept_sets = sampling.top_p < 1 || sampling.top_k > 0 || sampling.min_p > 0;
  return sampling;
}

int64_t Run::EvalTokensMax() const {
  return config.eval.max_new_tokens > 0 ? config.eval.max_new_tokens
                                        : config.rollout.max_new_tokens;
}

std::string Run::AccuracyReward() const {
  if (!config.eval.accuracy.empty() || rubric == nullptr) return config.eval.accuracy;
  return rubric->component_names().front();
}

std::unique_ptr<Run> OpenRun(RunConfig config, const std::string& folder,
                             const std::optional<std::string>& checkpoint) {
  auto run = std::make_unique<Run>();
  auto& importance_clip = config.rl.algorithm.importance_clip;
  if (config.rollout.int8 && !importance_clip) importance_clip = kInt8ImportanceClip;
  run->algorithm = ResolveAlgorithm(config.rl.algorithm, config.rollout.max_new_tokens);
  run->config = std::move(config);
  run->folder = folder;
  const RunConfig& c = run->config;
  const ModelOptions options{.dtype = ParseDtype(c.run.dtype),
                             .device = ParseDevice(c.run.device),
                             .trainable = true,
                             .checkpoint_activations = c.policy.checkpoint_activations};
  run->format = std::make_unique<PromptTemplate>(c.data.prompt_template, c.data.system);
  if (!c.rewards.empty()) run->rubric = std::make_unique<Rubric>(c.rewards, c.reward_total);
  OpenData(*run);
  if (run->rubric != nullptr) CheckEvalSection(*run);
  MakeFolders(folder);  // what could be wrong with the recipe has been seen by now
  run->tokenizer_folder = folder + "/tokenizer";
  if (!checkpoint) MakeTokenizer(c, run->tokenizer_folder);
  run->tokenizer = std::make_unique<Tokenizer>(Tokenizer::Load(run->tokenizer_folder));
  if (checkpoint) {
    run->model = LoadModel(*checkpoint, options);
  } else if (!c.policy.model.empty()) {
    run->model = LoadModel(c.policy.model, options);
  } else {
    run->model =
        CreateModel(InitConfig(c.policy.init, *run->tokenizer, folder), options, run->seed());
  }
  run->prompter = std::make_unique<Prompter>(*run->format, *run->tokenizer, run->model->config());
  if (run->algorithm.objective.kl > 0 || run->algorithm.kl_in_reward > 0) {
    ModelOptions frozen = options;
    frozen.trainable = false;
    const auto saved = checkpoint ? ReferenceFolder(*checkpoint) : std::nullopt;
    run->reference =
        saved ? LoadModel(*saved, frozen) : CreateModel(run->model->config(), frozen, run->seed());
    if (!saved) RefreshReference(*run->model, *run->reference);
  }
  run->engine =
      std::make_unique<Engine>(*run->model, run->tokenizer.get(),
                               EngineOptions{.max_batch = c.rollout.max_batch,
                                             .prefill_chunk_tokens = c.rollout.prefill_chunk_tokens,
                                             .memory_bytes = run->CacheBytesMax(),
                                             .draft_tokens = c.rollout.draft_tokens,
                                             .int8 = c.rollout.int8});
  return run;
}

void RefreshReference(Model& policy, Model& reference) {
  const auto from = policy.parameters(), to = reference.parameters();
  Check{from.size() == to.size(), "a reference of another shape"};
  for (size_t i = 0; i < from.size(); ++i) {
    to[i]->value.copy_(from[i]->value.detach());
    ++to[i]->version;
  }
  for (size_t i = 0; i < policy.router_biases().size(); ++i) {
    if (policy.router_biases()[i].defined()) {
      reference.router_biases()[i].copy_(policy.router_biases()[i]);
    }
  }
}

}  // namespace rationale
