// ConfigKeys: visits the keys of a config.json, so that each is listed once for reading and
// writing.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace rationale {

// A reader sets a field from the file and leaves it (at its family's default) where the key is
// absent or, unless said otherwise, null. A writer writes the field. Readers throw Error naming
// file and key for a value of the wrong type or one that is not built.
class ConfigKeys {
 public:
  virtual ~ConfigKeys() = default;

  virtual void Field(const char* key, int64_t& field) = 0;
  virtual void Field(const char* key, double& field) = 0;
  virtual void Field(const char* key, bool& field) = 0;

  // A number whose null, present in the file, means `none` rather than the default.
  virtual void Nullable(const char* key, int64_t& field, int64_t none) = 0;

  // Token ids: one number, a list of them, or null for none.
  virtual void Tokens(const char* key, std::vector<int64_t>& field) = 0;

  // A list of layers; null is the empty one.
  virtual void Layers(const char* key, std::vector<int64_t>& field) = 0;

  // A key of which only one value is built; absent or null counts as that value.
  virtual void Only(const char* key, std::string_view value) = 0;
  virtual void Only(const char* key, int64_t value) = 0;
  virtual void Only(const char* key, double value) = 0;
  virtual void Only(const char* key, bool value) = 0;

  // The file's object when reading, null when writing: for what is not one key and one field.
  virtual const JsonObject* file() const = 0;

  // Writes a value as it is; reading passes it over.
  virtual void Write(const char* key, std::string json) = 0;
};

class ConfigReader final : public ConfigKeys {
 public:
  explicit ConfigReader(const rapidjson::Value& object, const std::string& source)
      : value_(object), json_(object, source) {}

  void Field(const char* key, int64_t& field) override { field = json_.Get(key, field); }
  void Field(const char* key, double& field) override { field = json_.Get(key, field); }
  void Field(const char* key, bool& field) override { field = json_.Get(key, field); }
  void Nullable(const char* key, int64_t& field, int64_t none) override;
  void Tokens(const char* key, std::vector<int64_t>& field) override;
  void Layers(const char* key, std::vector<int64_t>& field) override;
  void Only(const char* key, std::string_view value) override;
  void Only(const char* key, int64_t value) override;
  void Only(const char* key, double value) override;
  void Only(const char* key, bool value) override;
  const JsonObject* file() const override { return &json_; }
  void Write(const char*, std::string) override {}

 private:
  bool IsNull(const char* key) const;  // present and null

  const rapidjson::Value& value_;
  JsonObject json_;
};

class ConfigWriter final : public ConfigKeys {
 public:
  void Field(const char* key, int64_t& field) override;
  void Field(const char* key, double& field) override;
  void Field(const char* key, bool& field) override;
  void Nullable(const char* key, int64_t& field, int64_t none) override;
  void Tokens(const char* key, std::vector<int64_t>& field) override;
  void Layers(const char* key, std::vector<int64_t>& field) override;
  void Only(const char* key, std::string_view value) override;
  void Only(const char* key, int64_t value) override { Field(key, value); }
  void Only(const char* key, double value) override { Field(key, value); }
  void Only(const char* key, bool value) override { Field(key, value); }
  const JsonObject* file() const override { return nullptr; }
  void Write(const char* key, std::string json) override { members_[key] = std::move(json); }

  // The object, a member a line, sorted.
  std::string Text() const;

 private:
  std::map<std::string, std::string> members_;
};

}  // namespace rationale
