// JsonSchema: is the answer JSON that a schema allows?
//
// Score 1 if it is, else 0. The answer is one JSON text, alone or inside a ``` fence. Schemas are
// JSON Schema's draft 4 as RapidJSON validates it, whose regular expressions run in linear time;
// of later drafts we read `const` and the numbers of exclusiveMinimum and exclusiveMaximum. A
// keyword that would be passed over in silence is refused instead: an error in the rubric, and a
// problem whose schema has one is not judged. An empty answer scores 0, as does an answer of more
// than `max_values` values or 256 levels: what uniqueItems costs grows as their square. Not judged,
// too: a problem without a schema.

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
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

  template <class V>
  void Visit(V& v) {
    v("schema", schema, "the schema, as JSON");
    v("file", file, "the file that holds it");
    v("column", column, "the column that holds it, for problems with one each");
    v("part", part, "what is validated: answer, response or thought");
    v("max_values", max_values, "an answer of more values than this is wrong",
      Between(1, 1'000'000));
  }
  void Validate(const ConfigCheck& check) const {
    const int given = !schema.empty() + !file.empty() + !column.empty();
    check(given == 1, "schema", "or file or column has to be given, and one of them only");
  }
};

constexpr std::array<std::string_view, 36> kKeywords = {"$ref",
                                                        "$schema",
                                                        "additionalItems",
                                                        "additionalProperties",
                                                        "allOf",
                                                        "anyOf",
                                                        "const",
                                                        "default",
                                                        "definitions",
                                                        "dependencies",
                                                        "description",
                                                        "enum",
                                                        "examples",
                                                        "exclusiveMaximum",
                                                        "exclusiveMinimum",
                                                        "format",
                                                        "id",
                                                        "items",
                                                        "maxItems",
                                                        "maxLength",
                                                        "maxProperties",
                                                        "maximum",
                                                        "minItems",
                                                        "minLength",
                                                        "minProperties",
                                                        "minimum",
                                                        "multipleOf",
                                                        "not",
                                                        "oneOf",
                                                        "pattern",
                                                        "patternProperties",
                                                        "properties",
                                                        "required",
                                                        "title",
                                                        "type",
                                                        "uniqueItems"};

std::string_view NameOf(const rapidjson::Value& name) {
  return {name.GetString(), name.GetStringLength()};
}

// Rewrites what we read of later drafts as draft 4. Throws Error for a keyword that RapidJSON does
// not know. Requires a schema of bounded depth, as ParseJson gives.
class SchemaReader {
 public:
  explicit SchemaReader(rapidjson::Document& document)
      : document_(document), memory_(document.GetAllocator()) {}

  void Read(rapidjson::Value& schema) {
    if (!schema.IsObject()) return;  // lists of names, and draft 6's true and false
    for (const auto& member : schema.GetObject()) CheckKnown(NameOf(member.name));
    CheckReference(schema);
    ReadConst(schema);
    ReadExclusive(schema, "exclusiveMinimum", "minimum");
    ReadExclusive(schema, "exclusiveMaximum", "maximum");
    for (auto& member : schema.GetObject()) {
      const std::string_view name = NameOf(member.name);
      if (name == "not" || name == "items" || name == "additionalItems" ||
          name == "additionalProperties") {
        if (member.value.IsArray()) {
          ReadAll(member.value);
        } else {
          Read(member.value);
        }
      } else if (name == "allOf" || name == "anyOf" || name == "oneOf") {
        if (member.value.IsArray()) ReadAll(member.value);
      } else if (name == "properties" || name == "patternProperties" || name == "definitions" ||
                 name == "dependencies") {
        if (!member.value.IsObject()) continue;
        for (auto& property : member.value.GetObject()) Read(property.value);
      }
    }
  }

 private:
  static void CheckKnown(std::string_view name) {
    if (std::find(kKeywords.begin(), kKeywords.end(), name) != kKeywords.end()) return;
    throw Error("the schema's keyword '{}' is not one that is validated", name);
  }

  // RapidJSON allows everything where a reference leads nowhere.
  void CheckReference(const rapidjson::Value& schema) const {
    const auto found = schema.FindMember("$ref");
    if (found == schema.MemberEnd()) return;
    const std::string_view target = found->value.IsString() ? NameOf(found->value) : "";
    if (!target.starts_with('#') ||
        rapidjson::Pointer(target.data(), target.size()).Get(document_) == nullptr) {
      throw Error("the schema's $ref '{}' names no part of it", target);
    }
  }

  void ReadAll(rapidjson::Value& schemas) {
    for (auto& schema : schemas.GetArray()) Read(schema);
  }

  // {"const": x} is {"enum": [x]}.
  void ReadConst(rapidjson::Value& schema) {
    const auto found = schema.FindMember("const");
    if (found == schema.MemberEnd()) return;
    if (schema.HasMember("enum")) throw Error("the schema has both const and enum");
    rapidjson::Value values(rapidjson::kArrayType);
    values.PushBack(rapidjson::Value(found->value, memory_), memory_);
    schema.RemoveMember("const");
    schema.AddMember("enum", values, memory_);
  }

  // {"exclusiveMinimum": 3} is {"minimum": 3, "exclusiveMinimum": true}.
  void ReadExclusive(rapidjson::Value& schema, const char* exclusive, const char* bound) {
    const auto found = schema.FindMember(exclusive);
    if (found == schema.MemberEnd() || !found->value.IsNumber()) return;
    if (schema.HasMember(bound)) throw Error("the schema has both {} and {}", exclusive, bound);
    const rapidjson::Value number(found->value, memory_);
    schema.RemoveMember(exclusive);
    rapidjson::Value name(bound, memory_);
    schema.AddMember(name, rapidjson::Value(number, memory_), memory_);
    rapidjson::Value exclusive_name(exclusive, memory_);
    schema.AddMember(exclusive_name, rapidjson::Value(true), memory_);
  }

  const rapidjson::Document& document_;
  rapidjson::Document::AllocatorType& memory_;
};

std::unique_ptr<rapidjson::SchemaDocument> ReadSchema(std::string_view text,
                                                      std::string_view source) {
  rapidjson::Document document = ParseJson(text, source);
  if (!document.IsObject()) throw Error("{}: a schema has to be an object", source);
  SchemaReader(document).Read(document);
  return std::make_unique<rapidjson::SchemaDocument>(document);
}

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
  JsonSchemaReward(JsonSchemaOptions options, std::unique_ptr<rapidjson::SchemaDocument> schema)
      : options_(std::move(options)), schema_(std::move(schema)) {}

  Component Judge(const Response& response) const override {
    const std::string_view text = Unfenced(Trim(PartOf(response.text, options_.part)));
    if (schema_) return Validate(text, *schema_);
    const std::string* column = FindColumn(*response.problem, options_.column);
    if (column == nullptr) {
      return {.reason = fmt::format("the problem has no schema in '{}'", options_.column)};
    }
    try {
      return Validate(text, *ReadSchema(*column, options_.column));
    } catch (const Error& error) {
      return {.reason = error.what()};
    }
  }

 private:
  Component Validate(std::string_view text, const rapidjson::SchemaDocument& schema) const {
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
    rapidjson::SchemaValidator validator(schema);
    if (document.Accept(validator)) {
      verdict.score = 1;
      verdict.reason = "JSON that the schema allows";
      return verdict;
    }
    rapidjson::StringBuffer place;
    validator.GetInvalidDocumentPointer().StringifyUriFragment(place);
    const char* keyword = validator.GetInvalidSchemaKeyword();
    verdict.reason = fmt::format("{} breaks the schema's '{}'", std::string_view(place.GetString()),
                                 keyword == nullptr ? "" : keyword);
    return verdict;
  }

  JsonSchemaOptions options_;
  std::unique_ptr<rapidjson::SchemaDocument> schema_;  // null if problems bring their own
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"json_schema">(const ConfigValue& entry) {
  auto options = ReadRewardOptions<JsonSchemaOptions>(entry);
  std::unique_ptr<rapidjson::SchemaDocument> schema;
  if (options.column.empty()) {
    const char* key = options.file.empty() ? "schema" : "file";
    try {
      schema = options.file.empty() ? ReadSchema(options.schema, "schema")
                                    : ReadSchema(ReadFile(options.file), options.file);
    } catch (const Error& error) {
      throw Error("{}: {}", entry.WhereKey(key), error.what());
    }
  }
  return std::make_unique<JsonSchemaReward>(std::move(options), std::move(schema));
}

}  // namespace rationale
