// TokenDecoder: how tokenizer.json turns token texts back into text.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"

namespace rationale {

// What becomes of bytes that are not UTF-8: kReplace gives text, kKeep the bytes themselves.
enum class BrokenBytes { kReplace, kKeep };

// Changes the list of token texts in place; concatenating what is left gives the text.
using TokenDecoder = std::function<void(std::vector<std::string>& tokens, BrokenBytes broken)>;

// From a "decoder" object: ByteLevel, ByteFallback, Metaspace, Replace, Fuse, Strip and Sequence of
// these. Throws Error naming any other type.
TokenDecoder MakeTokenDecoder(const JsonObject& json);

// What a file without a decoder means: the tokens with a space between each two.
TokenDecoder JoinBySpaces();

}  // namespace rationale
