// ConfigValue: conversion from toml++, overrides, and TOML text.

#include "base/config_value.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/json.h"

namespace rationale {
namespace {

std::string ChildPath(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

ConfigValue Convert(const toml::node& node, const std::string& source_name,
                    const std::string& path) {
  ConfigValue value;
  value.source = fmt::format("{}:{}", source_name, node.source().begin.line);
  value.path = path;
  if (const auto* table = node.as_table()) {
    std::vector<std::pair<toml::source_position, ConfigValue::Entry>> entries;
    for (const auto& [key, child] : *table) {
      entries.push_back(
          {key.source().begin,
           {std::string(key.str()), Convert(child, source_name, ChildPath(path, key.str()))}});
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    ConfigValue::Table members;
    for (auto& [position, entry] : entries) members.push_back(std::move(entry));
    value.data = std::move(members);
  } else if (const auto* array = node.as_array()) {
    ConfigValue::Array elements;
    for (const toml::node& child : *array) {
      elements.push_back(Convert(child, source_name, fmt::format("{}[{}]", path, elements.size())));
    }
    value.data = std::move(elements);
  } else if (const auto* boolean = node.as_boolean()) {
    value.data = boolean->get();
  } else if (const auto* integer = node.as_integer()) {
    value.data = integer->get();
  } else if (const auto* real = node.as_floating_point()) {
    value.data = real->get();
  } else if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else {
    throw Error("{}: found a date or time, allowed: a string, number, boolean, list or table",
                value.Where());
  }
  return value;
}

// The steps of "a.b[2].c": keys, and indices as "[2]". Empty when malformed.
std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> steps;
  bool want_key = true;
  while (!path.empty()) {
    if (path.front() == '[') {
      const size_t end = path.find(']');
      if (want_key || end == std::string_view::npos || end < 2 || end > 6) return {};
      const std::string_view digits = path.substr(1, end - 1);
      if (!std::all_of(digits.begin(), digits.end(),
                       [](unsigned char c) { return std::isdigit(c); }))
        return {};
      steps.emplace_back(path.substr(0, end + 1));
      path.remove_prefix(end + 1);
    } else {
      if (!want_key) {
        if (path.front() != '.') return {};
        path.remove_prefix(1);
      }
      const size_t end = std::min(path.find_first_of(".["), path.size());
      if (end == 0) return {};
      steps.emplace_back(path.substr(0, end));
      path.remove_prefix(end);
    }
    want_key = false;
  }
  return steps;
}

// The value an override assigns: TOML if it is that, else the text itself.
ConfigValue OverrideValue(const std::string& text, const std::string& source) {
  ConfigValue value{ConfigValue::Data(text)};
  value.unquoted = text;
  try {
    const toml::table parsed = toml::parse("value = " + text);
    value = Convert(*parsed.get("value"), source, "");
    if (parsed.size() != 1) throw Error("{}: found more than one value", source);
    if (!std::holds_alternative<std::string>(value.data)) value.unquoted = text;
  } catch (const toml::parse_error&) {
    if (text.find_first_of("\n\"'[]{}") != std::string::npos)
      throw Error("{}: '{}' is not a TOML value", source, text);
  }
  return value;
}

void SetPlace(ConfigValue& value, const std::string& source, const std::string& path) {
  value.source = source;
  value.path = path;
  if (auto* table = std::get_if<ConfigValue::Table>(&value.data)) {
    for (auto& [key, child] : *table) SetPlace(child, source, ChildPath(path, key));
  } else if (auto* array = std::get_if<ConfigValue::Array>(&value.data)) {
    for (size_t i = 0; i < array->size(); ++i) {
      SetPlace((*array)[i], source, fmt::format("{}[{}]", path, i));
    }
  }
}

}  // namespace

ConfigValue::ConfigValue() : data(Table{}) {}
ConfigValue::ConfigValue(Data data_in) : data(std::move(data_in)) {}

const ConfigValue* ConfigValue::Find(std::string_view key) const {
  const auto* members = std::get_if<Table>(&data);
  if (members == nullptr) return nullptr;
  for (const Entry& entry : *members) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string ConfigValue::String(std::string_view key) const {
  const ConfigValue* value = Find(key);
  if (value == nullptr) throw Error("{}: no '{}' here; it must be a string", Where(), key);
  const auto* text = std::get_if<std::string>(&value->data);
  if (text == nullptr)
    throw Error("{}: found {}, allowed: a string", value->Where(), value->Found());
  return *text;
}

ConfigValue ConfigValue::Without(const std::vector<std::string>& keys) const {
  ConfigValue rest = *this;
  auto& members = std::get<Table>(rest.data);
  std::erase_if(members, [&](const Entry& entry) {
    return std::find(keys.begin(), keys.end(), entry.key) != keys.end();
  });
  return rest;
}

std::string ConfigValue::Where() const {
  return path.empty() ? source : fmt::format("{}: {}", source, path);
}

std::string ConfigValue::WhereKey(std::string_view key) const {
  const size_t dot = key.find('.');
  const ConfigValue* value = Find(key.substr(0, dot));
  if (value == nullptr) return fmt::format("{}: {}", source, ChildPath(path, key));
  return dot == std::string_view::npos ? value->Where() : value->WhereKey(key.substr(dot + 1));
}

std::string ConfigValue::Found() const {
  if (is_table()) return "a table";
  if (std::holds_alternative<Array>(data)) return "a list";
  if (std::holds_alternative<std::string>(data)) return "the string " + TomlText(*this);
  return TomlText(*this);
}

ConfigValue ParseToml(std::string_view text, const std::string& source_name) {
  try {
    return Convert(toml::parse(text), source_name, "");
  } catch (const toml::parse_error& error) {
    throw Error("{}:{}: not valid TOML: {}", source_name, error.source().begin.line,
                error.description());
  }
}

void ApplyOverride(std::string_view assignment, ConfigValue& root) {
  const std::string source = fmt::format("--set {}", assignment);
  const size_t equals = assignment.find('=');
  const std::vector<std::string> steps =
      SplitPath(assignment.substr(0, std::min(equals, assignment.size())));
  if (equals == std::string_view::npos || steps.empty()) {
    throw Error("{}: not of the form section.key=value", source);
  }
  ConfigValue* place = &root;
  std::string path;
  for (const std::string& step : steps) {
    if (step.front() == '[') {
      auto* array = std::get_if<ConfigValue::Array>(&place->data);
      const size_t index = std::stoul(step.substr(1));
      if (array == nullptr) throw Error("{}: {} is {}, not a list", source, path, place->Found());
      if (index >= array->size())
        throw Error("{}: {} has {} elements", source, path, array->size());
      place = &(*array)[index];
      path += step;
      continue;
    }
    auto* table = std::get_if<ConfigValue::Table>(&place->data);
    if (table == nullptr) throw Error("{}: {} is {}, not a table", source, path, place->Found());
    path = ChildPath(path, step);
    auto entry =
        std::find_if(table->begin(), table->end(), [&](const auto& e) { return e.key == step; });
    if (entry == table->end()) {
      ConfigValue fresh;
      SetPlace(fresh, source, path);
      entry = table->insert(table->end(), {step, std::move(fresh)});
    }
    place = &entry->value;
  }
  *place = OverrideValue(std::string(assignment.substr(equals + 1)), source);
  SetPlace(*place, source, path);
}

std::string TomlText(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string TomlText(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      text += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text + '"';
}

std::string TomlKey(std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
  return bare ? std::string(key) : TomlText(key);
}

std::string TomlText(const ConfigValue& value) {
  if (const auto* boolean = std::get_if<bool>(&value.data)) return *boolean ? "true" : "false";
  if (const auto* integer = std::get_if<int64_t>(&value.data)) return fmt::format("{}", *integer);
  if (const auto* real = std::get_if<double>(&value.data)) return TomlText(*real);
  if (const auto* text = std::get_if<std::string>(&value.data))
    return TomlText(std::string_view(*text));
  std::vector<std::string> parts;
  if (const auto* array = std::get_if<ConfigValue::Array>(&value.data)) {
    for (const ConfigValue& element : *array) parts.push_back(TomlText(element));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  for (const auto& [key, child] : value.table()) {
    parts.push_back(fmt::format("{} = {}", TomlKey(key), TomlText(child)));
  }
  return parts.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(parts, ", "));
}

void WriteJson(const ConfigValue& value, JsonWriter& json) {
  if (value.is_table()) {
    json.BeginObject();
    for (const auto& member : value.table()) {
      json.Key(member.key);
      WriteJson(member.value, json);
    }
    json.EndObject();
  } else if (const auto* array = std::get_if<ConfigValue::Array>(&value.data)) {
    json.BeginArray();
    for (const ConfigValue& element : *array) WriteJson(element, json);
    json.EndArray();
  } else if (const auto* truth = std::get_if<bool>(&value.data)) {
    json.Value(*truth);
  } else if (const auto* integer = std::get_if<int64_t>(&value.data)) {
    json.Value(*integer);
  } else if (const auto* number = std::get_if<double>(&value.data)) {
    json.Value(*number);
  } else {
    json.Value(std::get<std::string>(value.data));
  }
}

}  // namespace rationale
