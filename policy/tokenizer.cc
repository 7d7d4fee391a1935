#include "policy/tokenizer.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "policy/tokenizer/added_tokens.h"
#include "policy/tokenizer/normalizer.h"
#include "policy/tokenizer/post_processor.h"
#include "policy/tokenizer/pre_tokenizer.h"
#include "policy/tokenizer/token_decoder.h"
#include "policy/tokenizer/token_model.h"

namespace rationale {
namespace {

template <class Part>
Part OptionalPart(const JsonObject& json, const std::string& key,
                  Part (*make)(const JsonObject& json), Part fallback = {}) {
  const auto object = json.OptionalObject(key);
  return object ? make(*object) : fallback;
}

}  // namespace

struct Tokenizer::Impl {
  explicit Impl(const JsonObject& json)
      : model(MakeTokenModel(json.Object("model"))),
        normalizer(OptionalPart(json, "normalizer", MakeNormalizer)),
        added(json, model->vocabulary(), normalizer),
        pre_tokenizer(OptionalPart(json, "pre_tokenizer", MakePreTokenizer)),
        post_processor(OptionalPart(json, "post_processor", MakePostProcessor)),
        decoder(OptionalPart(json, "decoder", MakeTokenDecoder, JoinBySpaces())),
        vocab_size(model->vocabulary().size()) {
    for (const AddedToken& token : added.tokens()) vocab_size = std::max(vocab_size, token.id + 1);
  }

  // The token's text as the decoder takes it; null for an id without a token.
  const std::string* TextOf(int32_t id) const {
    const AddedToken* token = added.Find(id);
    return token != nullptr ? &token->text : model->vocabulary().TokenOf(id);
  }

  std::unique_ptr<TokenModel> model;
  Normalizer normalizer;  // empty: none
  AddedTokens added;
  PreTokenizer pre_tokenizer;  // empty: none
  PostProcessor post_processor;
  TokenDecoder decoder;
  int32_t vocab_size = 0;
  std::optional<int32_t> eos, bos;
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

Tokenizer Tokenizer::Load(const std::string& folder) {
  const std::filesystem::path base(folder);
  const std::string path = base / "tokenizer.json";
  const rapidjson::Document document = ReadJson(path);
  Tokenizer tokenizer(std::make_unique<Impl>(JsonObject(document, path)));
  const std::string config_path = base / "tokenizer_config.json";
  if (!std::filesystem::exists(config_path)) return tokenizer;
  const rapidjson::Document config_document = ReadJson(config_path);
  const JsonObject config(config_document, config_path);
  // "eos_token": "</s>", or an object with the content in it.
  const auto token_id = [&](const std::string& key) -> std::optional<int32_t> {
    const rapidjson::Value* value = config.Find(key);
    if (value == nullptr) return {};
    const auto token = value->IsObject() ? config.Object(key).Get<std::string>("content")
                                         : config.Get<std::string>(key);
    const auto id = tokenizer.IdOf(token);
    if (!id) throw Error("{}: {}: '{}' is not a token of {}", config_path, key, token, path);
    return id;
  };
  tokenizer.impl_->eos = token_id("eos_token");
  tokenizer.impl_->bos = token_id("bos_token");
  return tokenizer;
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text, bool add_special) const {
  std::vector<Piece> pieces = impl_->added.Split(ValidUtf8(text), impl_->normalizer);
  if (impl_->pre_tokenizer) impl_->pre_tokenizer(pieces);
  std::vector<int32_t> ids;
  if (add_special) ids = impl_->post_processor.before;
  for (const Piece& piece : pieces) {
    if (piece.token >= 0) {
      ids.push_back(piece.token);
    } else {
      impl_->model->Encode(piece.text, ids);
    }
  }
  if (add_special) {
    const std::vector<int32_t>& after = impl_->post_processor.after;
    ids.insert(ids.end(), after.begin(), after.end());
  }
  return ids;
}

std::string Tokenizer::Decode(const std::vector<int32_t>& ids, bool skip_special) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const int32_t id : ids) {
    const std::string* text = impl_->TextOf(id);
    if (text == nullptr) continue;
    if (skip_special) {
      const AddedToken* added = impl_->added.Find(*text);
      if (added != nullptr && added->special) continue;
    }
    tokens.push_back(*text);
  }
  impl_->decoder(tokens, BrokenBytes::kReplace);
  std::string result;
  for (const std::string& token : tokens) result += token;
  return result;
}

std::string Tokenizer::TokenBytes(int32_t id, bool first) const {
  const std::string* text = impl_->TextOf(id);
  if (text == nullptr) return "";
  // Behind another token, whose own text is then taken off.
  constexpr std::string_view kBefore = "x";
  std::vector<std::string> tokens;
  if (!first) tokens.emplace_back(kBefore);
  tokens.push_back(*text);
  impl_->decoder(tokens, BrokenBytes::kKeep);
  std::string result;
  for (const std::string& token : tokens) result += token;
  return first ? result : result.substr(kBefore.size());
}

int64_t Tokenizer::vocab_size() const {
  return impl_->vocab_size;
}

std::optional<int32_t> Tokenizer::IdOf(std::string_view token) const {
  const AddedToken* added = impl_->added.Find(token);
  return added != nullptr ? std::optional(added->id) : impl_->model->vocabulary().IdOf(token);
}

std::optional<int32_t> Tokenizer::eos() const {
  return impl_->eos;
}
std::optional<int32_t> Tokenizer::bos() const {
  return impl_->bos;
}

}  // namespace rationale
