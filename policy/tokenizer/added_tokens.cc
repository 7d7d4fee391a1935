#include "policy/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "policy/tokenizer/parts.h"
#include "policy/tokenizer/unicode.h"

namespace rationale {
namespace {

AddedToken ReadToken(const JsonObject& json) {
  const auto content = json.Get<std::string>("content");
  return {.id = json.Get<int32_t>("id"),
          .content = content,
          .text = content,
          .single_word = json.Get("single_word", false),
          .lstrip = json.Get("lstrip", false),
          .rstrip = json.Get("rstrip", false),
          .normalized = json.Get("normalized", false),
          .special = json.Get("special", false)};
}

bool EndsWithWord(std::string_view text) {
  size_t at = text.size();
  return !text.empty() && IsWordChar(PreviousChar(text, at));
}

bool StartsWithWord(std::string_view text) {
  size_t at = 0;
  return !text.empty() && IsWordChar(NextChar(text, at));
}

size_t TrailingSpaceBegin(std::string_view text) {
  size_t begin = text.size();
  for (size_t at = begin; at > 0 && IsWhiteSpace(PreviousChar(text, at));) begin = at;
  return begin;
}

size_t LeadingSpaceEnd(std::string_view text) {
  size_t end = 0;
  for (size_t at = 0; at < text.size() && IsWhiteSpace(NextChar(text, at));) end = at;
  return end;
}

}  // namespace

void LongestMatcher::Add(std::string_view text, size_t value) {
  uint32_t node = 0;
  for (const char byte : text) {
    const uint64_t edge = uint64_t{node} << 8 | static_cast<uint8_t>(byte);
    const auto [place, added] = child_.emplace(edge, static_cast<uint32_t>(values_.size()));
    if (added) values_.push_back(kNone);
    node = place->second;
  }
  values_[node] = std::min(values_[node], value);
}

std::pair<size_t, size_t> LongestMatcher::Match(std::string_view text) const {
  std::pair<size_t, size_t> best{kNone, 0};
  uint32_t node = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto found = child_.find(uint64_t{node} << 8 | static_cast<uint8_t>(text[i]));
    if (found == child_.end()) break;
    node = found->second;
    if (values_[node] != kNone) best = {values_[node], i + 1};
  }
  return best;
}

AddedTokens::AddedTokens(const JsonObject& tokenizer, const Vocabulary& vocabulary,
                         const Normalizer& normalizer) {
  if (!tokenizer.Has("added_tokens")) return;
  for (const JsonObject& json : ObjectsOf(tokenizer, "added_tokens")) {
    AddedToken token = ReadToken(json);
    if (token.content.empty()) continue;  // the tokenizers package passes it over, too
    const auto id = vocabulary.IdOf(token.content);
    const std::string* other = vocabulary.TokenOf(token.id);
    if (token.id < 0 || (id && *id != token.id) || (other != nullptr && *other != token.content)) {
      throw Error("{}: id: found {} for '{}', but in the vocabulary {}", json.where(), token.id,
                  token.content,
                  id ? fmt::format("its id is {}", *id)
                     : fmt::format("that is the id of '{}'", other == nullptr ? "" : *other));
    }
    const size_t index = tokens_.size();
    if (!index_of_id_.emplace(token.id, index).second ||
        !index_of_content_.emplace(token.content, index).second) {
      throw Error("{}: '{}' with id {}: another added token has that content or id", json.where(),
                  token.content, token.id);
    }
    if (token.normalized && normalizer) normalizer(token.text);
    if (!token.text.empty()) (token.normalized ? normalised_ : raw_).Add(token.text, index);
    tokens_.push_back(std::move(token));
  }
}

void AddedTokens::SplitPiece(const Piece& piece, const LongestMatcher& matcher,
                             std::vector<Piece>& result) const {
  const std::string_view text = piece.text;
  size_t end = 0;  // of the last token taken
  const auto add_text = [&](size_t stop) {
    if (end >= stop) return;
    result.push_back({.text = std::string(text.substr(end, stop - end)),
                      .begins_text = piece.begins_text && end == 0});
  };
  for (size_t at = 0; at < text.size() && !matcher.empty();) {
    const auto [index, length] = matcher.Match(text.substr(at));
    if (length == 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[index];
    size_t begin = at, stop = at + length;
    at = stop;
    if (token.single_word &&
        (EndsWithWord(text.substr(0, begin)) || StartsWithWord(text.substr(stop)))) {
      continue;
    }
    if (token.lstrip) begin = std::max(TrailingSpaceBegin(text.substr(0, begin)), end);
    if (token.rstrip) stop += LeadingSpaceEnd(text.substr(stop));
    add_text(begin);
    result.push_back({.text = token.text, .token = token.id});
    end = stop;
  }
  add_text(text.size());
}

std::vector<Piece> AddedTokens::Split(std::string text, const Normalizer& normalizer) const {
  std::vector<Piece> stretches, pieces;
  SplitPiece({.text = std::move(text), .begins_text = true}, raw_, stretches);
  for (Piece& stretch : stretches) {
    if (stretch.token >= 0) {
      pieces.push_back(std::move(stretch));
      continue;
    }
    if (normalizer) normalizer(stretch.text);
    SplitPiece(stretch, normalised_, pieces);
  }
  return pieces;
}

const AddedToken* AddedTokens::Find(int32_t id) const {
  const auto found = index_of_id_.find(id);
  return found == index_of_id_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::Find(std::string_view content) const {
  const auto found = index_of_content_.find(std::string(content));
  return found == index_of_content_.end() ? nullptr : &tokens_[found->second];
}

}  // namespace rationale
