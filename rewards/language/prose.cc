// Prose: see prose.h.

#include "rewards/language/prose.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "rewards/language/escapes.h"

namespace rationale {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr size_t kDollarBytesMax = 500;  // of a formula in single dollars
constexpr size_t kQuoteBytesMax = 1000;
constexpr size_t kProseWords = 4;    // in a row, where no prose is expected
constexpr size_t kCodeWords = 10;    // in a row of a program, outside its strings
constexpr size_t kAddressWords = 8;  // more are no address

bool IsAsciiLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsAsciiSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// What a byte may begin.
enum class Kind : uint8_t {
  kPlain,    // nothing
  kInner,    // a token: a letter, a digit or a hyphen
  kJoint,    // a token, and what addresses have inside
  kSpecial,  // code, a formula, a tag or a quotation
  kQuote     // of UTF-8: a quotation mark, if one of kQuoteSeconds is next
};
constexpr std::string_view kSentenceSigns = " \t\n,.;:!?'-~";
constexpr std::string_view kQuoteSeconds = "\x80\xAB\xBB";

constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds = {};
  for (size_t c = '0'; c <= '9'; ++c) kinds[c] = Kind::kInner;
  for (size_t c = 'a'; c <= 'z'; ++c) kinds[c] = kinds[c - 'a' + 'A'] = Kind::kInner;
  kinds['-'] = Kind::kInner;
  for (const char c : std::string_view("_@./:~?=&%+#"))
    kinds[static_cast<size_t>(c)] = Kind::kJoint;
  for (const char c : std::string_view("`$\\<\"")) kinds[static_cast<size_t>(c)] = Kind::kSpecial;
  for (const size_t lead : {0xC2, 0xE2, 0xE3}) kinds[lead] = Kind::kQuote;
  return kinds;
}();

Kind KindOf(char c) {
  return kKinds[static_cast<unsigned char>(c)];
}

// thePricePerEgg: four parts and more of two letters and more each; iPhone is none, nor is oNe.
bool IsCamelCase(std::string_view token) {
  size_t parts = 1;
  size_t begin = 0;
  for (size_t i = 1; i <= token.size(); ++i) {
    const bool end = i == token.size();
    const bool capital = !end && token[i] >= 'A' && token[i] <= 'Z';
    if (!end && !(capital && token[i - 1] >= 'a' && token[i - 1] <= 'z')) continue;
    if (i - begin < 2) return false;
    parts += end ? 0 : 1;
    begin = i;
  }
  return parts >= 4;
}

struct Pair {
  std::string_view open, close;
};
constexpr Pair kMath[] = {{"\\[", "\\]"}, {"\\(", "\\)"}, {"$$", "$$"}};
constexpr Pair kQuotes[] = {{"“", "”"},   {"„", "“"},   {"„", "”"},   {"«", "»"},  {"»", "«"},
                            {"「", "」"}, {"『", "』"}, {"《", "》"}, {"\"", "\""}};

// Finds closing marks. Where one was found last it is not looked for again before that place is
// passed, so that the whole pass stays linear.
class Closer {
 public:
  explicit Closer(std::string_view text) : text_(text) {}

  // The first `mark` at `from` or behind it, which never goes back for a mark; kNone if there is
  // none.
  size_t Find(std::string_view mark, size_t from) {
    auto last = std::ranges::find(last_, mark, &Last::mark);
    if (last == last_.end()) last = last_.insert(last, {mark, 0, true});
    if (last->fresh || last->at < from) *last = {mark, text_.find(mark, from), false};
    return last->at;
  }

 private:
  struct Last {
    std::string_view mark;
    size_t at;
    bool fresh;  // not looked for yet
  };

  std::string_view text_;
  std::vector<Last> last_;
};

class Taker {
 public:
  explicit Taker(std::string_view text) : text_(text), closer_(text) {}

  Prose Take() {
    prose_.running.reserve(text_.size());
    while (at_ < text_.size()) {
      if (Special()) continue;
      const size_t begin = at_++;
      while (at_ < text_.size() && IsPlain()) ++at_;
      prose_.running += text_.substr(begin, at_ - begin);
    }
    return std::move(prose_);
  }

 private:
  // Whether nothing but running text can begin at at_.
  bool IsPlain() const {
    switch (KindOf(text_[at_])) {
      case Kind::kPlain:
        return true;
      case Kind::kInner:
      case Kind::kJoint:
        return !AtTokenStart();
      case Kind::kQuote:
        return kQuoteSeconds.find(text_.substr(at_ + 1, 1)) == kNone;
      default:
        return false;
    }
  }

  // Consumes what begins at at_ if it is no running text.
  bool Special() {
    switch (text_[at_]) {
      case '`':
        return Fence() || InlineCode();
      case '$':
      case '\\':
        return Math() || Command();
      case '<':
        return Tag();
      case '"':
        return Quote();
      default:
        return KindOf(text_[at_]) == Kind::kQuote ? Quote() : AtTokenStart() && Address();
    }
  }

  // Goes on at `end`, leaving a space (or the end of a line) in the running text.
  bool Skip(size_t end) {
    prose_.running += ' ';
    at_ = std::min(end, text_.size());
    return true;
  }

  void Wrap(std::string_view words) {
    prose_.wrapped += words;
    prose_.wrapped += '\n';
  }

  void Veil(std::string_view names) {
    prose_.veiled += names;
    prose_.veiled += '\n';
  }

  // Wraps what reads like prose inside code, formulas and tags: kProseWords words in a row and
  // more, with nothing but spaces and the signs of a sentence between them; veils the rest. Names
  // of LaTeX commands are no words, nor are single letters.
  void WrapProse(std::string_view text, size_t least = kProseWords) {
    const auto is_letter = [](char c) { return IsAsciiLetter(c) || (c & 0x80) != 0; };
    size_t done = 0;
    size_t begin = 0;  // of the row
    size_t words = 0;
    for (size_t at = 0; at <= text.size();) {
      if (at < text.size() && is_letter(text[at])) {
        const size_t first = at;
        while (at < text.size() && is_letter(text[at])) ++at;
        if (words == 0) begin = first;
        words += at - first > 1 ? 1 : 0;
        continue;
      }
      const std::string_view rest = text.substr(at);
      const bool space = rest.starts_with("\\ ") || rest.starts_with("\\,");
      if (rest.empty() || !(space || kSentenceSigns.find(rest[0]) != kNone)) {
        if (words >= least) {
          Veil(text.substr(done, begin - done));
          Wrap(text.substr(begin, at - begin));
          done = at;
        }
        words = 0;
        if (rest.starts_with('\\'))
          while (at + 1 < text.size() && IsAsciiLetter(text[at + 1])) ++at;
      }
      at += space ? 2 : 1;
    }
    Veil(text.substr(std::min(done, text.size())));
  }

  // Comments are wrapped words, and so is prose in strings; a line without any sign of code is no
  // program.
  void WrapCode(std::string_view code) {
    constexpr std::string_view kSigns = "=(){}[]<>;_+*|&\\@$";
    while (!code.empty()) {
      const size_t end = std::min(code.find('\n'), code.size());
      std::string_view line = code.substr(0, end);
      code.remove_prefix(std::min(end + 1, code.size()));
      size_t comment = kNone;
      for (const std::string_view mark : {"#", "//", "/*", "--", "%"})
        comment = std::min(comment, line.find(mark));
      if (comment != kNone) {
        Wrap(line.substr(comment));
        line = line.substr(0, comment);
      }
      if (line.find_first_of(kSigns) == kNone) {
        Wrap(line);
      } else {
        for (bool string = false; !line.empty(); string = !string) {
          const size_t quote = std::min(line.find('"'), line.size());
          WrapProse(line.substr(0, quote), string ? kProseWords : kCodeWords);
          line.remove_prefix(std::min(quote + 1, line.size()));
        }
      }
    }
  }

  bool Fence() {
    if (text_.substr(at_, 3) != "```") return false;
    const size_t close = std::min(closer_.Find("```", at_ + 3), text_.size());  // or cut off
    std::string_view code = text_.substr(at_ + 3, close - at_ - 3);
    const size_t line = code.find('\n');
    if (line != kNone) {
      WrapProse(code.substr(0, line));  // the language's name
      code.remove_prefix(line);
    }
    WrapCode(code);
    prose_.running += '\n';
    return Skip(close + 3);
  }

  bool InlineCode() {
    const size_t close = text_.substr(0, at_ + kDollarBytesMax).find_first_of("`\n", at_ + 1);
    if (close == kNone || text_[close] != '`') return false;
    WrapCode(text_.substr(at_ + 1, close - at_ - 1));
    return Skip(close + 1);
  }

  bool Math() {
    const std::string_view rest = text_.substr(at_);
    for (const auto& [open, close] : kMath) {
      if (!rest.starts_with(open)) continue;
      const size_t end = closer_.Find(close, at_ + open.size());
      if (end == kNone) return false;
      return Formula(at_ + open.size(), end, end + close.size());
    }
    if (rest.starts_with("\\begin{")) return Environment();
    return rest[0] == '$' && Dollars();
  }

  // $...$ on one line, by pandoc's rule: no space inside at either end, no digit behind, so that
  // "$5 and $10" is no formula.
  bool Dollars() {
    if (at_ + 1 >= text_.size() || IsAsciiSpace(text_[at_ + 1])) return false;
    const std::string_view reach = text_.substr(0, at_ + kDollarBytesMax);
    for (size_t end = at_ + 1; (end = reach.find_first_of("$\n", end)) != kNone; ++end) {
      if (reach[end] == '\n') return false;
      const bool digit = end + 1 < text_.size() && text_[end + 1] >= '0' && text_[end + 1] <= '9';
      if (!IsAsciiSpace(reach[end - 1]) && !digit) return Formula(at_ + 1, end, end + 1);
    }
    return false;
  }

  bool Environment() {
    const size_t name_end = text_.substr(0, at_ + 40).find('}', at_);
    if (name_end == kNone) return false;
    const size_t end = closer_.Find("\\end", name_end);
    if (end == kNone) return false;
    const size_t brace = text_.substr(0, end + 40).find('}', end);
    return Formula(name_end + 1, end, brace == kNone ? end + 4 : brace + 1);
  }

  // The words of a formula are those of its \text{...}, \mathrm{...} and the like, and prose.
  bool Formula(size_t begin, size_t end, size_t next) {
    const std::string_view formula = text_.substr(begin, end - begin);
    constexpr std::array<std::string_view, 4> kTexts = {"\\text", "\\mathrm", "\\mbox",
                                                        "\\operatorname"};
    size_t done = 0;
    for (size_t at = formula.find('\\'); at != kNone; at = formula.find('\\', at + 1)) {
      const std::string_view rest = formula.substr(at);
      if (std::none_of(kTexts.begin(), kTexts.end(),
                       [&](std::string_view text) { return rest.starts_with(text); }))
        continue;
      const size_t open = rest.substr(0, 20).find('{');
      if (open == kNone) continue;
      const size_t close = std::min(rest.find('}', open), rest.size());
      WrapProse(formula.substr(done, at - done));
      Wrap(rest.substr(open + 1, close - open - 1));
      at += close - 1;
      done = at + 1;
    }
    WrapProse(formula.substr(done));
    return Skip(next);
  }

  // A LaTeX command outside formulas: its name goes; so do the words of \text{...}, its other
  // arguments stay.
  bool Command() {
    size_t end = at_ + 1;
    while (end < text_.size() && IsAsciiLetter(text_[end])) ++end;
    if (text_[at_] != '\\' || end == at_ + 1) return false;
    Veil(text_.substr(at_ + 1, end - at_ - 1));
    if (text_.substr(at_).starts_with("\\text") && end < text_.size() && text_[end] == '{') {
      const size_t close = text_.substr(0, at_ + kQuoteBytesMax).find('}', end);
      if (close != kNone) {
        Wrap(text_.substr(end + 1, close - end - 1));
        end = close + 1;
      }
    }
    return Skip(end);
  }

  bool Tag() {
    const size_t close = text_.substr(0, at_ + 64).find_first_of(">\n", at_);
    if (close == kNone || text_[close] != '>') return false;
    const char first = text_[at_ + 1];
    if (!IsAsciiLetter(first) && first != '/' && first != '!') return false;
    WrapProse(text_.substr(at_ + 1, close - at_ - 1));
    return Skip(close + 1);
  }

  bool Quote() {
    const std::string_view rest = text_.substr(at_);
    for (const auto& [open, close] : kQuotes) {
      if (!rest.starts_with(open)) continue;
      const size_t begin = at_ + open.size();
      const size_t end = closer_.Find(close, begin);
      if (end == kNone || end > at_ + kQuoteBytesMax || end > closer_.Find("\n", begin)) continue;
      Wrap(text_.substr(begin, end - begin));
      return Skip(end + close.size());
    }
    return false;
  }

  bool AtTokenStart() const {
    if (at_ == 0) return true;
    const auto before = static_cast<unsigned char>(text_[at_ - 1]);
    return before >= 0x80 || (!IsAsciiLetter(text_[at_ - 1]) && before != '_' && before != '@' &&
                              before != '.' && before != '/' && (before < '0' || before > '9'));
  }

  // URLs, e-mail addresses, file names, identifiers: runs of ASCII signs that no prose holds.
  bool Address() {
    size_t end = at_;
    bool joints = false;
    bool capitals = false;
    for (; end < text_.size() && end < at_ + 400; ++end) {
      const Kind kind = KindOf(text_[end]);
      if (kind != Kind::kInner && kind != Kind::kJoint) break;
      joints = joints || kind == Kind::kJoint;
      capitals = capitals || (text_[end] >= 'A' && text_[end] <= 'Z');
    }
    bool address = capitals && IsCamelCase(text_.substr(at_, end - at_));
    if (!joints && !address) return false;
    while (end > at_ && std::string_view(".:?,").find(text_[end - 1]) != kNone) --end;
    const std::string_view token = text_.substr(at_, end - at_);
    if (token.size() < 3) return false;
    if (token[0] == '/' || token[0] == '~')
      address = address || token.find_first_of("/abcdefghijklmnopqrstuvwxyz", 1) != kNone;
    address = address || token.find_first_of("_@") != kNone || token.find("://") != kNone;
    for (size_t i = 1; !address && i + 2 < token.size(); ++i)  // file.txt, but neither 3.5 nor e.g.
      address = token[i] == '.' && IsAsciiLetter(token[i + 1]) && IsAsciiLetter(token[i + 2]);
    if (!address) return false;
    // Words joined by such signs beyond any address are hidden prose.
    const auto is_start = [&](size_t i) {
      return IsAsciiLetter(token[i]) && (i == 0 || !IsAsciiLetter(token[i - 1]));
    };
    size_t words = 0;
    for (size_t i = 0; i < token.size(); ++i) words += is_start(i) ? 1 : 0;
    words > kAddressWords ? Wrap(token) : Veil(token);
    return Skip(end);
  }

  std::string_view text_;
  size_t at_ = 0;
  Closer closer_;
  Prose prose_;
};

}  // namespace

Prose TakeApart(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  Check{U_SUCCESS(status) != 0, "ICU has no NFKC: ", u_errorName(status)};
  const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
  std::string normal;
  if (!nfkc->isNormalizedUTF8(piece, status)) {
    icu::StringByteSink<std::string> sink(&normal);
    status = U_ZERO_ERROR;
    nfkc->normalizeUTF8(0, piece, sink, nullptr, status);
    Check{U_SUCCESS(status) != 0, "NFKC failed: ", u_errorName(status)};
    text = normal;
  }
  const std::string plain = Unescape(text);
  return Taker(plain).Take();
}

}  // namespace rationale
