// Normalise: see normalise.h.

#include "rewards/math/normalise.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "rewards/utf8.h"

namespace rationale {
namespace {

using Replacement = std::pair<char32_t, std::string_view>;

// Sorted by code point. Commands end with a space, so that a letter behind them is not taken for a
// part of their name.
constexpr Replacement kReplacements[] = {
    {U'\u00A0', "~"},
    {U'¢', "\\text{cents}"},
    {U'£', "\\pounds "},
    {U'¥', "\\yen "},
    {U'¬', " "},
    {U'°', "\\degree "},
    {U'±', "\\pm "},
    {U'²', "^{2}"},
    {U'³', "^{3}"},
    {U'·', "*"},
    {U'¹', "^{1}"},
    {U'¼', "\\frac{1}{4}"},
    {U'½', "\\frac{1}{2}"},
    {U'¾', "\\frac{3}{4}"},
    {U'×', "*"},
    {U'÷', "/"},
    {U'Γ', "\\Gamma "},
    {U'Δ', "\\Delta "},
    {U'Θ', "\\Theta "},
    {U'Λ', "\\Lambda "},
    {U'Σ', "\\Sigma "},
    {U'Φ', "\\Phi "},
    {U'Ψ', "\\Psi "},
    {U'Ω', "\\Omega "},
    {U'α', "\\alpha "},
    {U'β', "\\beta "},
    {U'γ', "\\gamma "},
    {U'δ', "\\delta "},
    {U'ε', "\\epsilon "},
    {U'ζ', "\\zeta "},
    {U'η', "\\eta "},
    {U'θ', "\\theta "},
    {U'ι', "\\iota "},
    {U'κ', "\\kappa "},
    {U'λ', "\\lambda "},
    {U'μ', "\\mu "},
    {U'ν', "\\nu "},
    {U'ξ', "\\xi "},
    {U'π', "\\pi "},
    {U'ρ', "\\rho "},
    {U'σ', "\\sigma "},
    {U'τ', "\\tau "},
    {U'φ', "\\phi "},
    {U'χ', "\\chi "},
    {U'ψ', "\\psi "},
    {U'ω', "\\omega "},
    {U'،', ","},
    {U'؛', ";"},
    {U'٪', "\\%"},
    {U'٫', "."},
    {U'٬', "{,}"},
    {U'\u2009', "~"},
    {U'\u2010', "-"},
    {U'\u2011', "-"},
    {U'‒', "-"},
    {U'–', "-"},
    {U'—', "-"},
    {U'‖', "\\|"},
    {U'‘', "'"},
    {U'’', "'"},
    {U'“', " "},
    {U'”', " "},
    {U'•', "*"},
    {U'…', "\\ldots "},
    {U'\u202F', "~"},
    {U'‰', "*\\frac{1}{1000}"},
    {U'′', "'"},
    {U'⁄', "/"},
    {U'⁰', "^{0}"},
    {U'ⁱ', "^{i}"},
    {U'⁴', "^{4}"},
    {U'⁵', "^{5}"},
    {U'⁶', "^{6}"},
    {U'⁷', "^{7}"},
    {U'⁸', "^{8}"},
    {U'⁹', "^{9}"},
    {U'⁻', "^{-}"},
    {U'ⁿ', "^{n}"},
    {U'₀', "_{0}"},
    {U'₁', "_{1}"},
    {U'₂', "_{2}"},
    {U'₃', "_{3}"},
    {U'₄', "_{4}"},
    {U'₅', "_{5}"},
    {U'₆', "_{6}"},
    {U'₇', "_{7}"},
    {U'₈', "_{8}"},
    {U'₉', "_{9}"},
    {U'ₙ', "_{n}"},
    {U'€', "\\euro "},
    {U'℃', "\\degree C"},
    {U'ℕ', "\\mathbb{N}"},
    {U'ℚ', "\\mathbb{Q}"},
    {U'ℝ', "\\mathbb{R}"},
    {U'ℤ', "\\mathbb{Z}"},
    {U'⅓', "\\frac{1}{3}"},
    {U'⅔', "\\frac{2}{3}"},
    {U'⅕', "\\frac{1}{5}"},
    {U'⅖', "\\frac{2}{5}"},
    {U'⅗', "\\frac{3}{5}"},
    {U'⅘', "\\frac{4}{5}"},
    {U'⅙', "\\frac{1}{6}"},
    {U'⅚', "\\frac{5}{6}"},
    {U'⅛', "\\frac{1}{8}"},
    {U'⅜', "\\frac{3}{8}"},
    {U'⅝', "\\frac{5}{8}"},
    {U'⅞', "\\frac{7}{8}"},
    {U'→', "\\to "},
    {U'⇒', "\\to "},
    {U'⇔', "\\iff "},
    {U'∅', "\\emptyset "},
    {U'∈', "\\in "},
    {U'∉', "\\notin "},
    {U'∏', "\\prod "},
    {U'∑', "\\sum "},
    {U'−', "-"},
    {U'∓', "\\mp "},
    {U'∕', "/"},
    {U'∖', "\\setminus "},
    {U'∗', "*"},
    {U'∘', "\\circ "},
    {U'√', "\\sqrt "},
    {U'∛', "\\sqrt[3]"},
    {U'∜', "\\sqrt[4]"},
    {U'∝', " "},
    {U'∞', "\\infty "},
    {U'∠', " "},
    {U'∣', "|"},
    {U'∧', "\\land "},
    {U'∨', "\\lor "},
    {U'∩', "\\cap "},
    {U'∪', "\\cup "},
    {U'∫', "\\int "},
    {U'∴', " "},
    {U'∶', ":"},
    {U'∼', "\\sim "},
    {U'≅', "\\cong "},
    {U'≈', "\\approx "},
    {U'≠', "\\neq "},
    {U'≡', "\\equiv "},
    {U'≤', "\\leq "},
    {U'≥', "\\geq "},
    {U'⊂', "\\subset "},
    {U'⊆', "\\subseteq "},
    {U'⋅', "*"},
    {U'⌈', "\\lceil "},
    {U'⌉', "\\rceil "},
    {U'⌊', "\\lfloor "},
    {U'⌋', "\\rfloor "},
    {U'△', " "},
    {U'⟨', "\\langle "},
    {U'⟩', "\\rangle "},
    {U'⩽', "\\leq "},
    {U'⩾', "\\geq "},
    {U'、', ","},
    {U'。', "."},
    {U'〈', "\\langle "},
    {U'〉', "\\rangle "},
    {U'及', " and "},
    {U'和', " and "},
    {U'或', " or "},
    {U'！', "!"},
    {U'＄', "\\$"},
    {U'％', "\\%"},
    {U'（', "("},
    {U'）', ")"},
    {U'＊', "*"},
    {U'＋', "+"},
    {U'，', ","},
    {U'－', "-"},
    {U'．', "."},
    {U'／', "/"},
    {U'：', ":"},
    {U'；', ";"},
    {U'＜', "<"},
    {U'＝', "="},
    {U'＞', ">"},
    {U'［', "["},
    {U'］', "]"},
    {U'＾', "^"},
    {U'｛', "\\{"},
    {U'｜', "|"},
    {U'｝', "\\}"},
    {U'￥', "\\yen "},
};
constexpr bool ByCode(const Replacement& a, const Replacement& b) {
  return a.first < b.first;
}
static_assert(std::is_sorted(std::begin(kReplacements), std::end(kReplacements), ByCode));

// The value of a Chinese numeral's character: a digit, or a power of ten from 十 on; -1 if it is
// none.
int64_t ChineseValue(char32_t c) {
  constexpr std::u32string_view kDigits = U"零一二三四五六七八九";
  const size_t digit = kDigits.find(c);
  if (digit != std::u32string_view::npos) return static_cast<int64_t>(digit);
  constexpr std::u32string_view kFinancial = U"零壹贰叁肆伍陆柒捌玖";
  const size_t financial = kFinancial.find(c);
  if (financial != std::u32string_view::npos) return static_cast<int64_t>(financial);
  switch (c) {
    case U'〇':
      return 0;
    case U'两':
    case U'兩':
      return 2;
    case U'十':
    case U'拾':
      return 10;
    case U'百':
    case U'佰':
      return 100;
    case U'千':
    case U'仟':
      return 1000;
    case U'万':
    case U'萬':
      return 10'000;
    case U'亿':
    case U'億':
      return 100'000'000;
    default:
      return -1;
  }
}

bool IsChineseNumeral(char32_t c) {
  return ChineseValue(c) >= 0;
}

// What a 千 or 百 belongs to, rather than to the number before it.
bool BeginsUnit(char32_t c) {
  return std::u32string_view(U"米克瓦卡焦帕赫伏升").find(c) != std::u32string_view::npos;
}

// Characters that join numerals into one: 点 (point), 分, 之 (fraction), 负 (minus).
bool JoinsChineseNumerals(char32_t c) {
  return c == U'点' || c == U'點' || c == U'分' || c == U'之' || c == U'负' || c == U'負';
}

// A numeral without point, fraction or sign.
std::optional<std::string> ReadChineseInteger(std::u32string_view numeral) {
  if (numeral.empty() || numeral.size() > 24) return std::nullopt;
  const bool positional = std::none_of(numeral.begin(), numeral.end(),
                                       [](char32_t c) { return ChineseValue(c) >= 10; });
  if (positional) {
    std::string digits;
    for (const char32_t c : numeral) {
      if (!IsChineseNumeral(c)) return std::nullopt;
      digits += static_cast<char>('0' + ChineseValue(c));
    }
    return digits;
  }
  int64_t total = 0;    // of the groups of 万 and 亿 that are complete
  int64_t section = 0;  // of the group being read
  int64_t digit = -1;
  for (const char32_t c : numeral) {
    const int64_t value = ChineseValue(c);
    if (value < 0) return std::nullopt;
    if (value < 10) {
      if (digit > 0) return std::nullopt;
      digit = value;
    } else if (value < 10'000) {
      section += value * (digit < 0 ? 1 : digit);
      digit = -1;
    } else {
      section += std::max<int64_t>(digit, 0);
      if (total + section == 0 || total > INT64_MAX / value / 2 || section > INT64_MAX / value / 2)
        return std::nullopt;
      total = value == 100'000'000 ? (total + section) * value : total + section * value;
      section = 0;
      digit = -1;
    }
  }
  return std::to_string(total + section + std::max<int64_t>(digit, 0));
}

std::optional<std::string> ReadChineseDecimal(std::u32string_view numeral) {
  const size_t point = numeral.find_first_of(U"点點");
  if (point == std::u32string_view::npos) return ReadChineseInteger(numeral);
  const auto whole = ReadChineseInteger(numeral.substr(0, point));
  const std::u32string_view behind = numeral.substr(point + 1);
  if (!whole ||
      std::any_of(behind.begin(), behind.end(), [](char32_t c) { return ChineseValue(c) > 9; })) {
    return std::nullopt;
  }
  const auto decimals = ReadChineseInteger(behind);
  return decimals ? std::optional(*whole + "." + *decimals) : std::nullopt;
}

std::optional<std::string> ReadChinese(std::u32string_view numeral) {
  const bool negative = !numeral.empty() && (numeral[0] == U'负' || numeral[0] == U'負');
  if (negative) numeral.remove_prefix(1);
  std::string number = negative ? "-" : "";
  const size_t fraction = numeral.find(U"分之");
  const auto denominator = ReadChineseInteger(numeral.substr(0, fraction));
  if (fraction != std::u32string_view::npos) numeral.remove_prefix(fraction + 2);
  const auto numerator = ReadChineseDecimal(numeral);
  if (!numerator) return std::nullopt;
  if (fraction == std::u32string_view::npos) return number + *numerator;
  if (!denominator) return std::nullopt;
  return number + (*denominator == "100" ? *numerator + "\\%"
                                         : "\\frac{" + *numerator + "}{" + *denominator + "}");
}

std::u32string Decode(std::string_view text) {
  std::u32string codes;
  for (size_t i = 0; i < text.size();) {
    const int32_t c = NextCodePoint(text, i);
    codes += c < 0 ? U' ' : static_cast<char32_t>(c);
  }
  return codes;
}

// Appends the Chinese numeral that begins at codes[i]; returns the index of its last character. A
// power of ten behind digits multiplies them ("3.5万", "1万2000"), if it begins no unit ("5千米").
size_t AppendChinese(std::u32string_view codes, size_t i, std::string& result) {
  const auto next = i + 1 < codes.size() ? codes[i + 1] : U'\0';
  const bool behind_digit = !result.empty() && result.back() >= '0' && result.back() <= '9';
  if (behind_digit && ChineseValue(codes[i]) >= 10) {
    if (BeginsUnit(next)) {
      AppendCodePoint(result, static_cast<int32_t>(codes[i]));
    } else {
      result += "*" + std::to_string(ChineseValue(codes[i]));
      if (next >= U'0' && next <= U'9') result += '+';
    }
    return i;
  }
  size_t end = i + 1;
  while (end < codes.size() && (IsChineseNumeral(codes[end]) || JoinsChineseNumerals(codes[end])))
    ++end;
  while (end > i + 1 && JoinsChineseNumerals(codes[end - 1])) --end;
  const auto number = ReadChinese(codes.substr(i, end - i));
  if (number) {
    result += *number;
  } else {
    for (size_t j = i; j < end; ++j) AppendCodePoint(result, static_cast<int32_t>(codes[j]));
  }
  return end - 1;
}

}  // namespace

std::optional<std::string> ReadChineseNumeral(std::string_view numeral) {
  return ReadChinese(Decode(numeral));
}

std::string NormaliseMath(std::string_view text) {
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return std::string(text);
  const std::u32string codes = Decode(text);
  std::string result;
  result.reserve(text.size());
  std::string_view last_script;  // how the replacement directly before began
  for (size_t i = 0; i < codes.size(); ++i) {
    const char32_t c = codes[i];
    const std::string_view script_before = std::exchange(last_script, {});
    if (c < 0x80) {
      result += static_cast<char>(c);
      continue;
    }
    if (IsChineseNumeral(c) || c == U'负' || c == U'負') {
      i = AppendChinese(codes, i, result);
      continue;
    }
    if (c >= U'①' && c <= U'⑳') {  // names of statements, in no order
      result += "\\text{";
      AppendCodePoint(result, static_cast<int32_t>(c));
      result += "},";
      continue;
    }
    const auto found = std::lower_bound(std::begin(kReplacements), std::end(kReplacements),
                                        Replacement{c, {}}, ByCode);
    const int32_t digit = u_charDigitValue(static_cast<UChar32>(c));
    if (found != std::end(kReplacements) && found->first == c) {
      const std::string_view replacement = found->second;
      // Neighbouring superscripts are one exponent, subscripts one index: "⁻¹" is ^{-1}.
      const std::string_view script = replacement.substr(0, 2);
      const bool joins = (script == "^{" || script == "_{") && script == script_before;
      if (joins) result.pop_back();
      result += joins ? replacement.substr(2) : replacement;
      last_script = script;
      continue;
    } else if (digit >= 0) {
      result += static_cast<char>('0' + digit);
    } else if (u_charType(static_cast<UChar32>(c)) == U_FORMAT_CHAR) {
      // Zero-width characters separate nothing.
    } else if (u_isUWhiteSpace(static_cast<UChar32>(c))) {
      result += ' ';
    } else {
      AppendCodePoint(result, static_cast<int32_t>(c));
    }
  }
  return result;
}

}  // namespace rationale
