// Schema: reading and checking; see schema.h. Validating: validate.cc.

#include "rewards/json_schema/schema.h"

#include <rapidjson/pointer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "rewards/json_schema/values.h"

namespace rationale {
namespace {

using Value = rapidjson::Value;

// What a keyword's value has to be.
enum class Shape : uint8_t {
  kAny,
  kBool,
  kBoolOrNumber,
  kCount,
  kDependencies,
  kItems,
  kList,
  kNames,
  kNumber,
  kPattern,
  kPositive,
  kSchema,
  kSchemaList,
  kSchemas,
  kPatternSchemas,
  kString,
  kTypes
};

struct Keyword {
  std::string_view name;
  Shape shape;
};

constexpr Keyword kKeywords[] = {{"$anchor", Shape::kString},
                                 {"$comment", Shape::kAny},
                                 {"$defs", Shape::kSchemas},
                                 {"$id", Shape::kString},
                                 {"$ref", Shape::kString},
                                 {"$schema", Shape::kString},
                                 {"additionalItems", Shape::kSchema},
                                 {"additionalProperties", Shape::kSchema},
                                 {"allOf", Shape::kSchemaList},
                                 {"anyOf", Shape::kSchemaList},
                                 {"const", Shape::kAny},
                                 {"contains", Shape::kSchema},
                                 {"contentEncoding", Shape::kAny},
                                 {"contentMediaType", Shape::kAny},
                                 {"contentSchema", Shape::kAny},
                                 {"default", Shape::kAny},
                                 {"definitions", Shape::kSchemas},
                                 {"dependencies", Shape::kDependencies},
                                 {"dependentRequired", Shape::kDependencies},
                                 {"dependentSchemas", Shape::kDependencies},
                                 {"deprecated", Shape::kAny},
                                 {"description", Shape::kAny},
                                 {"else", Shape::kSchema},
                                 {"enum", Shape::kList},
                                 {"examples", Shape::kAny},
                                 {"exclusiveMaximum", Shape::kBoolOrNumber},
                                 {"exclusiveMinimum", Shape::kBoolOrNumber},
                                 {"format", Shape::kAny},
                                 {"id", Shape::kString},
                                 {"if", Shape::kSchema},
                                 {"items", Shape::kItems},
                                 {"maxContains", Shape::kCount},
                                 {"maxItems", Shape::kCount},
                                 {"maxLength", Shape::kCount},
                                 {"maxProperties", Shape::kCount},
                                 {"maximum", Shape::kNumber},
                                 {"minContains", Shape::kCount},
                                 {"minItems", Shape::kCount},
                                 {"minLength", Shape::kCount},
                                 {"minProperties", Shape::kCount},
                                 {"minimum", Shape::kNumber},
                                 {"multipleOf", Shape::kPositive},
                                 {"not", Shape::kSchema},
                                 {"oneOf", Shape::kSchemaList},
                                 {"pattern", Shape::kPattern},
                                 {"patternProperties", Shape::kPatternSchemas},
                                 {"prefixItems", Shape::kSchemaList},
                                 {"properties", Shape::kSchemas},
                                 {"propertyNames", Shape::kSchema},
                                 {"readOnly", Shape::kAny},
                                 {"required", Shape::kNames},
                                 {"then", Shape::kSchema},
                                 {"title", Shape::kAny},
                                 {"type", Shape::kTypes},
                                 {"uniqueItems", Shape::kBool},
                                 {"writeOnly", Shape::kAny}};

constexpr std::array<std::string_view, 7> kTypes = {"array",  "boolean", "integer", "null",
                                                    "number", "object",  "string"};

bool IsType(const Value& value) {
  return value.IsString() &&
         std::find(kTypes.begin(), kTypes.end(), StringOf(value)) != kTypes.end();
}

template <class Test>
bool IsListOf(const Value& value, const Test& test) {
  return value.IsArray() && std::all_of(value.Begin(), value.End(), test);
}

// "%25" is "%".
std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t at = 0; at < text.size(); ++at) {
    unsigned code = 0;
    const char* begin = text.data() + at + 1;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(begin, begin + 2, code, 16).ptr == begin + 2) {
      decoded += static_cast<char>(code);
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  return decoded;
}

bool IsString(const Value& value) {
  return value.IsString();
}

}  // namespace

// Walks a schema once: checks it, compiles its patterns, finds what its references mean.
class SchemaReader {
 public:
  explicit SchemaReader(Schema& schema) : schema_(schema) {}

  void ReadAll() {
    const Value& root = schema_.document_;
    if (root.IsObject()) ReadRoot(root);
    Read(root);
    for (const Value* reference : references_) {
      const Value* target = Target(StringOf(*reference));
      if (target == nullptr || !schemas_.contains(target)) {
        throw Error("the schema's $ref '{}' names no schema in it", StringOf(*reference));
      }
      schema_.targets_[reference] = target;
    }
  }

 private:
  void ReadRoot(const Value& root) {
    for (const char* key : {"id", "$id"}) {
      const auto id = root.FindMember(key);
      if (id == root.MemberEnd() || !id->value.IsString()) continue;
      root_id_ = StringOf(id->value);
      if (root_id_.ends_with('#')) root_id_.remove_suffix(1);
    }
    const auto draft = root.FindMember("$schema");
    if (draft == root.MemberEnd() || !draft->value.IsString()) return;
    RequireShape(StringOf(draft->value).find("json-schema.org/") != std::string_view::npos,
                 "$schema", draft->value, "a draft of json-schema.org");
    for (const char* old : {"draft-03", "draft-04", "draft-05", "draft-06", "draft-07"}) {
      if (StringOf(draft->value).find(old) != std::string_view::npos) {
        schema_.reference_stands_alone_ = true;
      }
    }
  }

  void Read(const Value& value) {
    if (!value.IsObject() && !value.IsBool()) {
      throw Error("a schema has to be an object, true or false, found {}", JsonText(value));
    }
    schemas_.insert(&value);
    if (!value.IsObject()) return;
    const auto reference = value.FindMember("$ref");
    if (reference != value.MemberEnd() && schema_.reference_stands_alone_) {
      // Everything beside it is ignored, but for schemas that others may refer to.
      RequireShape(reference->value.IsString(), "$ref", reference->value, "a string");
      references_.push_back(&reference->value);
      for (const char* key : {"definitions", "$defs"}) {
        const auto found = value.FindMember(key);
        if (found != value.MemberEnd()) ReadMembers(key, found->value);
      }
      return;
    }
    for (const auto& member : value.GetObject()) {
      const std::string_view name = StringOf(member.name);
      const auto* keyword = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                         [&](const Keyword& known) { return known.name == name; });
      if (keyword == std::end(kKeywords)) {
        throw Error("the schema's keyword '{}' is not one that is validated", name);
      }
      ReadKeyword(*keyword, member.value);
      ReadName(value, name, member.value);
    }
  }

  // References and what they can name.
  void ReadName(const Value& schema, std::string_view name, const Value& value) {
    if (name == "$ref") references_.push_back(&value);
    if (name == "$anchor") anchors_.emplace(StringOf(value), &schema);
    if (name != "id" && name != "$id") return;
    const std::string_view id = StringOf(value);
    if (id.starts_with('#')) {
      anchors_.emplace(id.substr(1), &schema);
    } else if (&schema != &root()) {
      throw Error("the schema's {} '{}' stands inside it, which is not supported", name, id);
    }
  }

  void ReadKeyword(const Keyword& keyword, const Value& value) {
    const auto require = [&](bool holds, std::string_view allowed) {
      RequireShape(holds, keyword.name, value, allowed);
    };
    switch (keyword.shape) {
      case Shape::kAny:
        return;
      case Shape::kBool:
        return require(value.IsBool(), "true or false");
      case Shape::kBoolOrNumber:
        return require(value.IsBool() || value.IsNumber(), "a number, or true or false");
      case Shape::kCount:
        return require(value.IsNumber() && IsInteger(value) && value.GetDouble() >= 0,
                       "an integer of at least 0");
      case Shape::kDependencies:
        return ReadDependencies(keyword.name, value);
      case Shape::kItems:
        return value.IsArray() ? ReadList(keyword.name, value) : Read(value);
      case Shape::kList:
        return require(value.IsArray(), "a list");
      case Shape::kNames:
        return require(IsListOf(value, IsString), "a list of strings");
      case Shape::kNumber:
        return require(value.IsNumber(), "a number");
      case Shape::kPattern:
        require(value.IsString(), "a string");
        return AddPattern(value);
      case Shape::kPositive:
        return require(value.IsNumber() && value.GetDouble() > 0, "a number above 0");
      case Shape::kSchema:
        return Read(value);
      case Shape::kSchemaList:
        return ReadList(keyword.name, value);
      case Shape::kPatternSchemas:
        ReadMembers(keyword.name, value);
        for (const auto& member : value.GetObject()) AddPattern(member.name);
        return;
      case Shape::kSchemas:
        return ReadMembers(keyword.name, value);
      case Shape::kString:
        return require(value.IsString(), "a string");
      case Shape::kTypes:
        return require(IsType(value) || (IsListOf(value, IsType) && !value.Empty()),
                       "array, boolean, integer, null, number, object, string, or a list of them");
    }
  }

  void ReadDependencies(std::string_view name, const Value& value) {
    RequireShape(value.IsObject(), name, value, "an object");
    for (const auto& member : value.GetObject()) {
      if (member.value.IsArray()) {
        RequireShape(IsListOf(member.value, IsString), name, member.value, "a list of strings");
      } else {
        Read(member.value);
      }
    }
  }

  void ReadList(std::string_view name, const Value& value) {
    RequireShape(value.IsArray(), name, value, "a list of schemas");
    for (const Value& schema : value.GetArray()) Read(schema);
  }

  void ReadMembers(std::string_view name, const Value& value) {
    RequireShape(value.IsObject(), name, value, "an object of schemas");
    for (const auto& member : value.GetObject()) Read(member.value);
  }

  void AddPattern(const Value& text) {
    const std::string pattern(StringOf(text));
    if (schema_.patterns_.contains(pattern)) return;
    try {
      schema_.patterns_.emplace(pattern, Pattern(pattern, {.ecmascript = true}));
    } catch (const Error& error) {
      throw Error("the schema's pattern {}", error.what());
    }
  }

  static void RequireShape(bool holds, std::string_view keyword, const Value& found,
                           std::string_view allowed) {
    if (holds) return;
    constexpr size_t kShown = 100;
    throw Error("the schema's keyword '{}': found {}, allowed: {}", keyword,
                JsonText(found).substr(0, kShown), allowed);
  }

  // Null if it names nothing here.
  const Value* Target(std::string_view reference) const {
    if (!root_id_.empty() && reference.starts_with(root_id_)) {
      reference.remove_prefix(root_id_.size());
      if (reference.empty()) return &root();
    }
    if (!reference.starts_with('#')) return nullptr;
    const std::string name = PercentDecoded(reference.substr(1));
    const auto anchor = anchors_.find(name);
    if (anchor != anchors_.end()) return anchor->second;
    const rapidjson::Pointer pointer(name.data(), name.size());
    return pointer.IsValid() ? pointer.Get(schema_.document_) : nullptr;
  }

  const Value& root() const { return schema_.document_; }

  Schema& schema_;
  std::string_view root_id_;
  std::vector<const Value*> references_;
  std::unordered_set<const Value*> schemas_;
  std::map<std::string, const Value*, std::less<>> anchors_;
};

Schema::Schema(std::string_view text, std::string_view source)
    : document_(ParseJson(text, source)) {
  try {
    SchemaReader(*this).ReadAll();
  } catch (const Error& error) {
    throw Error("{}: {}", source, error.what());
  }
}

}  // namespace rationale
