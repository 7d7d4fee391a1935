// rationale logprobs: ln p of every token of given texts, for parity checks with other
// implementations.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "base/error.h"
#include "base/json.h"
#include "policy/safetensors.h"
#include "policy/tokenizer.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/cli/torch/model_options.h"
#include "rl/pack.h"

namespace rationale {
namespace {

class Scorer {
 public:
  Scorer(const ModelArguments& arguments, bool keep_logits)
      : folder_(arguments.folder), model_(arguments.Open()), keep_logits_(keep_logits) {}

  // `where` names the line in messages.
  std::string Score(const rapidjson::Value& value, const std::string& where) {
    const JsonObject json(value, where);
    auto tokens = json.Has("tokens") ? json.Get<std::vector<int32_t>>("tokens") : Encode(json);
    const auto limit = model_->config().max_position;
    if (tokens.empty()) throw Error("{}: no tokens", where);
    if (static_cast<int64_t>(tokens.size()) > limit) {
      throw Error("{}: {} tokens, the model's context holds {}", where, tokens.size(), limit);
    }
    for (const int32_t token : tokens) {
      if (token < 0 || token >= model_->config().vocab_size) {
        throw Error("{}: token {} is not in 0 .. {}", where, token,
                    model_->config().vocab_size - 1);
      }
    }
    JsonWriter line;
    line.BeginObject().Field("tokens", tokens).Key("logprobs").BeginArray().Null();
    if (tokens.size() > 1) {
      const std::span all(tokens);
      const SequenceView view{.prompt = all.first(1), .response = all.subspan(1)};
      PackedBatch packed = Pack({&view, 1}, model_->options().device);
      const auto logprobs = ResponseLogprobs(*model_, packed).logprobs_T.cpu();
      for (int64_t i = 0; i < logprobs.size(0); ++i)
        line.Value(logprobs.const_data_ptr<float>()[i]);
    }
    if (keep_logits_) KeepLogits(tokens);
    return line.EndArray().EndObject().Take() + '\n';
  }

  const std::vector<NamedTensor>& logits() const { return logits_; }

 private:
  std::vector<int32_t> Encode(const JsonObject& json) {
    if (!tokenizer_) tokenizer_ = Tokenizer::Load(folder_);
    return tokenizer_->Encode(json.Get<std::string>("text"));
  }

  void KeepLogits(std::vector<int32_t> tokens) {
    tokens.push_back(
        tokens.back());  // its row is the last one packed: the last token's own is kept
    const std::span all(tokens);
    const SequenceView view{.prompt = all.first(1), .response = all.subspan(1)};
    PackedBatch packed = Pack({&view, 1}, model_->options().device);
    const auto hidden = model_->Hidden(packed.forward);
    logits_.push_back(
        {std::to_string(logits_.size()), ops::Linear(hidden, model_->head(), nullptr, true)});
  }

  std::string folder_;
  std::unique_ptr<Model> model_;
  bool keep_logits_;
  std::optional<Tokenizer> tokenizer_;
  std::vector<NamedTensor> logits_;
};

}  // namespace

int LogprobsCommand(int argc, char** argv) {
  Arguments arguments(
      "logprobs",
      "Prints ln p(token | tokens before it) of every token of every line of a JSONL "
      "file: {\"tokens\": [..]}, or {\"text\": \"..\"} with a tokenizer in the folder.",
      "  rationale logprobs --model models/smollm2 --data texts.jsonl --json\n"
      "  echo '{\"tokens\": [1, 2, 3]}' | rationale logprobs --model DIR --data -\n");
  ModelArguments model;
  model.AddTo(arguments);
  std::string data, logits;
  bool json = true;
  arguments.add_option("--data", data, "JSONL file; -: standard input")->required();
  arguments.add_option("--logits", logits,
                       "also write the logits to model.safetensors in this folder: tensor i is "
                       "line i's [tokens, vocabulary]");
  arguments.add_flag("--json", json, "one JSON object a line (the only form)");
  if (!arguments.Parse(argc, argv)) return 0;
  const at::NoGradGuard no_grad;
  Scorer scorer(model, !logits.empty());
  std::ifstream file(data == "-" ? "/dev/stdin" : data);
  if (!file || std::filesystem::is_directory(data)) throw Error("{}: cannot be read", data);
  std::string line;
  int64_t scored = 0;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto document = ParseJson(line, data, number);
    Print(scorer.Score(document, fmt::format("{}:{}", data, number)));
    ++scored;
  }
  if (scored == 0) throw Error("{}: found no line with text, allowed: one at least", data);
  if (!logits.empty()) WriteSafetensors(logits, scorer.logits(), int64_t{5} << 30);
  return 0;
}

}  // namespace rationale
