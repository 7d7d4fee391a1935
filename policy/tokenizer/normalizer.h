// Normalizer: what tokenizer.json does to a text before it is split.

#pragma once

#include <functional>
#include <string>

#include "base/json.h"

namespace rationale {

// Changes valid UTF-8 text in place.
using Normalizer = std::function<void(std::string& text)>;

// From a "normalizer" object: NFC, NFD, NFKC, NFKD (ICU), Lowercase, Strip, Prepend, Replace,
// ByteLevel and Sequence of these. Throws Error naming any other type.
Normalizer MakeNormalizer(const JsonObject& json);

}  // namespace rationale
