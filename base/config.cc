// Config: the parts of reading and printing that do not depend on the struct.

#include "base/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/spelling.h"

namespace rationale {
namespace {

constexpr size_t kLineWidth = 100;

std::string Number(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15
             ? fmt::format("{}", static_cast<int64_t>(value))
             : TomlText(value);
}

}  // namespace

bool Range::Holds(double value) const {
  return std::isfinite(value) && (min_open ? value > min : value >= min) &&
         (max_open ? value < max : value <= max);
}

std::string Range::Text() const {
  std::vector<std::string> parts;
  if (!std::isinf(min))
    parts.push_back(fmt::format("{} {}", min_open ? "above" : "of at least", Number(min)));
  if (!std::isinf(max))
    parts.push_back(fmt::format("{} {}", max_open ? "below" : "at most", Number(max)));
  return parts.empty() ? "a number" : fmt::format("a number {}", fmt::join(parts, " and "));
}

void ConfigCheck::operator()(bool ok, std::string_view key, std::string_view what_is_wrong) const {
  if (!ok) throw Error("{}: {}", table_->WhereKey(key), what_is_wrong);
}

ConfigValue ReadToml(const std::string& path) {
  return ParseToml(ReadFile(path), path);
}

namespace config_internal {

void WrongType(const ConfigValue& value, std::string_view allowed) {
  throw Error("{}: found {}, allowed: {}", value.Where(), value.Found(), allowed);
}

bool AsBool(const ConfigValue& value) {
  const auto* boolean = std::get_if<bool>(&value.data);
  if (boolean == nullptr) WrongType(value, "true or false");
  return *boolean;
}

int64_t AsInteger(const ConfigValue& value, Range range) {
  const auto* integer = std::get_if<int64_t>(&value.data);
  if (integer == nullptr) WrongType(value, "an integer");
  if (!range.Holds(static_cast<double>(*integer))) WrongType(value, range.Text());
  return *integer;
}

double AsDouble(const ConfigValue& value, Range range) {
  double number = 0;
  if (const auto* integer = std::get_if<int64_t>(&value.data)) {
    number = static_cast<double>(*integer);
  } else if (const auto* real = std::get_if<double>(&value.data)) {
    number = *real;
  } else {
    WrongType(value, range.Text());
  }
  if (!range.Holds(number)) WrongType(value, range.Text());
  return number;
}

std::string AsString(const ConfigValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  if (value.unquoted.empty()) WrongType(value, "a string");
  return value.unquoted;
}

size_t AsName(const ConfigValue& value, const std::vector<std::string>& names) {
  const std::string allowed = fmt::format("one of \"{}\"", fmt::join(names, "\", \""));
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) WrongType(value, allowed);
  const auto found = std::find(names.begin(), names.end(), *text);
  if (found == names.end()) {
    throw Error("{}: found {}, allowed: {}; did you mean \"{}\"?", value.Where(), value.Found(),
                allowed, NearestName(*text, names));
  }
  return static_cast<size_t>(found - names.begin());
}

const ConfigValue::Array& AsArray(const ConfigValue& value) {
  const auto* array = std::get_if<ConfigValue::Array>(&value.data);
  if (array == nullptr) WrongType(value, "a list");
  return *array;
}

const ConfigValue::Table& AsTable(const ConfigValue& value) {
  if (!value.is_table()) WrongType(value, "a table");
  return value.table();
}

void Reader::CheckAllKnown() const {
  for (const auto& [key, value] : table_.table()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    throw Error("{}: unknown key '{}'; did you mean '{}'? Allowed: {}", value.Where(), key,
                NearestName(key, known_), fmt::join(known_, ", "));
  }
}

std::vector<PrintedField> RawFields(const ConfigValue& table) {
  std::vector<PrintedField> fields;
  for (const auto& [key, value] : table.table()) {
    PrintedField field{.key = key, .value = value};
    if (value.is_table()) {
      field.is_struct = true;
      field.fields = RawFields(value);
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

namespace {

void PrintLine(const PrintedField& field, bool comments, std::string& text) {
  const std::string line = fmt::format("{} = {}", TomlKey(field.key), TomlText(field.value));
  if (!comments || field.doc.empty()) {
    text += line + '\n';
  } else if (line.size() + field.doc.size() + 4 <= kLineWidth) {
    text += fmt::format("{}  # {}\n", line, field.doc);
  } else {
    text += fmt::format("# {}\n{}\n", field.doc, line);
  }
}

void PrintTable(const std::vector<PrintedField>& fields, const std::string& path, bool comments,
                std::string& text) {
  for (const PrintedField& field : fields) {
    if (field.is_list && field.tables.empty()) text += fmt::format("{} = []\n", TomlKey(field.key));
    if (!field.is_struct && !field.is_list) PrintLine(field, comments, text);
  }
  for (const PrintedField& field : fields) {
    const std::string inner = path.empty() ? TomlKey(field.key) : path + '.' + TomlKey(field.key);
    if (field.is_struct) {
      text += fmt::format("\n[{}]{}\n", inner,
                          comments && !field.doc.empty() ? "  # " + field.doc : "");
      PrintTable(field.fields, inner, comments, text);
    }
    for (const auto& table : field.tables) {
      text += fmt::format("\n[[{}]]\n", inner);
      PrintTable(table, inner, comments, text);
    }
  }
}

void FlattenInto(const std::vector<PrintedField>& fields, const std::string& path,
                 FlatConfig& flat) {
  for (const PrintedField& field : fields) {
    const std::string inner = path.empty() ? field.key : path + '.' + field.key;
    if (field.is_struct) {
      FlattenInto(field.fields, inner, flat);
    } else if (field.is_list) {
      for (size_t i = 0; i < field.tables.size(); ++i) {
        FlattenInto(field.tables[i], fmt::format("{}[{}]", inner, i), flat);
      }
    } else {
      flat.emplace_back(inner, TomlText(field.value));
    }
  }
}

}  // namespace

std::string Print(const std::vector<PrintedField>& fields, bool comments) {
  std::string text;
  PrintTable(fields, "", comments, text);
  if (!text.empty() && text.front() == '\n') text.erase(0, 1);
  return text;
}

FlatConfig Flatten(const std::vector<PrintedField>& fields) {
  FlatConfig flat;
  FlattenInto(fields, "", flat);
  return flat;
}

std::string Hash(const FlatConfig& config) {
  Sha256 sha;
  for (const auto& [key, value] : config) {
    sha.Update(key);
    sha.Update(" = ");
    sha.Update(value);
    sha.Update("\n");
  }
  return sha.Hex();
}

}  // namespace config_internal
}  // namespace rationale
