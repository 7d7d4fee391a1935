// TextStream: the text of a growing token sequence, cut at the first stop string, handed out as it
// becomes certain.

#include "rollout/text_stream.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace rationale {

TextStream::TextStream(const std::vector<std::string>& stop_strings) : stop_strings_(stop_strings) {
  for (const std::string& stop : stop_strings_) {
    Check{!stop.empty(), "an empty stop string"};
  }
}

bool TextStream::Append(std::string_view bytes) {
  const size_t old_size = bytes_.size();
  bytes_ += bytes;
  size_t start = std::string::npos;
  for (const std::string& stop : stop_strings_) {
    const size_t from = old_size - std::min(old_size, stop.size() - 1);
    start = std::min(start, bytes_.find(stop, from));
  }
  if (start == std::string::npos) return false;
  bytes_.resize(start);
  return true;
}

// Without the longest suffix that a stop string begins with, and without the beginning of a
// character.
size_t TextStream::CertainSize() const {
  const std::string_view text = bytes_;
  size_t held_back = 0;
  for (const std::string& stop : stop_strings_) {
    for (size_t size = std::min(text.size(), stop.size() - 1); size > held_back; --size) {
      if (text.ends_with(std::string_view(stop).substr(0, size))) held_back = size;
    }
  }
  // A held-back suffix starts a stop string, so it never reaches behind what was taken before.
  auto certain = static_cast<int32_t>(std::max(text.size() - held_back, num_taken_) - num_taken_);
  const auto* tail = reinterpret_cast<const uint8_t*>(text.data()) + num_taken_;
  U8_TRUNCATE_IF_INCOMPLETE(tail, 0, certain);
  return num_taken_ + static_cast<size_t>(certain);
}

std::string TextStream::TakePiece(bool final) {
  const size_t end = final ? bytes_.size() : CertainSize();
  std::string piece = ValidUtf8(std::string_view(bytes_).substr(num_taken_, end - num_taken_));
  num_taken_ = end;
  return piece;
}

}  // namespace rationale
