// TextStream: the text of a growing token sequence, cut at the first stop string, handed out as it
// becomes certain.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace rationale {

// Tokens need not end at character borders, and a stop string may begin in one token and end in
// another, so the last few bytes are held back until it is certain what they are.
class TextStream {
 public:
  // Stop strings must not be empty.
  explicit TextStream(const std::vector<std::string>& stop_strings = {});

  // Appends one token's bytes. True once the text contains a stop string: the text then ends before
  // the first one (the one that starts first; of two that start together the shorter), and no more
  // may be appended. Costs O(bytes * stop strings), however long the text is.
  bool Append(std::string_view bytes);

  // The text that became certain since the last call, valid UTF-8. With `final` all of it: the
  // pieces of all calls joined are Text().
  std::string TakePiece(bool final);

  // The whole text so far, valid UTF-8.
  std::string Text() const { return ValidUtf8(bytes_); }

 private:
  size_t CertainSize() const;

  std::vector<std::string> stop_strings_;
  std::string bytes_;
  size_t num_taken_ = 0;
};

}  // namespace rationale
