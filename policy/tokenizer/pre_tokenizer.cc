#include "policy/tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/parts.h"
#include "policy/tokenizer/pattern.h"
#include "policy/tokenizer/unicode.h"

namespace rationale {
namespace {

// A match of a splitting pattern, or the text between two.
struct Stretch {
  TextRange range;
  bool is_match = false;
};

// What becomes of matches: SplitDelimiterBehavior of the tokenizers package.
enum class Behaviour { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

Behaviour ReadBehaviour(const JsonObject& json) {
  const auto name = json.Get<std::string>("behavior");
  if (name == "Removed") return Behaviour::kRemoved;
  if (name == "Isolated") return Behaviour::kIsolated;
  if (name == "MergedWithPrevious") return Behaviour::kMergedWithPrevious;
  if (name == "MergedWithNext") return Behaviour::kMergedWithNext;
  if (name == "Contiguous") return Behaviour::kContiguous;
  throw Error(
      "{}: behavior: found '{}', allowed: Removed Isolated MergedWithPrevious MergedWithNext "
      "Contiguous",
      json.where(), name);
}

std::vector<Stretch> Stretches(const std::vector<TextRange>& matches, size_t text_size,
                               bool invert) {
  std::vector<Stretch> stretches;
  size_t end = 0;
  for (const TextRange& match : matches) {
    if (end != match.begin) stretches.push_back({{end, match.begin}, invert});
    stretches.push_back({match, !invert});
    end = match.end;
  }
  if (end != text_size) stretches.push_back({{end, text_size}, invert});
  return stretches;
}

// The ranges that remain, in order.
std::vector<TextRange> Apply(Behaviour behaviour, std::vector<Stretch> stretches) {
  const bool backwards = behaviour == Behaviour::kMergedWithNext;
  if (backwards) std::reverse(stretches.begin(), stretches.end());
  std::vector<TextRange> ranges;
  bool previous_match = false;
  for (const Stretch& stretch : stretches) {
    bool merge = false;
    switch (behaviour) {
      case Behaviour::kRemoved:
        if (stretch.is_match) continue;
        break;
      case Behaviour::kIsolated:
        break;
      case Behaviour::kMergedWithPrevious:
      case Behaviour::kMergedWithNext:
        merge = stretch.is_match && !previous_match;
        break;
      case Behaviour::kContiguous:
        merge = stretch.is_match == previous_match;
        break;
    }
    previous_match = stretch.is_match;
    if (!merge || ranges.empty()) {
      ranges.push_back(stretch.range);
    } else if (backwards) {
      ranges.back().begin = stretch.range.begin;
    } else {
      ranges.back().end = stretch.range.end;
    }
  }
  if (backwards) std::reverse(ranges.begin(), ranges.end());
  return ranges;
}

void SplitPieces(std::vector<Piece>& pieces, const Pattern& pattern, Behaviour behaviour,
                 bool invert) {
  std::vector<Piece> result;
  result.reserve(pieces.size());
  for (Piece& piece : pieces) {
    if (piece.token >= 0) {
      result.push_back(std::move(piece));
      continue;
    }
    const auto stretches = Stretches(pattern(piece.text), piece.text.size(), invert);
    for (const TextRange& range : Apply(behaviour, stretches)) {
      if (range.begin == range.end) continue;
      result.push_back({.text = piece.text.substr(range.begin, range.end - range.begin),
                        .begins_text = piece.begins_text && range.begin == 0});
    }
  }
  pieces = std::move(result);
}

// Every character of a kind is a match.
template <bool (*kIsKind)(UChar32)>
std::vector<TextRange> FindChars(std::string_view text) {
  std::vector<TextRange> matches;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (kIsKind(NextChar(text, at))) matches.push_back({begin, at});
  }
  return matches;
}

PreTokenizer MakeSplit(const JsonObject& json) {
  return [pattern = MakePattern(json, "pattern"), behaviour = ReadBehaviour(json),
          invert = json.Get("invert", false)](std::vector<Piece>& pieces) {
    SplitPieces(pieces, pattern, behaviour, invert);
  };
}

PreTokenizer MakeDigits(const JsonObject& json) {
  const bool individual = json.Get("individual_digits", false);
  const Behaviour behaviour = individual ? Behaviour::kIsolated : Behaviour::kContiguous;
  return [behaviour](std::vector<Piece>& pieces) {
    SplitPieces(pieces, FindChars<IsNumeric>, behaviour, false);
  };
}

// GPT-2's splitting, then its characters for bytes.
PreTokenizer MakeByteLevel(const JsonObject& json) {
  constexpr std::string_view kGpt2 =
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  const bool use_regex = json.Get("use_regex", true);
  const bool add_prefix_space = json.Get("add_prefix_space", true);
  return [regex = Regex(kGpt2, json.where()), use_regex,
          add_prefix_space](std::vector<Piece>& pieces) {
    for (Piece& piece : pieces) {
      if (add_prefix_space && piece.token < 0 && !piece.text.starts_with(' ')) {
        piece.text.insert(0, " ");
      }
    }
    if (use_regex) {
      const auto find = [&regex](std::string_view text) { return regex.FindAll(text); };
      SplitPieces(pieces, find, Behaviour::kIsolated, false);
    }
    for (Piece& piece : pieces) {
      if (piece.token < 0) piece.text = BytesToChars(piece.text);
    }
  };
}

// SentencePiece's spaces: each becomes `replacement`, and begins a piece.
PreTokenizer MakeMetaspace(const JsonObject& json) {
  const auto replacement = json.Get<std::string>("replacement");
  auto scheme = json.Get<std::string>("prepend_scheme", "always");
  if (!json.Get("add_prefix_space", true)) scheme = "never";  // an older spelling
  if (scheme != "always" && scheme != "first" && scheme != "never") {
    throw Error("{}: prepend_scheme: found '{}', allowed: always first never", json.where(),
                scheme);
  }
  const Pattern find = [replacement](std::string_view text) {
    return FindString(text, replacement);
  };
  return [=, split = json.Get("split", true)](std::vector<Piece>& pieces) {
    const Pattern spaces = [](std::string_view text) { return FindString(text, " "); };
    for (Piece& piece : pieces) {
      if (piece.token >= 0) continue;
      ReplaceAll(piece.text, spaces, replacement);
      const bool prepend = scheme == "always" || (scheme == "first" && piece.begins_text);
      if (prepend && !piece.text.starts_with(replacement)) piece.text.insert(0, replacement);
    }
    if (split) SplitPieces(pieces, find, Behaviour::kMergedWithNext, false);
  };
}

// Runs of word characters and runs of other characters that are not white space: \w+|[^\w\s]+.
std::vector<TextRange> FindWords(std::string_view text) {
  enum class Kind { kSpace, kWord, kOther };
  std::vector<TextRange> matches;
  Kind previous = Kind::kSpace;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const UChar32 c = NextChar(text, at);
    const Kind kind = IsWordChar(c) ? Kind::kWord : IsWhiteSpace(c) ? Kind::kSpace : Kind::kOther;
    if (kind != Kind::kSpace && kind == previous) {
      matches.back().end = at;
    } else if (kind != Kind::kSpace) {
      matches.push_back({begin, at});
    }
    previous = kind;
  }
  return matches;
}

PreTokenizer MakeWhitespace(const JsonObject&) {
  return
      [](std::vector<Piece>& pieces) { SplitPieces(pieces, FindWords, Behaviour::kRemoved, true); };
}

PreTokenizer MakeWhitespaceSplit(const JsonObject&) {
  return [](std::vector<Piece>& pieces) {
    SplitPieces(pieces, FindChars<IsWhiteSpace>, Behaviour::kRemoved, false);
  };
}

PreTokenizer MakeSequence(const JsonObject& json) {
  return [steps = MakeParts<PreTokenizer>(json, "pretokenizers", MakePreTokenizer)](
             std::vector<Piece>& pieces) {
    for (const PreTokenizer& step : steps) step(pieces);
  };
}

}  // namespace

PreTokenizer MakePreTokenizer(const JsonObject& json) {
  static constexpr PartMaker<PreTokenizer> kMakers[] = {
      {"Split", MakeSplit},           {"Digits", MakeDigits},
      {"ByteLevel", MakeByteLevel},   {"Metaspace", MakeMetaspace},
      {"Whitespace", MakeWhitespace}, {"WhitespaceSplit", MakeWhitespaceSplit},
      {"Sequence", MakeSequence},
  };
  return MakePart<PreTokenizer>(json, kMakers);
}

}  // namespace rationale
