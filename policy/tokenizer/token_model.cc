#include "policy/tokenizer/token_model.h"

#include <limits>
#include <utility>

#include "base/error.h"
#include "policy/tokenizer/bpe.h"

namespace rationale {
namespace {

// A piece is one token, or unk.
class WordLevelModel final : public TokenModel {
 public:
  explicit WordLevelModel(const JsonObject& json)
      : TokenModel(Vocabulary(json.Required("vocab"), json.where() + ": vocab")),
        where_(json.where()),
        unk_token_(json.Get<std::string>("unk_token", "<unk>")),
        unk_(vocabulary().IdOf(unk_token_)) {}

  void Encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    const std::optional<int32_t> id = vocabulary().IdOf(piece);
    if (!id && !unk_) {
      throw Error("{}: '{}' is no token, and there is no unk_token '{}' to stand for it", where_,
                  piece, unk_token_);
    }
    ids.push_back(id ? *id : *unk_);
  }

 private:
  std::string where_;
  std::string unk_token_;
  std::optional<int32_t> unk_;
};

}  // namespace

Vocabulary::Vocabulary(const rapidjson::Value& tokens, const std::string& where) {
  const JsonObject json(tokens, where);
  id_of_.reserve(tokens.MemberCount());
  for (const auto& member : tokens.GetObject()) {
    const std::string_view token(member.name.GetString(), member.name.GetStringLength());
    constexpr int32_t kIdMax = 1 << 28;
    if (!member.value.IsInt() || member.value.GetInt() < 0 || member.value.GetInt() > kIdMax) {
      throw Error("{}: '{}': found {}, allowed: an id from 0 to {}", where, token,
                  JsonText(member.value), kIdMax);
    }
    const auto id = static_cast<size_t>(member.value.GetInt());
    if (id >= token_of_.size()) token_of_.resize(id + 1, nullptr);
    if (token_of_[id] != nullptr) {
      throw Error("{}: '{}' and '{}' both have the id {}", where, *token_of_[id], token, id);
    }
    const auto [place, added] = id_of_.emplace(token, member.value.GetInt());
    if (!added) throw Error("{}: '{}' is listed twice", where, token);
    token_of_[id] = &place->first;
  }
}

std::optional<int32_t> Vocabulary::IdOf(std::string_view token) const {
  const auto found = id_of_.find(token);
  return found == id_of_.end() ? std::nullopt : std::optional(found->second);
}

const std::string* Vocabulary::TokenOf(int32_t id) const {
  return id < 0 || id >= size() ? nullptr : token_of_[static_cast<size_t>(id)];
}

std::unique_ptr<TokenModel> MakeTokenModel(const JsonObject& json) {
  // Files from before 2020 leave the type out.
  const auto type = json.Get<std::string>("type", json.Has("merges") ? "BPE" : "");
  if (type == "BPE") return MakeBpeModel(json);
  if (type == "WordLevel") return std::make_unique<WordLevelModel>(json);
  throw Error("{}: type: found '{}', allowed: BPE WordLevel", json.where(), type);
}

}  // namespace rationale
