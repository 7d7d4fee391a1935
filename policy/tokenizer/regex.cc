#include "policy/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rationale {
namespace {

// Oniguruma's \s is Unicode's White_Space, PCRE2's has U+180E as well; its \w is wider than
// PCRE2's.
constexpr std::string_view kSpaceMembers = R"(\t-\r \x{85}\p{Z})";
constexpr std::string_view kWordMembers = R"(\p{Alphabetic}\p{M}\p{N}\p{Pc})";
constexpr std::string_view kMongolianVowelSeparator = R"(\x{180E})";

std::string Class(std::string_view members, bool negated = false) {
  return std::string(negated ? "[^" : "[").append(members).append("]");
}

// Walks an Oniguruma pattern and writes PCRE2's.
class Translator {
 public:
  Translator(std::string_view pattern, const std::string& where) : in_(pattern), where_(where) {}

  std::string Run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '\\') {
        Escape();
      } else if (in_class_) {
        InsideClass(c);
      } else {
        OutsideClass(c);
      }
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void Refuse(std::string_view what) const {
    throw Error("{}: pattern {}: '{}' is not built", where_, in_, what);
  }

  bool Follows(std::string_view text) const { return in_.substr(at_).starts_with(text); }

  void Copy(size_t count) {
    out_.append(in_.substr(at_, count));
    at_ += count;
  }

  void InsideClass(char c) {
    if (c == '[') Refuse("[ inside a class");
    if (Follows("&&")) Refuse("&&");
    if (c == ']') in_class_ = false;
    Copy(1);
  }

  void OutsideClass(char c) {
    if (c == '[') {
      in_class_ = true;
      Copy(Follows("[^") ? 2 : 1);
      if (Follows("]")) Refuse("] first in a class");
    } else if (Follows("(?")) {
      Group();
    } else if (Follows("{,")) {
      Refuse("{,");
    } else if (Follows("}+")) {
      Refuse("}+");
    } else {
      Copy(1);
    }
  }

  void Group() {
    constexpr std::array<std::string_view, 8> kSame = {
        "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?-i:"};
    for (const std::string_view group : kSame) {
      if (Follows(group)) return Copy(group.size());
    }
    // Further inside a pattern Oniguruma also groups the alternatives that come after it.
    if (Follows("(?i)") && at_ == 0) return Copy(4);
    Refuse(in_.substr(at_, 4));
  }

  void Escape() {
    if (at_ + 1 == in_.size()) Refuse("\\ at the end");
    const char c = in_[at_ + 1];
    switch (c) {
      case 's':
      case 'S':
      case 'w':
      case 'W':
        return ShorthandClass(c);
      case 'p':
      case 'P':
        return Property();
      case 'x':
        if (!in_.substr(at_ + 2).starts_with("{")) Refuse("\\x without {");  // a byte there
        return Copy(2);
      case 'v':
        return Replace(2, R"(\x0b)");
      case 'u':
        return Replace(6, "\\x{" + std::string(in_.substr(at_ + 2, 4)) + "}");
      case 'b':
      case 'B':
        if (in_class_) return Copy(2);  // a backspace
        return WordBoundary(c == 'b');
      default:
        break;
    }
    constexpr std::string_view kSame = "dDrntfaeAzZ";
    const bool letter_or_digit =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter_or_digit && kSame.find(c) == std::string_view::npos) Refuse(in_.substr(at_, 2));
    Copy(2);
  }

  void Replace(size_t count, std::string_view text) {
    out_ += text;
    at_ += count;
  }

  void ShorthandClass(char c) {
    const std::string_view members = c == 's' || c == 'S' ? kSpaceMembers : kWordMembers;
    if (!in_class_) return Replace(2, Class(members, c == 'S' || c == 'W'));
    if (c == 'W') Refuse("\\W inside a class");
    if (c == 'S') return Replace(2, R"(\S)" + std::string(kMongolianVowelSeparator));
    Replace(2, members);
  }

  void WordBoundary(bool at_boundary) {
    const std::string word = Class(kWordMembers);
    const std::string inside = "(?<=" + word + ")(?" + (at_boundary ? "!" : "=") + word + ")";
    const std::string outside = "(?<!" + word + ")(?" + (at_boundary ? "=" : "!") + word + ")";
    Replace(2, "(?:" + inside + "|" + outside + ")");
  }

  // General categories are the same; a script's name means Script_Extensions in PCRE2, Script in
  // Oniguruma.
  void Property() {
    const size_t close = in_.find('}', at_);
    if (!in_.substr(at_ + 2).starts_with("{") || close == std::string_view::npos) {
      Refuse(in_.substr(at_, 3));
    }
    std::string_view name = in_.substr(at_ + 3, close - at_ - 3);
    std::string property = std::string(in_.substr(at_, 2)) + "{";
    if (name.starts_with("^")) {
      property += "^";
      name.remove_prefix(1);
    }
    if (name.size() > 2) property += "sc:";
    Replace(close + 1 - at_, property + std::string(name) + "}");
  }

  std::string_view in_;
  const std::string& where_;
  size_t at_ = 0;
  bool in_class_ = false;
  std::string out_;
};

std::string PcreMessage(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

struct MatchDataDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct MatchContextDeleter {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct JitStackDeleter {
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};

}  // namespace

std::string TranslateOniguruma(std::string_view pattern, const std::string& where) {
  return Translator(pattern, where).Run();
}

struct Regex::Code {
  std::string where;
  pcre2_code* code = nullptr;

  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

Regex::Regex(std::string_view pattern, const std::string& where) {
  const std::string translated = TranslateOniguruma(pattern, where);
  auto code = std::make_shared<Code>();
  code->where = where;
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Ruby's ^ and $ match at every line. \n alone ends one.
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                             PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, context);
  pcre2_compile_context_free(context);
  if (code->code == nullptr) {
    throw Error("{}: pattern {}: {} at byte {} of its translation {}", where, pattern,
                PcreMessage(error), offset, translated);
  }
  pcre2_jit_compile(code->code,
                    PCRE2_JIT_COMPLETE);  // without it matching is slower, not different
  code_ = std::move(code);
}

std::vector<TextRange> Regex::FindAll(std::string_view text) const {
  constexpr size_t kJitStackBytes = 1 << 16, kJitStackBytesMax = 64 << 20;
  std::vector<TextRange> matches;
  const std::unique_ptr<pcre2_match_data, MatchDataDeleter> data(
      pcre2_match_data_create_from_pattern(code_->code, nullptr));
  std::unique_ptr<pcre2_match_context, MatchContextDeleter> context;
  std::unique_ptr<pcre2_jit_stack, JitStackDeleter> stack;
  size_t at = 0, last_end = std::string_view::npos;
  while (at <= text.size()) {
    const int count = pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(), at, PCRE2_NO_UTF_CHECK, data.get(), context.get());
    if (count == PCRE2_ERROR_NOMATCH) break;
    if (count == PCRE2_ERROR_JIT_STACKLIMIT && !stack) {
      context.reset(pcre2_match_context_create(nullptr));
      stack.reset(pcre2_jit_stack_create(kJitStackBytes, kJitStackBytesMax, nullptr));
      pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
      continue;
    }
    if (count < 0) throw Failure("{}: matching failed: {}", code_->where, PcreMessage(count));
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
    Check{ends[0] <= ends[1] && ends[0] >= at, "a match from ", ends[0], " to ", ends[1]};
    if (ends[0] == ends[1] && ends[0] == last_end) {  // empty, right behind a match: no match
      ++at;
      while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) ++at;
    } else {
      matches.push_back({ends[0], ends[1]});
      at = last_end = ends[1];
    }
  }
  return matches;
}

}  // namespace rationale
