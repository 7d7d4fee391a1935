#include "policy/config_keys.h"

#include <utility>

#include "base/error.h"

namespace rationale {
namespace {

template <class T>
std::string Json(const T& value) {
  JsonWriter json;
  json.Value(value);
  return json.Take();
}

template <class T, class Value>
void RequireOnly(const JsonObject& json, const char* key, const Value& only) {
  const T found = json.Get<T>(key, T(only));
  if (found != T(only)) {
    throw Error("{}: {}: found {}, allowed: {}", json.where(), key, Json(found), Json(only));
  }
}

}  // namespace

bool ConfigReader::IsNull(const char* key) const {
  const auto member = value_.FindMember(key);
  return member != value_.MemberEnd() && member->value.IsNull();
}

void ConfigReader::Nullable(const char* key, int64_t& field, int64_t none) {
  field = IsNull(key) ? none : json_.Get(key, field);
}

void ConfigReader::Tokens(const char* key, std::vector<int64_t>& field) {
  if (IsNull(key)) field.clear();
  const rapidjson::Value* value = json_.Find(key);
  if (value == nullptr) return;
  if (value->IsArray()) {
    field = json_.Get<std::vector<int64_t>>(key);
  } else {
    field = {json_.Get<int64_t>(key)};
  }
}

void ConfigReader::Layers(const char* key, std::vector<int64_t>& field) {
  field = IsNull(key) ? std::vector<int64_t>{} : json_.Get(key, field);
}

void ConfigReader::Only(const char* key, std::string_view value) {
  RequireOnly<std::string>(json_, key, value);
}
void ConfigReader::Only(const char* key, int64_t value) {
  RequireOnly<int64_t>(json_, key, value);
}
void ConfigReader::Only(const char* key, double value) {
  RequireOnly<double>(json_, key, value);
}
void ConfigReader::Only(const char* key, bool value) {
  RequireOnly<bool>(json_, key, value);
}

void ConfigWriter::Field(const char* key, int64_t& field) {
  Write(key, Json(field));
}
void ConfigWriter::Field(const char* key, double& field) {
  Write(key, Json(field));
}
void ConfigWriter::Field(const char* key, bool& field) {
  Write(key, Json(field));
}

void ConfigWriter::Nullable(const char* key, int64_t& field, int64_t none) {
  Write(key, field == none ? "null" : Json(field));
}

void ConfigWriter::Tokens(const char* key, std::vector<int64_t>& field) {
  if (field.empty()) {
    Write(key, "null");
  } else if (field.size() == 1) {
    Write(key, Json(field.front()));
  } else {
    Write(key, Json(field));
  }
}

void ConfigWriter::Layers(const char* key, std::vector<int64_t>& field) {
  Write(key, Json(field));
}

void ConfigWriter::Only(const char* key, std::string_view value) {
  Write(key, Json(value));
}

std::string ConfigWriter::Text() const {
  std::string text = "{";
  for (const auto& [key, json] : members_) {
    text += (text.size() == 1 ? "\n  " : ",\n  ") + Json(key) + ": " + json;
  }
  return text + "\n}\n";
}

}  // namespace rationale
