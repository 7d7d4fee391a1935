// Rollout files: Arrow arrays from samples, and back.

#include "rl/record/rollout_file.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace rationale {
namespace {

constexpr std::string_view kScore = "score_", kReason = "reason_", kAnswer = "answer_";

// Memory only: fails for want of it.
void Must(const arrow::Status& status) {
  Check{status.ok(), "Arrow: ", status.ToString()};
}

// The columns of a table, one after the other.
class Columns {
 public:
  explicit Columns(std::span<const Sample> samples) : samples_(samples) {}

  // value(sample) -> T; an absent std::optional<T> is null.
  template <class Builder, class F>
  void Add(std::string name, F value) {
    Builder builder;
    for (const Sample& sample : samples_) {
      const auto optional = [&] {
        if constexpr (requires { value(sample).has_value(); }) {
          return value(sample);
        } else {
          return std::optional(value(sample));
        }
      }();
      Must(optional ? builder.Append(*optional) : builder.AppendNull());
    }
    Finish(std::move(name), builder);
  }

  // value(sample) -> a vector of the element builder's C type.
  template <class Builder, class F>
  void AddList(std::string name, F value) {
    auto elements = std::make_shared<Builder>();
    arrow::ListBuilder builder(arrow::default_memory_pool(), elements);
    for (const Sample& sample : samples_) {
      const auto& list = value(sample);
      Must(builder.Append());
      Must(elements->AppendValues(list.data(), static_cast<int64_t>(list.size())));
    }
    Finish(std::move(name), builder);
  }

  std::shared_ptr<arrow::Table> Table() const {
    return arrow::Table::Make(arrow::schema(fields_), arrays_,
                              static_cast<int64_t>(samples_.size()));
  }

 private:
  void Finish(std::string name, arrow::ArrayBuilder& builder) {
    std::shared_ptr<arrow::Array> array;
    Must(builder.Finish(&array));
    fields_.push_back(arrow::field(std::move(name), array->type()));
    arrays_.push_back(std::move(array));
  }

  std::span<const Sample> samples_;
  arrow::FieldVector fields_;
  arrow::ArrayVector arrays_;
};

std::string FinishName(Finish finish) {
  switch (finish) {
    case Finish::kStop:
      return "stop";
    case Finish::kLength:
      return "length";
    case Finish::kCancelled:
      break;
  }
  return "cancelled";
}

// Names of all components, in the order they are met.
std::vector<std::string> ComponentNames(std::span<const Sample> samples) {
  std::vector<std::string> names;
  for (const Sample& sample : samples) {
    for (const Component& component : sample.verdict.components) {
      if (std::find(names.begin(), names.end(), component.name) == names.end()) {
        names.push_back(component.name);
      }
    }
  }
  return names;
}

const Component* FindComponent(const Sample& sample, const std::string& name) {
  for (const Component& component : sample.verdict.components) {
    if (component.name == name) return &component;
  }
  return nullptr;
}

void AddComponent(const std::string& name, Columns& columns) {
  columns.Add<arrow::DoubleBuilder>(std::string(kScore) + name, [&](const Sample& sample) {
    const Component* component = FindComponent(sample, name);
    return component != nullptr && component->judged ? std::optional(component->score)
                                                     : std::nullopt;
  });
  columns.Add<arrow::StringBuilder>(std::string(kReason) + name, [&](const Sample& sample) {
    const Component* component = FindComponent(sample, name);
    return component != nullptr ? std::optional(ValidUtf8(component->reason)) : std::nullopt;
  });
  columns.Add<arrow::StringBuilder>(std::string(kAnswer) + name, [&](const Sample& sample) {
    const Component* component = FindComponent(sample, name);
    return component != nullptr ? std::optional(ValidUtf8(component->answer)) : std::nullopt;
  });
}

std::shared_ptr<arrow::Table> MakeTable(std::span<const Sample> samples,
                                        const RolloutContext& context) {
  using arrow::BooleanBuilder, arrow::DoubleBuilder, arrow::FloatBuilder, arrow::Int32Builder,
      arrow::Int64Builder, arrow::StringBuilder;
  Columns columns(samples);
  columns.Add<StringBuilder>("problem_id", [](const Sample& s) { return s.problem->id; });
  columns.Add<StringBuilder>("language", [](const Sample& s) { return s.problem->language; });
  columns.Add<StringBuilder>("reference",
                             [](const Sample& s) { return ValidUtf8(s.problem->reference); });
  columns.Add<StringBuilder>("problem_columns", [](const Sample& s) {
    return JsonWriter().Value(s.problem->fields).Take();
  });
  columns.Add<Int64Builder>("step", [&](const Sample&) { return context.step; });
  columns.Add<Int64Builder>("max_tokens", [&](const Sample&) { return context.max_tokens; });
  columns.Add<Int64Builder>("group", [](const Sample& s) { return s.group; });
  columns.Add<StringBuilder>("prompt",
                             [&](const Sample& s) { return ValidUtf8(context.prompt_text(s)); });
  columns.Add<StringBuilder>("response", [](const Sample& s) { return ValidUtf8(s.rollout.text); });
  columns.AddList<Int32Builder>("prompt_tokens", [](const Sample& s) { return s.rollout.prompt; });
  columns.AddList<Int32Builder>("response_tokens",
                                [](const Sample& s) { return s.rollout.response; });
  columns.AddList<FloatBuilder>("logprobs", [](const Sample& s) { return s.rollout.logprobs; });
  columns.AddList<Int64Builder>("policy_versions",
                                [](const Sample& s) { return s.rollout.policy_versions; });
  columns.Add<StringBuilder>("finish",
                             [](const Sample& s) { return FinishName(s.rollout.finish); });
  columns.Add<BooleanBuilder>("judged", [](const Sample& s) { return s.verdict.judged; });
  columns.Add<BooleanBuilder>("used", [](const Sample& s) { return s.used; });
  columns.Add<DoubleBuilder>("reward", [](const Sample& s) {
    return s.verdict.judged ? std::optional(s.reward) : std::nullopt;
  });
  columns.Add<DoubleBuilder>("advantage", [](const Sample& s) { return s.advantage; });
  for (const std::string& name : ComponentNames(samples)) AddComponent(name, columns);
  return columns.Table();
}

arrow::Status WriteTable(const arrow::Table& table, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto stream, arrow::io::FileOutputStream::Open(path));
  const auto properties =
      parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->build();
  constexpr int64_t kRowGroup = 1 << 16;
  ARROW_RETURN_NOT_OK(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), stream,
                                                 kRowGroup, properties));
  return stream->Close();
}

arrow::Result<std::shared_ptr<arrow::Table>> ReadTable(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
  ARROW_ASSIGN_OR_RAISE(auto reader, parquet::arrow::OpenFile(file, arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ReadTable());
  return table->CombineChunks();
}

// Rows of one column, as text or as numbers.
class Column {
 public:
  Column(const arrow::Table& table, const std::string& name, const std::string& path) {
    const auto chunked = table.GetColumnByName(name);
    if (chunked == nullptr)
      throw Error("{}: no column '{}'; it is not a file of rollouts", path, name);
    if (chunked->num_chunks() > 0) array_ = chunked->chunk(0);
  }

  std::string Text(int64_t row) const {
    const auto* array = dynamic_cast<const arrow::StringArray*>(array_.get());
    return array == nullptr || array->IsNull(row) ? "" : array->GetString(row);
  }

  double Number(int64_t row) const {
    const auto* array = dynamic_cast<const arrow::DoubleArray*>(array_.get());
    return array == nullptr || array->IsNull(row) ? std::numeric_limits<double>::quiet_NaN()
                                                  : array->Value(row);
  }

 private:
  std::shared_ptr<arrow::Array> array_;
};

}  // namespace

std::string RolloutPath(const std::string& run_folder, int64_t step) {
  return fmt::format("{}/rollouts/step-{:06}.parquet", run_folder, step);
}

void WriteRollouts(const std::string& path, std::span<const Sample> samples,
                   const RolloutContext& context) {
  MakeFolders(std::filesystem::path(path).parent_path().string());
  const std::string temporary = fmt::format("{}.tmp-{}", path, getpid());
  const arrow::Status status = WriteTable(*MakeTable(samples, context), temporary);
  if (!status.ok()) {
    RemoveAll(temporary);
    throw Failure("{}: cannot be written: {}", path, status.message());
  }
  SyncFile(temporary);
  RenameDurably(temporary, path);
}

std::vector<RolloutRow> ReadRollouts(const std::string& path, int64_t limit) {
  const auto result = ReadTable(path);
  if (!result.ok())
    throw Error("{}: cannot be read as Parquet: {}", path, result.status().message());
  const arrow::Table& table = **result;
  std::vector<RolloutRow> rows(static_cast<size_t>(std::min(limit, table.num_rows())));
  const auto fill_text = [&](const std::string& name, auto field) {
    const Column column(table, name, path);
    for (size_t i = 0; i < rows.size(); ++i) field(rows[i]) = column.Text(static_cast<int64_t>(i));
  };
  const auto fill_number = [&](const std::string& name, auto field) {
    const Column column(table, name, path);
    for (size_t i = 0; i < rows.size(); ++i)
      field(rows[i]) = column.Number(static_cast<int64_t>(i));
  };
  fill_text(
      "problem_id", [](RolloutRow & row) -> auto& { return row.problem_id; });
  fill_text(
      "language", [](RolloutRow & row) -> auto& { return row.language; });
  fill_text(
      "prompt", [](RolloutRow & row) -> auto& { return row.prompt; });
  fill_text(
      "response", [](RolloutRow & row) -> auto& { return row.response; });
  fill_text(
      "finish", [](RolloutRow & row) -> auto& { return row.finish; });
  fill_number(
      "reward", [](RolloutRow & row) -> auto& { return row.reward; });
  fill_number(
      "advantage", [](RolloutRow & row) -> auto& { return row.advantage; });
  for (const std::string& name : table.ColumnNames()) {
    if (name.starts_with(kScore)) {
      fill_number(
          name, [&](RolloutRow & row) -> auto& { return row.scores[name.substr(kScore.size())]; });
    } else if (name.starts_with(kReason)) {
      fill_text(
          name, [&](RolloutRow & row) -> auto& {
            return row.reasons[name.substr(kReason.size())];
          });
    }
  }
  return rows;
}

}  // namespace rationale
