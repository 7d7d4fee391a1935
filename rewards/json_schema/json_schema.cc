// JsonSchema: is the answer JSON that a schema allows?
//
// Score 1 if it is, else 0. The answer is one JSON text, alone or inside a ``` fence. Which schemas
// are read: schema.h. What is no schema, or uses what is not read, is an error in the rubric, and a
// problem that brings it is not judged. An empty answer scores 0, as does an answer of more than
// `max_values` values or 256 levels. Not judged, too: a problem without a schema, and what takes
// more than `steps`.

#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "rewards/json_schema/schema.h"
#include "rewards/options.h"
#include "rewards/references.h"
#include "rewards/registry.h"
#include "rewards/sections.h"

namespace rationale {
namespace {

struct JsonSchemaOptions {
  std::string schema;
  std::string file;
  std::string column;
  Part part = Part::kAnswer;
  int64_t max_values = 10'000;
  int64_t steps = 1'000'000;

  template <class V>
  void Visit(V& v) {
    v("schema", schema, "the schema, as JSON");
    v("file", file, "the file that holds it");
    v("column", column, "the column that holds it, for problems with one each");
    v("part", part, "what is validated: answer, response or thought");
    v("max_values", max_values, "an answer of more values than this is wrong",
      Between(1, 1'000'000));
    v("steps", steps, "the work that one answer may take", Between(1, 100'000'000));
  }
  void Validate(const ConfigCheck& check) const {
    const int given = !schema.empty() + !file.empty() + !column.empty();
    check(given == 1, "schema", "or file or column has to be given, and one of them only");
  }
};

// The values of a JSON text, itself included.
int64_t CountValues(const rapidjson::Value& value) {
  int64_t count = 1;
  if (value.IsArray()) {
    for (const auto& element : value.GetArray()) count += CountValues(element);
  } else if (value.IsObject()) {
    for (const auto& member : value.GetObject()) count += CountValues(member.value);
  }
  return count;
}

class JsonSchemaReward final : public Reward {
 public:
  JsonSchemaReward(JsonSchemaOptions options, std::unique_ptr<Schema> schema)
      : options_(std::move(options)), schema_(std::move(schema)) {}

  Component Judge(const Response& response) const override {
    const std::string_view text = Unfenced(Trim(PartOf(response.text, options_.part)));
    if (schema_) return Validate(text, *schema_);
    const std::string* column = FindColumn(*response.problem, options_.column);
    if (column == nullptr) {
      return {.reason = fmt::format("the problem has no schema in '{}'", options_.column)};
    }
    try {
      return Validate(text, Schema(*column, options_.column));
    } catch (const Error& error) {
      return {.reason = error.what()};
    }
  }

 private:
  Component Validate(std::string_view text, const Schema& schema) const {
    Component verdict{.judged = true};
    if (text.empty()) {
      verdict.reason = "the answer is empty";
      return verdict;
    }
    rapidjson::Document document;
    try {
      document = ParseJson(text, "the answer");
    } catch (const Error& error) {
      verdict.reason = fmt::format("no JSON: {}", error.what());
      return verdict;
    }
    const int64_t values = CountValues(document);
    if (values > options_.max_values) {
      verdict.reason = fmt::format("{} values, more than {}", values, options_.max_values);
      return verdict;
    }
    const Schema::Result result = schema.Validate(document, options_.steps);
    if (!result.decided) {
      return {.reason = fmt::format("the schema takes more than {} steps, or its $ref goes round "
                                    "in circles",
                                    options_.steps)};
    }
    verdict.score = result.valid ? 1 : 0;
    verdict.reason = result.valid ? "JSON that the schema allows" : result.reason;
    return verdict;
  }

  JsonSchemaOptions options_;
  std::unique_ptr<Schema> schema_;  // null if problems bring their own
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"json_schema">(const ConfigValue& entry) {
  auto options = ReadRewardOptions<JsonSchemaOptions>(entry);
  std::unique_ptr<Schema> schema;
  if (options.column.empty()) {
    const char* key = options.file.empty() ? "schema" : "file";
    try {
      schema = options.file.empty()
                   ? std::make_unique<Schema>(options.schema, "schema")
                   : std::make_unique<Schema>(ReadFile(options.file), options.file);
    } catch (const Error& error) {
      throw Error("{}: {}", entry.WhereKey(key), error.what());
    }
  }
  return std::make_unique<JsonSchemaReward>(std::move(options), std::move(schema));
}

}  // namespace rationale
