// DataConfig: where problems come from (files, a known data set, or a generator) and how they are
// divided.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "datasets/generators/registry.h"
#include "datasets/readers/rows.h"
#include "datasets/split.h"

namespace rationale {

// Which columns make a problem. Each is one of
//   a column          "question"
//   a path            "reward_model.ground_truth", into objects, where no column has that very name
//   a pattern         "{Body} {Question}": columns or paths in braces, all else as it is; "{}" is
//   literal, as in
//                     "\boxed{}". {row} is the row's number in its file, unless a column has that
//                     name. A list of strings is put in with a line break between its elements.
// or empty: the first of the names below that a file's first row has.
struct FieldsConfig {
  std::string prompt = {};
  std::string messages = {};
  std::string reference = {};
  std::string language = {};
  std::string id = {};
  std::string completion = {};

  template <class V>
  void Visit(V& v) {
    v("prompt", prompt, "empty: prompt, question, problem, input, instruction, query or text");
    v("messages", messages,
      "[{role, content}, ..] or [{from, value}, ..]; empty: messages or conversations, where "
      "there is no prompt; a prompt column may hold messages too");
    v("reference", reference,
      "empty: reference, answer, final_answer, target, ground_truth, gold, "
      "reward_model.ground_truth, or none");
    v("language", language, "empty: data.language for every problem");
    v("id", id, "empty: file name and row, such as train.jsonl:17");
    v("completion", completion,
      "for SFT; empty: completion, response or output, or the messages' last");
  }
};

struct MixPart;

// Either `dataset` or `files` (or both: other files of the same form), or `generator`, or `mix`.
struct DataConfig {
  std::string dataset = {};
  std::vector<std::string> files = {};
  std::vector<std::string> held_out_files = {};
  DataFormat format = DataFormat::kAuto;
  std::optional<bool> header = {};
  std::vector<std::string> columns = {};
  FieldsConfig fields = {};
  std::string reference_until = {};
  std::string language = {};
  std::string file_language = {};
  std::vector<std::string> languages = {};
  double held_out = 0.1;
  std::string split_by = {};
  std::string split_salt = SplitRule().salt;
  int64_t limit = 0;
  int64_t held_out_limit = 0;
  bool shuffle = false;
  bool deduplicate = false;
  bool drop_unanswered = false;
  uint64_t seed = 0;
  int64_t row_bytes_max = 16 << 20;
  std::string generator = {};
  GeneratorOptions options = {};
  std::vector<MixPart> mix = {};

  template <class V>
  void Visit(V& v) {
    v("dataset", dataset, "a data set known by name (gsm8k, mgsm, ...): files and fields follow");
    v("files", files,
      "paths, * and ? allowed; a relative one that is not there is looked for under "
      "$RATIONALE_DATA "
      "(default ../shared/data)");
    v("held_out_files", held_out_files,
      "hold these out instead of a share of files; their problems are left out "
      "of files");
    v("format", format, "auto: by the file's name");
    v("header", header, "TSV, CSV: the first line names the columns (default true)");
    v("columns", columns, "TSV, CSV without header: the columns' names; empty: 0, 1, ...");
    v("fields", fields, "which columns make a problem");
    v("reference_until", reference_until,
      "the reference ends where this text begins: ' (' makes 9 of '9 (apples)'");
    v("language", language,
      "the language to think in, for problems that name none: en, de, zh, ...");
    v("file_language", file_language, "the language from the file's name: mgsm_{language}.tsv");
    v("languages", languages, "only problems in these languages; empty: all");
    v("held_out", held_out,
      "share of problems held out, by a hash of the prompt; 0 in a part of a mix: all are trained "
      "on",
      Between(0, 1));
    v("split_by", split_by,
      "hash this field or pattern instead of the prompt: {row} keeps a row's translations in "
      "parallel files on one side");
    v("split_salt", split_salt, "another text divides anew");
    v("limit", limit, "most problems to train on; 0: all", AtLeast(0));
    v("held_out_limit", held_out_limit, "most problems to hold out; 0: all", AtLeast(0));
    v("shuffle", shuffle, "take the limit's problems at random instead of the first");
    v("deduplicate", deduplicate, "keep the first of problems that are the same text");
    v("drop_unanswered", drop_unanswered, "leave out problems whose reference is null or empty");
    v("seed", seed,
      "of the generator and of shuffle; a run's own seed joins it for training, not for held-out "
      "problems");
    v("row_bytes_max", row_bytes_max, "larger rows are refused", AtLeast(1));
    v("generator", generator, "make problems by a rule instead: arithmetic_words, ...");
    options.Visit(v);
    v("mix", mix, "or several of all this, each with name and weight, taking turns");
  }
  void Validate(const ConfigCheck& check) const;

  size_t LimitOf(Split split) const;  // 0: all
  SplitRule split_rule() const { return {.held_out = held_out, .salt = split_salt}; }
};

// One part of a mixture: a DataConfig with two keys more.
struct MixPart {
  std::string name = {};
  int64_t weight = 1;
  DataConfig data = {};

  template <class V>
  void Visit(V& v) {
    v("name", name, "of the part: begins its problems' ids, and rewards see it as data_source");
    v("weight", weight, "how many of its problems come in each round", Between(1, 1000));
    data.Visit(v);
  }
  void Validate(const ConfigCheck& check) const { data.Validate(check); }
};

// A data set by its name or its file's path, as commands take it after --data: the known data set
// of that name, else a file.
DataConfig DataConfigFor(const std::string& name_or_path);

// The configuration with what a known data set's name stands for filled in wherever the user left
// the default. Throws Error for an unknown name (it names the nearest). Without a name: as it is.
DataConfig ResolveDataset(DataConfig config);

std::vector<std::string> KnownDatasets();

}  // namespace rationale
