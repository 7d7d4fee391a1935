// PreTokenizer: how tokenizer.json cuts a text into pieces that are made into tokens one by one.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "policy/tokenizer/regex.h"

namespace rationale {

// A stretch of the text: either a token already (an added one) or text still to be made into
// tokens.
struct Piece {
  std::string text;
  int32_t token = -1;
  bool begins_text = false;  // nothing of the text lies before it

  bool operator==(const Piece&) const = default;
};

// Replaces pieces by smaller ones, in order; pieces that are tokens stay, empty ones go.
using PreTokenizer = std::function<void(std::vector<Piece>& pieces)>;

// From a "pre_tokenizer" object: Split, Digits, ByteLevel, Metaspace, Whitespace, WhitespaceSplit
// and Sequence of these. Throws Error naming any other type.
PreTokenizer MakePreTokenizer(const JsonObject& json);

}  // namespace rationale
