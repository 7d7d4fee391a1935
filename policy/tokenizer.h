// Tokenizer: a Hugging Face tokenizer.json, text to token ids and back.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// Thread-safe once loaded. What tokenizer.json asks for and we do not implement is refused at load, never ignored.
class Tokenizer {
 public:
  // Reads <folder>/tokenizer.json and, where present, tokenizer_config.json (chat template's presence, eos name).
  // Throws Error naming file and key.
  static Tokenizer Load(const std::string& folder);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Text to ids; special tokens written in the text become their ids. `add_special` applies the post-processor (bos/eos).
  // The text must be UTF-8; malformed bytes are replaced by U+FFFD.
  std::vector<int32_t> Encode(std::string_view text, bool add_special = false) const;

  // Ids to text. Incomplete UTF-8 at the end becomes U+FFFD, as the tokenizers package does.
  std::string Decode(const std::vector<int32_t>& ids, bool skip_special = false) const;

  // The bytes one token stands for, for streaming and stop strings.
  std::string TokenBytes(int32_t id) const;

  int64_t vocab_size() const;  // ids are below it
  std::optional<int32_t> IdOf(std::string_view token) const;  // the exact token string, special tokens included
  std::optional<int32_t> eos() const;  // tokenizer_config.json's eos_token
  std::optional<int32_t> bos() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rationale
