// Problems out of files: rows through the field mapping, then the choice of a side.

#include "datasets/problem_files.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/philox.h"
#include "datasets/fields.h"
#include "datasets/order.h"
#include "datasets/paths.h"

namespace rationale {
namespace {

// A row as a problem, with what the split rule is given and the place it came from.
struct Entry {
  Demonstration demonstration;
  std::string side_content;  // white space collapsed
  std::string where;
};

std::string Content(const Problem& problem) {
  std::string content = problem.prompt;
  for (const auto& [role, text] : problem.messages)
    content.append(role).append(": ").append(text).append("\n");
  return content;
}

// Makes entries of one file's rows.
class EntryMaker {
 public:
  EntryMaker(const DataConfig& config, std::string short_name, std::string language,
             const Row& first, bool completions)
      : config_(config),
        short_name_(std::move(short_name)),
        language_(std::move(language)),
        fields_(ChooseFields(config.fields, first, completions)),
        completions_(completions) {}

  Entry Make(const Row& row) const {
    Entry entry;
    entry.where = row.where;
    Problem& problem = entry.demonstration.problem;
    ReadInput(row, problem, entry.demonstration.completion);
    problem.id = fields_.id.empty() ? short_name_ + ":" + std::to_string(row.number)
                                    : FieldText(row, fields_.id, "data.fields.id");
    problem.language = fields_.language.empty()
                           ? language_
                           : FieldText(row, fields_.language, "data.fields.language");
    const bool answered = !config_.drop_unanswered || FindField(row, fields_.reference) != nullptr;
    if (!fields_.reference.empty() && answered) {
      problem.reference = FieldText(row, fields_.reference, "data.fields.reference");
      if (!config_.reference_until.empty()) {
        problem.reference.resize(
            std::min(problem.reference.size(), problem.reference.find(config_.reference_until)));
      }
    }
    if (completions_) ReadCompletion(row, entry.demonstration.completion);
    problem.fields = AllColumns(row);
    entry.side_content = CollapseWhiteSpace(
        config_.split_by.empty() ? Content(problem)
                                 : FieldText(row, config_.split_by, "data.split_by"));
    return entry;
  }

 private:
  // Prompt or messages; `completion` is the assistant's last message, if there is one.
  void ReadInput(const Row& row, Problem& problem, std::string& completion) const {
    const rapidjson::Value* prompt =
        fields_.prompt.empty() ? nullptr : FindField(row, fields_.prompt);
    if (fields_.prompt.empty() || (prompt != nullptr && prompt->IsArray())) {
      const bool in_prompt = !fields_.prompt.empty();
      problem.messages = FieldMessages(row, in_prompt ? fields_.prompt : fields_.messages,
                                       in_prompt ? "data.fields.prompt" : "data.fields.messages");
      if (problem.messages.back().role == "assistant") {
        completion = std::move(problem.messages.back().content);
        problem.messages.pop_back();
      }
      if (problem.messages.empty() || problem.messages.back().role != "user") {
        throw Error("{}: found no user's message to answer", row.where);
      }
    } else {
      problem.prompt = FieldText(row, fields_.prompt, "data.fields.prompt");
      if (CollapseWhiteSpace(problem.prompt).empty()) {
        throw Error("{}: found an empty prompt in '{}'", row.where, fields_.prompt);
      }
    }
  }

  void ReadCompletion(const Row& row, std::string& completion) const {
    if (!fields_.completion.empty()) {
      completion = FieldText(row, fields_.completion, "data.fields.completion");
    }
    if (completion.empty()) {
      throw Error(
          "{}: found no completion; set data.fields.completion, or end the messages with the "
          "assistant's",
          row.where);
    }
  }

  const DataConfig& config_;
  std::string short_name_;
  std::string language_;
  FieldsConfig fields_;
  bool completions_;
};

// Calls `use` for every row of the files, in order, until it returns false.
void ForEachEntry(const DataConfig& config, const std::vector<std::string>& files, bool completions,
                  const std::function<bool(Entry)>& use) {
  const std::vector<std::string> paths = ExpandPaths(files);
  const std::vector<std::string> names = ShortNames(paths);
  const RowFormat format{.format = config.format,
                         .header = config.header.value_or(true),
                         .columns = config.columns,
                         .row_bytes_max = config.row_bytes_max};
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string language = config.file_language.empty()
                                     ? config.language
                                     : LanguageOfFile(paths[i], config.file_language);
    const std::unique_ptr<RowReader> rows = OpenRows(paths[i], format);
    std::optional<EntryMaker> maker;
    for (Row row; rows->Next(row);) {
      if (!maker) maker.emplace(config, names[i], language, row, completions);
      if (!use(maker->Make(row))) return;
    }
  }
}

// Decides which entries are taken.
class Selection {
 public:
  Selection(const DataConfig& config, Split split, bool completions)
      : config_(config), split_(split), by_hash_(config.held_out_files.empty()) {
    if (by_hash_ || split != Split::kTrain) return;
    ForEachEntry(config, config.held_out_files, completions, [this](const Entry& entry) {
      held_out_.insert(entry.side_content);
      return true;
    });
  }

  bool Takes(const Entry& entry) {
    const Problem& problem = entry.demonstration.problem;
    const auto [place, is_new] = places_.emplace(problem.id, entry.where);
    if (!is_new) {
      throw Error("{}: found the id '{}' again, first at {}", entry.where, problem.id,
                  place->second);
    }
    if (config_.drop_unanswered && CollapseWhiteSpace(problem.reference).empty()) return false;
    const auto& languages = config_.languages;
    if (!languages.empty() &&
        std::find(languages.begin(), languages.end(), problem.language) == languages.end()) {
      return false;
    }
    if (by_hash_ && !config_.split_rule().Contains(split_, entry.side_content)) return false;
    if (held_out_.contains(entry.side_content)) return false;
    return !config_.deduplicate || seen_.insert(CollapseWhiteSpace(Content(problem))).second;
  }

 private:
  const DataConfig& config_;
  Split split_;
  bool by_hash_;
  std::set<std::string> held_out_;             // what the held-out files hold
  std::map<std::string, std::string> places_;  // of each id
  std::set<std::string> seen_;
};

}  // namespace

std::vector<Demonstration> LoadFiles(const DataConfig& config, Split split, bool completions) {
  const bool held_out_files = split == Split::kHeldOut && !config.held_out_files.empty();
  const std::vector<std::string>& files = held_out_files ? config.held_out_files : config.files;
  const size_t limit = config.LimitOf(split);
  Selection selection(config, split, completions);
  std::vector<Demonstration> taken;
  size_t num_rows = 0;
  ForEachEntry(config, files, completions, [&](Entry entry) {
    ++num_rows;
    if (selection.Takes(entry)) taken.push_back(std::move(entry.demonstration));
    return config.shuffle || limit == 0 || taken.size() < limit;
  });
  if (taken.empty()) {
    throw Error(
        "no {}problems in {}: {} rows read, none taken (data.held_out = {}, data.languages = "
        "[{}])",
        split == Split::kAll ? "" : std::string(SplitName(split)) + " ", fmt::join(files, ", "),
        num_rows, config.held_out, fmt::join(config.languages, ", "));
  }
  if (config.shuffle) {
    ProblemOrder order(DeriveKey({config.seed, KeyPart("subset")}), taken.size());
    std::vector<Demonstration> shuffled;
    for (uint64_t i = 0; i < taken.size(); ++i) shuffled.push_back(std::move(taken[order.At(i)]));
    taken = std::move(shuffled);
    if (limit > 0 && taken.size() > limit) taken.resize(limit);
  }
  return taken;
}

}  // namespace rationale
