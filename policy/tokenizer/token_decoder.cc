#include "policy/tokenizer/token_decoder.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/parts.h"
#include "policy/tokenizer/pattern.h"

namespace rationale {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

TokenDecoder MakeByteLevel(const JsonObject&) {
  return [](std::vector<std::string>& tokens, BrokenBytes broken) {
    std::string bytes;
    for (const std::string& token : tokens) bytes += CharsToBytes(token);
    tokens = {broken == BrokenBytes::kKeep ? std::move(bytes) : ValidUtf8(bytes)};
  };
}

// The byte that "<0x0A>" names.
std::optional<char> NamedByte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return {};
  uint8_t byte = 0;
  const auto [end, error] = std::from_chars(&token[3], &token[5], byte, 16);
  if (error != std::errc() || end != &token[5]) return {};
  return static_cast<char>(byte);
}

// Neighbouring byte tokens become the text that they spell, or U+FFFD for each when they spell
// none.
TokenDecoder MakeByteFallback(const JsonObject&) {
  return [](std::vector<std::string>& tokens, BrokenBytes broken) {
    std::vector<std::string> result;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (broken == BrokenBytes::kKeep || ValidUtf8(bytes) == bytes) {
        result.push_back(bytes);
      } else {
        for (size_t i = 0; i < bytes.size(); ++i) result.emplace_back(kReplacement);
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const auto byte = NamedByte(token)) {
        bytes += *byte;
      } else {
        flush();
        result.push_back(std::move(token));
      }
    }
    flush();
    tokens = std::move(result);
  };
}

// SentencePiece's spaces back to spaces; those of the first token go if the pre-tokenizer may have
// put one there.
TokenDecoder MakeMetaspace(const JsonObject& json) {
  const auto replacement = json.Get<std::string>("replacement");
  const bool never = json.Get<std::string>("prepend_scheme", "always") == "never" ||
                     !json.Get("add_prefix_space", true);
  const Pattern pattern = [replacement](std::string_view text) {
    return FindString(text, replacement);
  };
  return [pattern, never](std::vector<std::string>& tokens, BrokenBytes) {
    bool first = !never;
    for (std::string& token : tokens) {
      ReplaceAll(token, pattern, first ? "" : " ");
      first = false;
    }
  };
}

TokenDecoder MakeReplace(const JsonObject& json) {
  return [pattern = MakePattern(json, "pattern"), content = json.Get<std::string>("content")](
             std::vector<std::string>& tokens, BrokenBytes) {
    for (std::string& token : tokens) ReplaceAll(token, pattern, content);
  };
}

void FuseAll(std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  tokens = {std::move(text)};
}

TokenDecoder MakeFuse(const JsonObject&) {
  return [](std::vector<std::string>& tokens, BrokenBytes) { FuseAll(tokens); };
}

// Takes up to `start` copies of `content` off each token's front and up to `stop` off its back.
TokenDecoder MakeStrip(const JsonObject& json) {
  const auto content = json.Get<std::string>("content");
  if (content.empty()) throw Error("{}: content: found '', allowed: a character", json.where());
  return [content, start = json.Get<int64_t>("start"), stop = json.Get<int64_t>("stop")](
             std::vector<std::string>& tokens, BrokenBytes) {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (int64_t i = 0; i < start && rest.starts_with(content); ++i) {
        rest.remove_prefix(content.size());
      }
      for (int64_t i = 0; i < stop && rest.ends_with(content); ++i) {
        rest.remove_suffix(content.size());
      }
      token = std::string(rest);
    }
  };
}

TokenDecoder MakeSequence(const JsonObject& json) {
  return [steps = MakeParts<TokenDecoder>(json, "decoders", MakeTokenDecoder)](
             std::vector<std::string>& tokens, BrokenBytes broken) {
    for (const TokenDecoder& step : steps) step(tokens, broken);
  };
}

}  // namespace

TokenDecoder MakeTokenDecoder(const JsonObject& json) {
  static constexpr PartMaker<TokenDecoder> kMakers[] = {
      {"ByteLevel", MakeByteLevel}, {"ByteFallback", MakeByteFallback},
      {"Metaspace", MakeMetaspace}, {"Replace", MakeReplace},
      {"Fuse", MakeFuse},           {"Strip", MakeStrip},
      {"Sequence", MakeSequence},
  };
  return MakePart<TokenDecoder>(json, kMakers);
}

TokenDecoder JoinBySpaces() {
  return [](std::vector<std::string>& tokens, BrokenBytes) {
    for (size_t i = 1; i < tokens.size(); ++i) tokens[i].insert(0, " ");
  };
}

}  // namespace rationale
