// JSON: RapidJSON behind errors that name the place.

#include "base/json.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/files.h"

namespace rationale {
namespace {

constexpr int kDepthMax = 256;

// What a message says was found: the value itself when it is short, else its type.
std::string Found(const rapidjson::Value& value) {
  if (value.IsObject()) return "an object";
  if (value.IsArray()) return "a list";
  std::string text = JsonText(value);
  constexpr size_t kLongest = 60;
  if (text.size() > kLongest) text = ValidUtf8(text.substr(0, kLongest)) + "...";
  return text;
}

[[noreturn]] void WrongType(const rapidjson::Value& value, const std::string& path,
                            std::string_view allowed) {
  throw Error("{}: found {}, allowed: {}", path, Found(value), allowed);
}

template <class Float>
std::string NumberText(Float value) {
  if (!std::isfinite(value)) return "null";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// The length of the well-formed UTF-8 sequence at the start of `text`, or 0; `broken` is then the
// length of the maximal broken part (Unicode 15, table 3-7 and section 3.9, "U+FFFD substitution of
// maximal subparts").
size_t SequenceLength(std::string_view text, size_t& broken) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  broken = 1;
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  unsigned low = 0x80, high = 0xBF;  // what the second byte may be
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) {
      broken = i;
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

bool IsAscii(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t all = 0, word = 0;
  for (; text.size() >= sizeof(word); text.remove_prefix(sizeof(word))) {
    std::memcpy(&word, text.data(), sizeof(word));
    all |= word;
  }
  word = 0;
  if (!text.empty()) std::memcpy(&word, text.data(), text.size());
  return ((all | word) & kHighBits) == 0;
}

// write(data, size) of `text`, mended where it is no UTF-8.
template <class Write>
void WithValidUtf8(std::string_view text, const Write& write) {
  if (IsAscii(text)) {
    write(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  } else {
    const std::string valid = ValidUtf8(text);
    write(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  }
}

}  // namespace

rapidjson::Document ParseJson(std::string_view text, std::string_view source, int64_t first_line) {
  rapidjson::Document document;
  constexpr unsigned kFlags = rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag;
  if (IsAscii(text)) {
    document.Parse<kFlags>(text.data(), text.size());
  } else {
    document.Parse<kFlags | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  }
  if (document.HasParseError()) {
    const size_t offset = std::min(document.GetErrorOffset(), text.size());
    const std::string_view before = text.substr(0, offset);
    const int64_t line = first_line + std::count(before.begin(), before.end(), '\n');
    const size_t line_start = before.rfind('\n') + 1;  // npos + 1 = 0
    throw Error("{}:{}: not valid JSON at column {}: {}", source, line, offset - line_start + 1,
                rapidjson::GetParseError_En(document.GetParseError()));
  }
  // Code that walks a value calls itself for each level.
  if (!NestedWithin(document, kDepthMax)) {
    throw Error("{}:{}: JSON nested deeper than {} levels", source, first_line, kDepthMax);
  }
  return document;
}

bool NestedWithin(const rapidjson::Value& value, int levels) {
  if (!value.IsObject() && !value.IsArray()) return true;
  if (levels == 0) return false;
  if (value.IsArray()) {
    return std::all_of(value.Begin(), value.End(), [levels](const rapidjson::Value& element) {
      return NestedWithin(element, levels - 1);
    });
  }
  return std::all_of(value.MemberBegin(), value.MemberEnd(), [levels](const auto& member) {
    return NestedWithin(member.value, levels - 1);
  });
}

rapidjson::Document ReadJson(const std::string& path) {
  return ParseJson(ReadFile(path), path);
}

JsonObject::JsonObject(const rapidjson::Value& value, std::string where)
    : value_(&value), where_(std::move(where)) {
  RequireObject(value, where_);
}

const rapidjson::Value* JsonObject::Find(const std::string& key) const {
  const rapidjson::Value name(rapidjson::StringRef(key.data(), key.size()));
  const auto member = value_->FindMember(name);
  return member == value_->MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

const rapidjson::Value& JsonObject::Required(const std::string& key) const {
  const rapidjson::Value* value = Find(key);
  if (value == nullptr) {
    throw Error("{}: no '{}'; there are: {}", where_, key, fmt::join(keys(), ", "));
  }
  return *value;
}

JsonObject JsonObject::Object(const std::string& key) const {
  return {Required(key), Path(key)};
}

std::optional<JsonObject> JsonObject::OptionalObject(const std::string& key) const {
  const rapidjson::Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  return JsonObject(*value, Path(key));
}

std::vector<std::string> JsonObject::keys() const {
  std::vector<std::string> names;
  for (const auto& member : value_->GetObject()) {
    names.emplace_back(member.name.GetString(), member.name.GetStringLength());
  }
  return names;
}

void JsonObject::Read(const rapidjson::Value& value, const std::string& path, bool& result) {
  if (!value.IsBool()) WrongType(value, path, "true or false");
  result = value.GetBool();
}

void JsonObject::Read(const rapidjson::Value& value, const std::string& path, int32_t& result) {
  if (!value.IsInt()) WrongType(value, path, "an integer of 32 bits");
  result = value.GetInt();
}

void JsonObject::Read(const rapidjson::Value& value, const std::string& path, int64_t& result) {
  if (!value.IsInt64()) WrongType(value, path, "an integer");
  result = value.GetInt64();
}

void JsonObject::Read(const rapidjson::Value& value, const std::string& path, uint64_t& result) {
  if (!value.IsUint64()) WrongType(value, path, "an integer of at least 0");
  result = value.GetUint64();
}

void JsonObject::Read(const rapidjson::Value& value, const std::string& path, float& result) {
  if (!value.IsNumber()) WrongType(value, path, "a number");
  result = static_cast<float>(value.GetDouble());
}

void JsonObject::Read(const rapidjson::Value& value, const std::string& path, double& result) {
  if (!value.IsNumber()) WrongType(value, path, "a number");
  result = value.GetDouble();
}

void JsonObject::Read(const rapidjson::Value& value, const std::string& path, std::string& result) {
  if (!value.IsString()) WrongType(value, path, "a string");
  result.assign(value.GetString(), value.GetStringLength());
}

void JsonObject::RequireArray(const rapidjson::Value& value, const std::string& path) {
  if (!value.IsArray()) WrongType(value, path, "a list");
}

void JsonObject::RequireObject(const rapidjson::Value& value, const std::string& path) {
  if (!value.IsObject()) WrongType(value, path, "an object");
}

std::string JsonText(const rapidjson::Value& value) {
  JsonWriter writer;
  writer.Value(value);
  return writer.Take();
}

std::string JsonNumber(double value) {
  return NumberText(value);
}
std::string JsonNumber(float value) {
  return NumberText(value);
}

std::string ValidUtf8(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    size_t broken = 0;
    const size_t length = SequenceLength(text, broken);
    if (length > 0) {
      result += text.substr(0, length);
    } else {
      result += "\xEF\xBF\xBD";
    }
    text.remove_prefix(length > 0 ? length : broken);
  }
  return result;
}

struct JsonWriter::Impl {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

JsonWriter::JsonWriter() : impl_(std::make_unique<Impl>()) {}
JsonWriter::~JsonWriter() = default;

JsonWriter& JsonWriter::BeginObject() {
  impl_->writer.StartObject();
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  impl_->writer.EndObject();
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  impl_->writer.StartArray();
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  impl_->writer.EndArray();
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  WithValidUtf8(
      key, [this](const char* data, rapidjson::SizeType size) { impl_->writer.Key(data, size); });
  return *this;
}

JsonWriter& JsonWriter::Null() {
  impl_->writer.Null();
  return *this;
}

JsonWriter& JsonWriter::Value(bool value) {
  impl_->writer.Bool(value);
  return *this;
}

JsonWriter& JsonWriter::Value(int64_t value) {
  impl_->writer.Int64(value);
  return *this;
}

JsonWriter& JsonWriter::Value(uint64_t value) {
  impl_->writer.Uint64(value);
  return *this;
}

JsonWriter& JsonWriter::Value(std::string_view value) {
  WithValidUtf8(value, [this](const char* data, rapidjson::SizeType size) {
    impl_->writer.String(data, size);
  });
  return *this;
}

JsonWriter& JsonWriter::Value(const rapidjson::Value& value) {
  if (value.IsNull()) return Null();
  if (value.IsBool()) return Value(value.GetBool());
  if (value.IsInt64()) return Value(value.GetInt64());
  if (value.IsUint64()) return Value(value.GetUint64());
  if (value.IsNumber()) return Value(value.GetDouble());
  if (value.IsString()) return Value(std::string_view(value.GetString(), value.GetStringLength()));
  if (value.IsArray()) {
    BeginArray();
    for (const rapidjson::Value& element : value.GetArray()) Value(element);
    return EndArray();
  }
  BeginObject();
  for (const auto& member : value.GetObject()) {
    Key({member.name.GetString(), member.name.GetStringLength()}).Value(member.value);
  }
  return EndObject();
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  impl_->writer.RawValue(json.data(), json.size(), rapidjson::kNumberType);
  return *this;
}

std::string JsonWriter::Take() {
  Check{impl_->writer.IsComplete(),
        "JSON taken before it was complete: ", impl_->buffer.GetString()};
  std::string text(impl_->buffer.GetString(), impl_->buffer.GetSize());
  impl_->buffer.Clear();
  impl_->writer.Reset(impl_->buffer);
  return text;
}

}  // namespace rationale
