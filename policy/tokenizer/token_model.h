// TokenModel: the vocabulary of a tokenizer and how a piece of text becomes ids of it.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"

namespace rationale {

// Token texts and ids, both ways. Ids need not be dense.
class Vocabulary {
 public:
  // From {"token": id, ...}. Throws Error naming a token with an id below 0 or one that another
  // token has.
  Vocabulary(const rapidjson::Value& tokens, const std::string& where);

  std::optional<int32_t> IdOf(std::string_view token) const;
  const std::string* TokenOf(int32_t id) const;  // null when there is none
  int32_t size() const { return static_cast<int32_t>(token_of_.size()); }  // all ids are below it

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> id_of_;
  std::vector<const std::string*> token_of_;
};

class TokenModel {
 public:
  explicit TokenModel(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~TokenModel() = default;

  const Vocabulary& vocabulary() const { return vocabulary_; }

  // Appends the ids of one piece. Thread-safe.
  virtual void Encode(std::string_view piece, std::vector<int32_t>& ids) const = 0;

 private:
  Vocabulary vocabulary_;
};

// From a "model" object of type BPE or WordLevel. Throws Error naming any other type, and for
// merges whose tokens are not in the vocabulary.
std::unique_ptr<TokenModel> MakeTokenModel(const JsonObject& json);

}  // namespace rationale
