// The data sets known by name, and what a DataConfig means by one.

#include <filesystem>

#include "base/error.h"
#include "base/spelling.h"
#include "datasets/data_config.h"

namespace rationale {
namespace {

struct KnownDataset {
  std::string name;
  DataConfig config;  // only what differs from the default
};

DataConfig Math(std::vector<std::string> files, FieldsConfig fields, std::string language) {
  return {.files = std::move(files), .fields = std::move(fields), .language = std::move(language)};
}

std::vector<std::string> MgsmFiles() {
  std::vector<std::string> files;
  for (const char* language : {"bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh"}) {
    files.push_back(fmt::format("mgsm/mgsm_{}.tsv", language));
  }
  return files;
}

const std::vector<KnownDataset>& Datasets() {
  static const std::vector<KnownDataset> kDatasets = {
      {"gsm8k",
       {.files = {"gsm8k/train.jsonl"},
        .held_out_files = {"gsm8k/test.jsonl"},
        .fields = {.prompt = "question", .reference = "answer"},
        .language = "en"}},
      {"mgsm",
       {.files = MgsmFiles(),
        .header = false,
        .columns = {"question", "answer"},
        .fields = {.prompt = "question", .reference = "answer"},
        .file_language = "mgsm_{language}.tsv",
        .split_by = "{row}"}},
      {"svamp", Math({"math/svamp.jsonl"},
                     {.prompt = "{Body} {Question}", .reference = "Answer", .id = "ID"}, "en")},
      {"asdiv",
       {.files = {"math/asdiv.jsonl"},
        .fields = {.prompt = "{body} {question}", .reference = "answer"},
        .reference_until = " (",
        .language = "en"}},
      {"mawps",
       Math({"math/mawps_addsub.jsonl", "math/mawps_multiarith.jsonl", "math/mawps_singleop.jsonl"},
            {.prompt = "input", .reference = "target"}, "en")},
      {"cmath", Math({"math/cmath.jsonl"}, {.prompt = "question", .reference = "answer"}, "zh")},
      {"aime24", Math({"math/aime24.jsonl"}, {.prompt = "problem", .reference = "answer"}, "en")},
      {"amc23", Math({"math/amc23.jsonl"}, {.prompt = "problem", .reference = "answer"}, "en")},
      {"olympiadbench", Math({"math/olympiadbench.jsonl"},
                             {.prompt = "question", .reference = "final_answer"}, "en")},
      {"gaokao2023en",
       {.files = {"math/gaokao2023en.jsonl"},
        .fields = {.prompt = "question", .reference = "answer"},
        .language = "en",
        .drop_unanswered = true}},  // two have an empty answer
      {"humaneval",
       Math({"humaneval/HumanEval.jsonl.gz"}, {.prompt = "prompt", .id = "task_id"}, "en")},
      {"mbpp",
       Math({"humaneval/mbpp.jsonl"},
            {.prompt = "{text}\nThe code must pass these tests:\n{test_list}", .id = "task_id"},
            "en")},
  };
  return kDatasets;
}

template <class T>
void FillIn(T& field, const T& known) {
  if (field == T{}) field = known;
}

}  // namespace

std::vector<std::string> KnownDatasets() {
  std::vector<std::string> names;
  for (const KnownDataset& dataset : Datasets()) names.push_back(dataset.name);
  return names;
}

DataConfig ResolveDataset(DataConfig config) {
  if (config.dataset.empty()) return config;
  for (const auto& [name, known] : Datasets()) {
    if (name != config.dataset) continue;
    if (config.files.empty()) FillIn(config.held_out_files, known.held_out_files);
    FillIn(config.files, known.files);
    FillIn(config.header, known.header);
    FillIn(config.columns, known.columns);
    FillIn(config.fields.prompt, known.fields.prompt);
    FillIn(config.fields.reference, known.fields.reference);
    FillIn(config.fields.id, known.fields.id);
    FillIn(config.reference_until, known.reference_until);
    FillIn(config.language, known.language);
    FillIn(config.file_language, known.file_language);
    FillIn(config.split_by, known.split_by);
    FillIn(config.drop_unanswered, known.drop_unanswered);
    config.dataset.clear();
    return config;
  }
  const std::vector<std::string> names = KnownDatasets();
  throw Error("data.dataset: found '{}', allowed: {}; nearest: {}", config.dataset,
              fmt::join(names, ", "), NearestName(config.dataset, names));
}

DataConfig DataConfigFor(const std::string& name_or_path) {
  for (const KnownDataset& dataset : Datasets()) {
    if (dataset.name == name_or_path && !std::filesystem::exists(name_or_path)) {
      return {.dataset = name_or_path};
    }
  }
  return {.files = {name_or_path}};
}

}  // namespace rationale
