// ConfigValue: a tree of TOML values, each knowing where it was written, and `--set key=value` on
// top of it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rationale {

class JsonWriter;

// One TOML value. A field of this type in a configuration struct keeps a table as it is, for the
// component that understands its keys: see ReadConfig in config.h.
class ConfigValue {
 public:
  struct Entry;
  using Array = std::vector<ConfigValue>;
  using Table = std::vector<Entry>;  // in the order written
  using Data = std::variant<Table, Array, bool, int64_t, double, std::string>;

  ConfigValue();  // an empty table
  explicit ConfigValue(Data data);

  bool is_table() const { return std::holds_alternative<Table>(data); }
  const Table& table() const { return std::get<Table>(data); }
  const ConfigValue* Find(std::string_view key) const;  // the table's member or null

  // The table's string under `key`. Throws Error when it is absent or no string.
  std::string String(std::string_view key) const;
  // The same table without these keys: what is left is for the next reader.
  ConfigValue Without(const std::vector<std::string>& keys) const;

  // "recipe.toml:12: rl.lr": how messages about this value begin.
  std::string Where() const;
  // "recipe.toml:12: rl.lr", for a member ("lr", or "optimizer.lr" of a table in it), present or
  // not.
  std::string WhereKey(std::string_view key) const;
  // What a message says was found: "the string \"fast\"", "the number 3", "a table".
  std::string Found() const;

  Data data;
  std::string source;  // "recipe.toml:12" or "--set rl.lr=fast"
  std::string path;    // "rl.lr", "rewards[1].weight"; empty for the root
  std::string
      unquoted;  // the text after = of a --set that is not written as a TOML string, else empty
};

struct ConfigValue::Entry {
  std::string key;
  ConfigValue value;
};

// Parses TOML. Throws Error("source_name:line: ...") when it is not TOML, or has a date or time
// (nothing takes one).
ConfigValue ParseToml(std::string_view text, const std::string& source_name);

// Applies one `a.b=value` to the tree: value is TOML, or a string without quotes. Tables on the way
// are made when absent, `a[1].b` names the second element of a list. Throws Error naming the
// assignment.
void ApplyOverride(std::string_view assignment, ConfigValue& root);

// The value as TOML on one line: shortest numbers that read back as the same double, tables inline.
std::string TomlText(const ConfigValue& value);
std::string TomlText(double value);
std::string TomlText(std::string_view value);
// A key, quoted where TOML wants that.
std::string TomlKey(std::string_view key);

// The value as the writer's next one: tables are objects.
void WriteJson(const ConfigValue& value, JsonWriter& json);

}  // namespace rationale
