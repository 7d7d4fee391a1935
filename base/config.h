// Config: plain structs as configuration. One Visit() lists each field once; reading, printing and
// hashing follow.
//
//   struct OptimizerConfig {
//     double lr = 1e-6;
//     std::optional<double> clip;
//     Schedule schedule = Schedule::kLinear;
//
//     template <class V>
//     void Visit(V& v) {
//       v("lr", lr, "learning rate after warm-up", Above(0));
//       v("clip", clip, "largest norm of the gradient; absent: none", Above(0));
//       v("schedule", schedule, "how the rate falls");
//     }
//     void Validate(const ConfigCheck& check) const {   // optional: what no single field can say
//       check(lr < 1 || clip, "clip", "is needed with a learning rate of 1 or more");
//     }
//   };
//   std::vector<std::pair<std::string_view, Schedule>> ConfigNames(Schedule);   // beside the enum;
//   found by ADL
//
// Field types: bool, integers, float, double, std::string, enums, nested structs, std::optional,
// std::vector and std::map<std::string, ...> of these, and ConfigValue: a table kept for the
// component that understands it.

#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/config_value.h"

namespace rationale {

// What a number may be: finite, and within these. Ends are included unless open.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_open = false;
  bool max_open = false;

  bool Holds(double value) const;
  std::string Text() const;  // "a number of at least 0", "a number above 0 and at most 1"
};
inline Range AtLeast(double min) {
  return {.min = min};
}
inline Range Above(double min) {
  return {.min = min, .min_open = true};
}
inline Range Between(double min, double max) {
  return {.min = min, .max = max};
}
inline Range AboveUpTo(double min, double max) {
  return {.min = min, .max = max, .min_open = true};
}

// What a string may be, for the few choices that are no enum.
struct OneOf {
  std::vector<std::string> names;
};

// Given to a struct's Validate(): throws Error naming the key's place unless `ok`.
class ConfigCheck {
 public:
  explicit ConfigCheck(const ConfigValue& table) : table_(&table) {}
  void operator()(bool ok, std::string_view key, std::string_view what_is_wrong) const;

 private:
  const ConfigValue* table_;
};

// The struct that a TOML table describes, on top of `defaults`. Throws Error naming file, line and
// key, what was found and what is allowed: a wrong type, a number out of range, a name that is none
// of an enum's, an unknown key (the message names the nearest one).
template <class T>
T ReadConfig(const ConfigValue& table, T defaults = {});

// The same from a file, with `--set` assignments applied in order.
template <class T>
T ReadConfigFile(const std::string& path, const std::vector<std::string>& overrides = {});

// The configuration as TOML that reads back as the same struct: every field, absent optionals left
// out. With `comments`, each field's documentation beside it.
template <class T>
std::string ConfigToml(const T& config, bool comments = false);

// Every field as (dotted key, TOML text), in the order of Visit.
using FlatConfig = std::vector<std::pair<std::string, std::string>>;
template <class T>
FlatConfig FlattenConfig(const T& config);

// SHA-256 (hex) of the flattened configuration: equal configurations have equal hashes on any
// machine.
template <class T>
std::string ConfigHash(const T& config);

// The whole file. Throws Error.
ConfigValue ReadToml(const std::string& path);

namespace config_internal {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <class T>
concept Validates = requires(const T& config, const ConfigCheck& check) {
  config.Validate(check);
};

[[noreturn]] void WrongType(const ConfigValue& value, std::string_view allowed);
bool AsBool(const ConfigValue& value);
int64_t AsInteger(const ConfigValue& value, Range range);
double AsDouble(const ConfigValue& value, Range range);
std::string AsString(const ConfigValue& value);
// The index in `names` of the name written. Throws Error listing them and naming the nearest.
size_t AsName(const ConfigValue& value, const std::vector<std::string>& names);
const ConfigValue::Array& AsArray(const ConfigValue& value);
const ConfigValue::Table& AsTable(const ConfigValue& value);

template <class E>
std::vector<std::string> EnumNames() {
  std::vector<std::string> names;
  for (const auto& [name, value] : ConfigNames(E{})) names.emplace_back(name);
  return names;
}

template <class T>
void Read(const ConfigValue& value, const Range& range, T& field);

// A visitor that fills a struct from a table and remembers which keys there are.
class Reader {
 public:
  explicit Reader(const ConfigValue& table) : table_(table) {}

  template <class T>
  void operator()(std::string_view key, T& field, std::string_view, const Range& range = {}) {
    known_.emplace_back(key);
    if (const ConfigValue* value = table_.Find(key)) Read(*value, range, field);
  }

  void operator()(std::string_view key, std::string& field, std::string_view,
                  const OneOf& allowed) {
    known_.emplace_back(key);
    if (const ConfigValue* value = table_.Find(key)) {
      field = allowed.names[AsName(*value, allowed.names)];
    }
  }

  void CheckAllKnown() const;

 private:
  const ConfigValue& table_;
  std::vector<std::string> known_;
};

template <class T>
void ReadStruct(const ConfigValue& value, T& config) {
  AsTable(value);
  Reader reader(value);
  config.Visit(reader);
  reader.CheckAllKnown();
  if constexpr (Validates<T>) config.Validate(ConfigCheck(value));
}

template <class T>
void Read(const ConfigValue& value, const Range& range, T& field) {
  if constexpr (std::is_same_v<T, bool>) {
    field = AsBool(value);
  } else if constexpr (std::is_integral_v<T>) {
    using Limits = std::numeric_limits<T>;
    constexpr bool kAllIntegers = std::is_same_v<T, int64_t>;  // whatever TOML can write
    constexpr bool kNoMax = sizeof(T) >= 8;
    constexpr double kMin = kAllIntegers ? Range{}.min : static_cast<double>(Limits::min());
    constexpr double kMax = kNoMax ? Range{}.max : static_cast<double>(Limits::max());
    field = static_cast<T>(AsInteger(value, {std::max(range.min, kMin), std::min(range.max, kMax),
                                             range.min_open, range.max_open}));
  } else if constexpr (std::is_floating_point_v<T>) {
    field = static_cast<T>(AsDouble(value, range));
  } else if constexpr (std::is_same_v<T, std::string>) {
    field = AsString(value);
  } else if constexpr (std::is_enum_v<T>) {
    field = ConfigNames(T{})[AsName(value, EnumNames<T>())].second;
  } else if constexpr (std::is_same_v<T, ConfigValue>) {
    AsTable(value);
    field = value;
  } else if constexpr (IsOptional<T>::value) {
    Read(value, range, field.emplace());
  } else if constexpr (IsVector<T>::value) {
    field.clear();
    for (const ConfigValue& element : AsArray(value)) {
      typename T::value_type item{};
      Read(element, range, item);
      field.push_back(std::move(item));
    }
  } else if constexpr (IsMap<T>::value) {
    field.clear();
    for (const auto& [key, member] : AsTable(value)) Read(member, range, field[key]);
  } else {
    ReadStruct(value, field);
  }
}

// Collects a configuration's fields as a tree of values with their documentation, for printing and
// hashing.
struct PrintedField {
  std::string key = {};
  std::string doc = {};
  ConfigValue value = {};  // unless `fields` or `tables` is used
  bool is_struct = false;
  std::vector<PrintedField> fields = {};  // of a nested struct
  bool is_list = false;
  std::vector<std::vector<PrintedField>> tables = {};  // of a list of structs or tables
};

std::vector<PrintedField> RawFields(const ConfigValue& table);

class Collector {
 public:
  template <class T>
  void operator()(std::string_view key, T& field, std::string_view doc, const Range& = {}) {
    if constexpr (IsOptional<T>::value) {
      if (field) Add(key, *field, doc);
    } else {
      Add(key, field, doc);
    }
  }

  void operator()(std::string_view key, std::string& field, std::string_view doc, const OneOf&) {
    Add(key, field, doc);
  }

  std::vector<PrintedField> fields;

 private:
  template <class T>
  static constexpr bool kIsScalar =
      std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string>;

  template <class T>
  static ConfigValue Scalar(const T& field) {
    if constexpr (std::is_same_v<T, bool>) {
      return ConfigValue(ConfigValue::Data(field));
    } else if constexpr (std::is_integral_v<T>) {
      return ConfigValue(ConfigValue::Data(static_cast<int64_t>(field)));
    } else if constexpr (std::is_floating_point_v<T>) {
      return ConfigValue(ConfigValue::Data(static_cast<double>(field)));
    } else if constexpr (std::is_enum_v<T>) {
      for (const auto& [name, value] : ConfigNames(T{})) {
        if (value == field) return ConfigValue(ConfigValue::Data(std::string(name)));
      }
      return ConfigValue(ConfigValue::Data(std::string()));
    } else {
      return ConfigValue(ConfigValue::Data(std::string(field)));
    }
  }

  template <class T>
  static std::vector<PrintedField> Fields(const T& config) {
    if constexpr (std::is_same_v<T, ConfigValue>) {
      return RawFields(config);
    } else {
      T copy = config;  // Visit takes its fields by reference
      Collector collector;
      copy.Visit(collector);
      return std::move(collector.fields);
    }
  }

  template <class T>
  void Add(std::string_view key, const T& field, std::string_view doc) {
    PrintedField printed{.key = std::string(key), .doc = std::string(doc)};
    if constexpr (kIsScalar<T>) {
      printed.value = Scalar(field);
    } else if constexpr (IsVector<T>::value) {
      if constexpr (kIsScalar<typename T::value_type>) {
        ConfigValue::Array elements;
        for (const auto& element : field)
          elements.push_back(Scalar<typename T::value_type>(element));
        printed.value = ConfigValue(ConfigValue::Data(std::move(elements)));
      } else {
        printed.is_list = true;
        for (const auto& element : field) printed.tables.push_back(Fields(element));
      }
    } else if constexpr (IsMap<T>::value) {
      printed.is_struct = true;
      for (const auto& [name, element] : field) {
        printed.fields.push_back({.key = name, .value = Scalar(element)});
      }
    } else {
      printed.is_struct = true;
      printed.fields = Fields(field);
    }
    fields.push_back(std::move(printed));
  }
};

template <class T>
std::vector<PrintedField> Collect(const T& config) {
  T copy = config;
  Collector collector;
  copy.Visit(collector);
  return std::move(collector.fields);
}

std::string Print(const std::vector<PrintedField>& fields, bool comments);
FlatConfig Flatten(const std::vector<PrintedField>& fields);
std::string Hash(const FlatConfig& config);

}  // namespace config_internal

template <class T>
T ReadConfig(const ConfigValue& table, T defaults) {
  config_internal::ReadStruct(table, defaults);
  return defaults;
}

template <class T>
T ReadConfigFile(const std::string& path, const std::vector<std::string>& overrides) {
  ConfigValue root = ReadToml(path);
  for (const std::string& assignment : overrides) ApplyOverride(assignment, root);
  return ReadConfig<T>(root);
}

template <class T>
std::string ConfigToml(const T& config, bool comments) {
  return config_internal::Print(config_internal::Collect(config), comments);
}

template <class T>
FlatConfig FlattenConfig(const T& config) {
  return config_internal::Flatten(config_internal::Collect(config));
}

template <class T>
std::string ConfigHash(const T& config) {
  return config_internal::Hash(FlattenConfig(config));
}

}  // namespace rationale
