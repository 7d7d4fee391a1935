#include "rl/lab/response_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/json.h"
#include "datasets/fields.h"
#include "datasets/paths.h"

namespace rationale {
namespace {

// The first of `names` that the row has a value for; null if none.
const rapidjson::Value* FirstOf(const Row& row, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto* value = FindField(row, name)) return value;
  }
  return nullptr;
}

// The text of an optional column: the one that [fields] names, else the first there is of
// `defaults`, else nothing.
std::string OptionalText(const Row& row, const std::optional<std::string>& named,
                         std::string_view key, std::initializer_list<const char*> defaults) {
  if (named) {
    const bool is_null = row.value.HasMember(named->c_str()) && FindField(row, *named) == nullptr;
    return is_null ? "" : FieldText(row, *named, key);
  }
  for (const char* name : defaults) {
    if (FindField(row, name) != nullptr) return FieldText(row, name, key);
  }
  return "";
}

// Whether a column holds a chat, as TRL's and verl's conversational data sets do: a list of
// messages.
bool IsChat(const rapidjson::Value* value) {
  return value != nullptr && value->IsArray() && !value->Empty() && (*value)[0].IsObject();
}

// The response: a text, or the last message of a chat, which must be the assistant's; what tools
// answered behind it is no response.
std::string ResponseText(const Row& row, const std::string& column) {
  constexpr std::string_view kKey = "fields.response";
  if (!IsChat(FindField(row, column))) return FieldText(row, column, kKey);
  std::vector<Message> messages = FieldMessages(row, column, kKey, Chat::kTranscript);
  while (messages.size() > 1 && messages.back().role == "tool") messages.pop_back();
  if (messages.back().role != "assistant") {
    throw Error("{}: {}: found a chat that ends with a message of the {}, allowed: the assistant's",
                row.where, column, messages.back().role);
  }
  return std::move(messages.back().content);
}

// Fills the problem's prompt or its messages, and a name for the group of its responses.
void ReadProblemText(const Row& row, const std::optional<std::string>& named, ScoredRow& scored) {
  const char* usual = FindField(row, "problem") != nullptr ? "problem" : "prompt";
  const std::string column = named.value_or(usual);
  if (!IsChat(FindField(row, column))) {
    scored.problem.prompt = OptionalText(row, named, "fields.problem", {usual});
    scored.group = scored.problem.prompt;
    return;
  }
  scored.problem.messages = FieldMessages(row, column, "fields.problem", Chat::kTranscript);
  for (const Message& message : scored.problem.messages) {
    scored.group += message.role + ": " + message.content + '\n';
  }
}

int64_t Count(const Row& row, std::string_view key, const rapidjson::Value* value) {
  if (value == nullptr) return 0;
  if (value->IsArray()) return static_cast<int64_t>(value->Size());
  if (value->IsInt64() && value->GetInt64() >= 0) return value->GetInt64();
  throw Error("{}: {}: found {}, allowed: an integer of at least 0", row.where, key,
              JsonText(*value));
}

// Code points: the bytes that continue none.
int64_t CountCharacters(const std::string& text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool IsTruncated(const Row& row) {
  if (const auto* truncated = FindField(row, "truncated")) {
    if (truncated->IsBool()) return truncated->GetBool();
    throw Error("{}: truncated: found {}, allowed: true or false", row.where, JsonText(*truncated));
  }
  const auto* finish = FindField(row, "finish");
  return finish != nullptr && finish->IsString() &&
         std::string_view("length") == finish->GetString();
}

// The columns of the problem: those the trainer wrote, else all of the row.
std::map<std::string, std::string> ProblemColumns(const Row& row) {
  const auto* written = FindField(row, "problem_columns");
  if (written == nullptr) return AllColumns(row);
  Row columns{.value = {}, .where = row.where + ": problem_columns"};
  columns.value = ParseJson(FieldText(row, "problem_columns", "problem_columns"), columns.where);
  JsonObject(columns.value, columns.where);  // throws if it is none
  return AllColumns(columns);
}

}  // namespace

Response ScoredRow::response() const {
  return {.text = text,
          .problem = &problem,
          .num_tokens = num_tokens,
          .max_tokens = max_tokens,
          .truncated = truncated,
          .step = step};
}

ScoredRow ResponseColumns::Read(const Row& row) const {
  ScoredRow scored{.where = row.where, .file = row.where.substr(0, row.where.rfind(':'))};
  Problem& problem = scored.problem;
  scored.text = ResponseText(row, fields_.response.value_or("response"));
  scored.num_characters = CountCharacters(scored.text);
  ReadProblemText(row, fields_.problem, scored);
  problem.reference = OptionalText(row, fields_.reference, "fields.reference", {"reference"});
  problem.language = OptionalText(row, fields_.language, "fields.language", {"language"});
  problem.id = OptionalText(row, {}, "id", {"id", "problem_id"});
  problem.fields = ProblemColumns(row);
  scored.source = OptionalText(row, fields_.source, "fields.source", {"source", "data_source"});
  std::string group = OptionalText(row, fields_.group, "fields.group", {"group"});
  if (!group.empty()) scored.group = std::move(group);
  scored.num_tokens = Count(row, "num_tokens", FirstOf(row, {"num_tokens", "response_tokens"}));
  scored.max_tokens = Count(row, "max_tokens", FindField(row, "max_tokens"));
  scored.step = Count(row, "step", FindField(row, "step"));
  scored.truncated = IsTruncated(row);
  return scored;
}

ResponseFiles::ResponseFiles(const std::vector<std::string>& paths)
    : paths_(ExpandPaths(paths, "--data")) {
  for (const std::string& path : paths_) {
    std::error_code error;
    const bool regular = std::filesystem::is_regular_file(path, error);
    bytes_.push_back(regular ? static_cast<double>(std::filesystem::file_size(path, error)) : 0);
    all_bytes_ += bytes_.back();
    sizes_known_ &= regular;
  }
}

bool ResponseFiles::NextUnparsed(Row& row) {
  while (true) {
    if (reader_ != nullptr && reader_->NextUnparsed(row)) {
      ++rows_read_;
      return true;
    }
    if (next_ == paths_.size()) return false;
    if (next_ > 0) bytes_before_ += bytes_[next_ - 1];
    reader_ = OpenRows(paths_[next_++]);
  }
}

int64_t ResponseFiles::EstimatedRows() const {
  if (!sizes_known_ || reader_ == nullptr) return 0;
  const double read = bytes_before_ + bytes_[next_ - 1] * reader_->ShareRead();
  return read > 0 ? std::llround(static_cast<double>(rows_read_) * all_bytes_ / read) : 0;
}

}  // namespace rationale
