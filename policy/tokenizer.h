// Tokenizer: a Hugging Face tokenizer.json, text to token ids and back.
//
// Gives the ids and texts of the tokenizers package (0.23) for what is built: BPE (byte-level as
// GPT-2, Llama 3, Qwen and DeepSeek, or with SentencePiece's spaces and byte fallback as Llama 2
// and Mistral) and WordLevel, with the normalizers, pre-tokenizers, post-processors and decoders
// that tokenizer/ lists. Characters that Unicode assigned after version 14 have no properties here
// and may be split otherwise.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// Thread-safe once loaded. What tokenizer.json asks for and we do not implement is refused at load,
// never ignored; its truncation and padding are left to the caller, as transformers does.
class Tokenizer {
 public:
  // Reads <folder>/tokenizer.json and, where present, tokenizer_config.json (eos_token, bos_token).
  // Throws Error naming file and key.
  static Tokenizer Load(const std::string& folder);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Text to ids; special tokens written in the text become their ids. `add_special` applies the
  // post-processor (bos/eos). Malformed UTF-8 is replaced by U+FFFD first. Throws Error for a word
  // outside a WordLevel vocabulary that has no unk_token.
  std::vector<int32_t> Encode(std::string_view text, bool add_special = false) const;

  // Ids to text; bytes that are not UTF-8 become U+FFFD. Ids without a token give nothing.
  // `skip_special` leaves special added tokens out.
  std::string Decode(const std::vector<int32_t>& ids, bool skip_special = false) const;

  // The bytes that a token stands for, for streaming and stop strings: the concatenation over a
  // sequence, `first` set for its first token, is what Decode gives, before bytes that are not
  // UTF-8 are replaced. Empty for an id without a token.
  std::string TokenBytes(int32_t id, bool first = false) const;

  int64_t vocab_size() const;  // ids are below it
  std::optional<int32_t> IdOf(
      std::string_view token) const;   // the exact token string, special tokens included
  std::optional<int32_t> eos() const;  // tokenizer_config.json's eos_token
  std::optional<int32_t> bos() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rationale
