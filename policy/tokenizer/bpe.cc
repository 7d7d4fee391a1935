#include "policy/tokenizer/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "policy/tokenizer/unicode.h"

namespace rationale {
namespace {

struct Merge {
  int32_t rank = 0;
  int32_t token = 0;  // what the pair becomes
};

uint64_t PairKey(int32_t left, int32_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
}

struct PairHash {
  size_t operator()(uint64_t key) const { return (key ^ key >> 29) * 0x9E3779B97F4A7C15u >> 7; }
};

using MergeTable = std::unordered_map<uint64_t, Merge, PairHash>;

// A symbol of the piece being merged; the live ones form a list in order.
struct Symbol {
  int32_t token = 0;
  int32_t previous = -1, next = -1;
  bool live = true;
};

struct Candidate {
  int32_t rank = 0, position = 0, token = 0;

  bool operator>(const Candidate& other) const {
    return std::pair(rank, position) > std::pair(other.rank, other.position);
  }
};

std::string_view Text(const rapidjson::Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

class BpeModel final : public TokenModel {
 public:
  explicit BpeModel(const JsonObject& json)
      : TokenModel(Vocabulary(json.Required("vocab"), json.where() + ": vocab")),
        prefix_(json.Get<std::string>("continuing_subword_prefix", "")),
        suffix_(json.Get<std::string>("end_of_word_suffix", "")),
        fuse_unk_(json.Get("fuse_unk", false)),
        byte_fallback_(json.Get("byte_fallback", false)),
        ignore_merges_(json.Get("ignore_merges", false)) {
    if (const double dropout = json.Get("dropout", 0.0); dropout != 0) {
      throw Error("{}: dropout: found {}, allowed: none", json.where(), dropout);
    }
    if (json.Has("unk_token")) {
      const auto unk = json.Get<std::string>("unk_token");
      unk_ = vocabulary().IdOf(unk);
      if (!unk_) throw Error("{}: unk_token: '{}' is not in the vocabulary", json.where(), unk);
    }
    for (int byte = 0; byte < 256; ++byte) {
      byte_tokens_[static_cast<size_t>(byte)] =
          vocabulary().IdOf(fmt::format("<0x{:02X}>", byte)).value_or(-1);
    }
    ReadMerges(json);
  }

  void Encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    if (ignore_merges_) {
      if (const auto id = vocabulary().IdOf(piece)) return ids.push_back(*id);
    }
    std::vector<int32_t> tokens = CharTokens(piece);
    if (tokens.size() > 1) MergeAll(tokens);
    ids.insert(ids.end(), tokens.begin(), tokens.end());
  }

 private:
  void ReadMerges(const JsonObject& json);
  void AddMerge(std::string_view left, std::string_view right, int32_t rank,
                const std::string& where);
  std::vector<int32_t> CharTokens(std::string_view piece) const;
  bool AppendBytes(std::string_view text, std::vector<int32_t>& tokens) const;
  void MergeAll(std::vector<int32_t>& tokens) const;

  const Merge* FindMerge(int32_t left, int32_t right) const {
    const auto found = merges_.find(PairKey(left, right));
    return found == merges_.end() ? nullptr : &found->second;
  }

  std::string prefix_, suffix_;
  bool fuse_unk_, byte_fallback_, ignore_merges_;
  std::optional<int32_t> unk_;
  std::array<int32_t, 256> byte_tokens_{};  // of <0x00> ... <0xFF>; -1: none
  MergeTable merges_;
};

// "left right" in older files, ["left", "right"] in newer ones.
void BpeModel::ReadMerges(const JsonObject& json) {
  const rapidjson::Value& merges = json.Required("merges");
  if (!merges.IsArray()) throw Error("{}: merges: allowed: an array", json.where());
  merges_.reserve(merges.Size());
  int32_t rank = 0;
  for (const rapidjson::Value& merge : merges.GetArray()) {
    const std::string where = fmt::format("{}: merges[{}]", json.where(), rank);
    if (merge.IsArray() && merge.Size() == 2 && merge[0].IsString() && merge[1].IsString()) {
      AddMerge(Text(merge[0]), Text(merge[1]), rank, where);
    } else {
      const std::string_view both = merge.IsString() ? Text(merge) : std::string_view();
      const size_t space = both.find(' ');
      if (space == std::string_view::npos || both.find(' ', space + 1) != std::string_view::npos) {
        throw Error("{}: found {}, allowed: \"left right\" or [\"left\", \"right\"]", where,
                    JsonText(merge));
      }
      AddMerge(both.substr(0, space), both.substr(space + 1), rank, where);
    }
    ++rank;
  }
}

void BpeModel::AddMerge(std::string_view left, std::string_view right, int32_t rank,
                        const std::string& where) {
  const auto id = [&](std::string_view token) {
    const std::optional<int32_t> found = vocabulary().IdOf(token);
    if (!found) throw Error("{}: '{}' is not in the vocabulary", where, token);
    return *found;
  };
  const size_t skip = std::min(prefix_.size(), right.size());
  const std::string whole = std::string(left) + std::string(right.substr(skip));
  merges_[PairKey(id(left), id(right))] = {rank, id(whole)};
}

bool BpeModel::AppendBytes(std::string_view text, std::vector<int32_t>& tokens) const {
  const size_t size = tokens.size();
  for (const char byte : text) {
    const int32_t token = byte_tokens_[static_cast<uint8_t>(byte)];
    if (token < 0) {
      tokens.resize(size);
      return false;
    }
    tokens.push_back(token);
  }
  return true;
}

// The characters' tokens before any merge. An unknown character's token is held back until the next
// known or unknown one, as in the tokenizers package, so that bytes of a fallback overtake it.
std::vector<int32_t> BpeModel::CharTokens(std::string_view piece) const {
  std::vector<int32_t> tokens;
  tokens.reserve(piece.size());
  bool held = false;
  std::string decorated;
  for (size_t at = 0; at < piece.size();) {
    const size_t begin = at;
    NextChar(piece, at);
    std::string_view text = piece.substr(begin, at - begin);
    if (!prefix_.empty() || !suffix_.empty()) {
      decorated = begin > 0 ? prefix_ : "";
      decorated.append(text).append(at == piece.size() ? suffix_ : "");
      text = decorated;
    }
    if (const auto id = vocabulary().IdOf(text)) {
      if (held) tokens.push_back(*unk_);
      held = false;
      tokens.push_back(*id);
    } else if (!(byte_fallback_ && AppendBytes(text, tokens)) && unk_) {
      if (held && !fuse_unk_) tokens.push_back(*unk_);
      held = true;
    }
  }
  if (held) tokens.push_back(*unk_);
  return tokens;
}

void BpeModel::MergeAll(std::vector<int32_t>& tokens) const {
  const auto count = static_cast<int32_t>(tokens.size());
  std::vector<Symbol> symbols(tokens.size());
  for (int32_t i = 0; i < count; ++i) {
    symbols[static_cast<size_t>(i)] = {tokens[static_cast<size_t>(i)], i - 1,
                                       i + 1 < count ? i + 1 : -1, true};
  }
  std::vector<Candidate> storage;
  storage.reserve(tokens.size());
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue(std::greater<>(),
                                                                               std::move(storage));
  const auto symbol = [&](int32_t i) -> Symbol& { return symbols[static_cast<size_t>(i)]; };
  const auto consider = [&](int32_t i) {  // the pair that begins at symbol i
    if (i < 0 || symbol(i).next < 0) return;
    const Merge* merge = FindMerge(symbol(i).token, symbol(symbol(i).next).token);
    if (merge != nullptr) queue.push({merge->rank, i, merge->token});
  };
  for (int32_t i = 0; i + 1 < count; ++i) consider(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbol(best.position);
    if (!left.live || left.next < 0) continue;
    Symbol& right = symbol(left.next);
    const Merge* merge = FindMerge(left.token, right.token);  // the pair may have changed since
    if (merge == nullptr || merge->token != best.token) continue;
    left.token = best.token;
    right.live = false;
    left.next = right.next;
    if (right.next >= 0) symbol(right.next).previous = best.position;
    consider(left.previous);
    consider(best.position);
  }
  tokens.clear();
  for (int32_t i = 0; i >= 0; i = symbol(i).next) tokens.push_back(symbol(i).token);
}

}  // namespace

std::unique_ptr<TokenModel> MakeBpeModel(const JsonObject& json) {
  return std::make_unique<BpeModel>(json);
}

}  // namespace rationale
