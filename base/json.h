// JSON: parsing with the place in every error, typed members, and a writer whose numbers survive
// the round trip.

#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// Parses one JSON text: nothing but white space after it, no NaN or infinities, at most 256 levels
// of nesting. `source` is a file's name, `first_line` the line the text begins on. Throws
// Error("source:line: ...").
rapidjson::Document ParseJson(std::string_view text, std::string_view source,
                              int64_t first_line = 1);

// Whether lists and objects are nested at most `levels` deep.
bool NestedWithin(const rapidjson::Value& value, int levels);

// A file that is one JSON text. Throws Error naming path and line.
rapidjson::Document ReadJson(const std::string& path);

// The members of a JSON object, each read as the type it must have. Does not own the value. Every
// error is Error("<where>: <key>: found <what>, allowed: <what>").
class JsonObject {
 public:
  // `where` begins every message: "config.json", "train.jsonl:17". Throws Error unless `value` is
  // an object.
  JsonObject(const rapidjson::Value& value, std::string where);

  // T: bool, int32_t, int64_t, uint64_t, float, double, std::string, and std::vector or
  // std::map<std::string, ...> of these. An integer is allowed where a double is wanted, never the
  // reverse.
  template <class T>
  T Get(const std::string& key) const {
    T result{};
    Read(Required(key), Path(key), result);
    return result;
  }

  // `fallback` when the member is absent or null.
  template <class T>
  T Get(const std::string& key, T fallback) const {
    const rapidjson::Value* value = Find(key);
    if (value != nullptr) Read(*value, Path(key), fallback);
    return fallback;
  }

  JsonObject Object(const std::string& key) const;  // a member that must be an object
  std::optional<JsonObject> OptionalObject(
      const std::string& key) const;  // absent or null: nothing
  bool Has(const std::string& key) const { return Find(key) != nullptr; }  // present and not null
  const rapidjson::Value* Find(const std::string& key) const;  // null when absent or JSON's null
  const rapidjson::Value& Required(
      const std::string& key) const;      // the error lists the members there are
  std::vector<std::string> keys() const;  // in the file's order
  const std::string& where() const { return where_; }

 private:
  std::string Path(const std::string& key) const { return where_ + ": " + key; }

  static void Read(const rapidjson::Value& value, const std::string& path, bool& result);
  static void Read(const rapidjson::Value& value, const std::string& path, int32_t& result);
  static void Read(const rapidjson::Value& value, const std::string& path, int64_t& result);
  static void Read(const rapidjson::Value& value, const std::string& path, uint64_t& result);
  static void Read(const rapidjson::Value& value, const std::string& path, float& result);
  static void Read(const rapidjson::Value& value, const std::string& path, double& result);
  static void Read(const rapidjson::Value& value, const std::string& path, std::string& result);
  static void RequireArray(const rapidjson::Value& value, const std::string& path);
  static void RequireObject(const rapidjson::Value& value, const std::string& path);

  template <class T>
  static void Read(const rapidjson::Value& value, const std::string& path, std::vector<T>& result) {
    RequireArray(value, path);
    result.clear();
    for (const rapidjson::Value& element : value.GetArray()) {
      T item{};
      Read(element, path + '[' + std::to_string(result.size()) + ']', item);
      result.push_back(std::move(item));
    }
  }

  template <class T>
  static void Read(const rapidjson::Value& value, const std::string& path,
                   std::map<std::string, T>& result) {
    RequireObject(value, path);
    result.clear();
    for (const auto& member : value.GetObject()) {
      const std::string key(member.name.GetString(), member.name.GetStringLength());
      Read(member.value, path + '.' + key, result[key]);
    }
  }

  const rapidjson::Value* value_;
  std::string where_;
};

// A value as compact JSON text, numbers as JsonWriter writes them.
std::string JsonText(const rapidjson::Value& value);

// A number as the shortest decimal that reads back as the same double ("0.1", "1.0", "1e-06") or
// float; NaN and infinities as null.
std::string JsonNumber(double value);
std::string JsonNumber(float value);

// `text` with each malformed UTF-8 sequence replaced by U+FFFD (one for each maximal broken part).
std::string ValidUtf8(std::string_view text);

// Writes one JSON value on one line. Strings that are not UTF-8 are mended with ValidUtf8.
//   JsonWriter json;
//   json.BeginObject().Field("step", 3).Key("tokens").Value(tokens).EndObject();
//   std::string line = json.Take();
class JsonWriter {
 public:
  JsonWriter();
  ~JsonWriter();
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view key);

  JsonWriter& Null();
  JsonWriter& Value(bool value);
  JsonWriter& Value(int value) { return Value(static_cast<int64_t>(value)); }
  JsonWriter& Value(unsigned value) { return Value(static_cast<uint64_t>(value)); }
  JsonWriter& Value(int64_t value);
  JsonWriter& Value(uint64_t value);
  JsonWriter& Value(float value) { return Raw(JsonNumber(value)); }
  JsonWriter& Value(double value) { return Raw(JsonNumber(value)); }
  JsonWriter& Value(std::string_view value);
  JsonWriter& Value(const std::string& value) { return Value(std::string_view(value)); }
  JsonWriter& Value(const char* value) { return Value(std::string_view(value)); }
  JsonWriter& Value(const rapidjson::Value& value);
  JsonWriter& Raw(std::string_view json);  // a value that is JSON already

  template <class T>
  JsonWriter& Value(const std::vector<T>& values) {
    BeginArray();
    for (const auto& value : values) Value(static_cast<const T&>(value));
    return EndArray();
  }
  template <class T>
  JsonWriter& Value(const std::map<std::string, T>& values) {
    BeginObject();
    for (const auto& [key, value] : values) Field(key, value);
    return EndObject();
  }
  template <class T>
  JsonWriter& Value(const std::optional<T>& value) {
    return value ? Value(*value) : Null();
  }

  template <class T>
  JsonWriter& Field(std::string_view key, const T& value) {
    return Key(key).Value(value);
  }

  std::string Take();  // the text; the writer is then as new. Requires a complete value.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rationale
