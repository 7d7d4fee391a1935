#include "policy/tokenizer/normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/parts.h"
#include "policy/tokenizer/pattern.h"
#include "policy/tokenizer/unicode.h"

namespace rationale {
namespace {

using GetForm = const icu::Normalizer2* (*)(UErrorCode&);

Normalizer MakeUnicodeForm(GetForm get_form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* form = get_form(status);
  if (U_FAILURE(status)) throw Failure("ICU has no normalisation data: {}", u_errorName(status));
  return [form](std::string& text) {
    UErrorCode error = U_ZERO_ERROR;
    if (form->isNormalizedUTF8(text, error)) return;
    std::string result;
    icu::StringByteSink<std::string> sink(&result);
    form->normalizeUTF8(0, text, sink, nullptr, error);
    Check{bool(U_SUCCESS(error)), "normalizeUTF8: ", u_errorName(error)};
    text = std::move(result);
  };
}

Normalizer MakeNfc(const JsonObject&) {
  return MakeUnicodeForm(icu::Normalizer2::getNFCInstance);
}
Normalizer MakeNfd(const JsonObject&) {
  return MakeUnicodeForm(icu::Normalizer2::getNFDInstance);
}
Normalizer MakeNfkc(const JsonObject&) {
  return MakeUnicodeForm(icu::Normalizer2::getNFKCInstance);
}
Normalizer MakeNfkd(const JsonObject&) {
  return MakeUnicodeForm(icu::Normalizer2::getNFKDInstance);
}

// Character by character, so without the rule for a final sigma.
Normalizer MakeLowercase(const JsonObject&) {
  return [](std::string& text) {
    std::string result;
    for (size_t at = 0; at < text.size();) {
      icu::UnicodeString(NextChar(text, at)).toLower(icu::Locale::getRoot()).toUTF8String(result);
    }
    text = std::move(result);
  };
}

Normalizer MakeStrip(const JsonObject& json) {
  return [left = json.Get("strip_left", true),
          right = json.Get("strip_right", true)](std::string& text) {
    size_t begin = 0, end = text.size();
    for (size_t at = begin; left && at < end && IsWhiteSpace(NextChar(text, at));) begin = at;
    for (size_t at = end; right && at > begin && IsWhiteSpace(PreviousChar(text, at));) end = at;
    text = text.substr(begin, end - begin);
  };
}

Normalizer MakePrepend(const JsonObject& json) {
  return [prefix = json.Get<std::string>("prepend")](std::string& text) {
    if (!text.empty()) text.insert(0, prefix);
  };
}

Normalizer MakeReplace(const JsonObject& json) {
  return [pattern = MakePattern(json, "pattern"), content = json.Get<std::string>("content")](
             std::string& text) { ReplaceAll(text, pattern, content); };
}

Normalizer MakeByteLevel(const JsonObject&) {
  return [](std::string& text) { text = BytesToChars(text); };
}

Normalizer MakeSequence(const JsonObject& json) {
  return [steps = MakeParts<Normalizer>(json, "normalizers", MakeNormalizer)](std::string& text) {
    for (const Normalizer& step : steps) step(text);
  };
}

}  // namespace

Normalizer MakeNormalizer(const JsonObject& json) {
  static constexpr PartMaker<Normalizer> kMakers[] = {
      {"NFC", MakeNfc},
      {"NFD", MakeNfd},
      {"NFKC", MakeNfkc},
      {"NFKD", MakeNfkd},
      {"Lowercase", MakeLowercase},
      {"Strip", MakeStrip},
      {"Prepend", MakePrepend},
      {"Replace", MakeReplace},
      {"ByteLevel", MakeByteLevel},
      {"Sequence", MakeSequence},
  };
  return MakePart<Normalizer>(json, kMakers);
}

}  // namespace rationale
