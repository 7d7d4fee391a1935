// PostProcessor: the special tokens that tokenizer.json puts around a text.

#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace rationale {

struct PostProcessor {
  std::vector<int32_t> before, after;
};

// From a "post_processor" object: TemplateProcessing (its template for one text), ByteLevel (which
// moves offsets only) and Sequence of these. Throws Error naming any other type.
PostProcessor MakePostProcessor(const JsonObject& json);

}  // namespace rationale
