#include "datasets/generators/number_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace rationale {
namespace {

void AddWords(std::string_view text, std::vector<std::string>& words) {
  while (!text.empty()) {
    const size_t space = text.find(' ');
    const std::string word(text.substr(0, space));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
}

}  // namespace

const std::vector<NumberLanguage>& NumberLanguages() {
  // clang-format off
  static const std::vector<NumberLanguage> kLanguages = {
      {.code = "en",
       .numbers = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
                   "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
                   "eighteen", "nineteen"},
       .plus = "plus", .minus = "minus", .equals = "is", .question = "what is", .question_end = ""},
      {.code = "de",
       .numbers = {"null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun",
                   "zehn", "elf", "zwölf", "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn",
                   "achtzehn", "neunzehn"},
       .plus = "plus", .minus = "minus", .equals = "ist", .question = "was ist", .question_end = ""},
      {.code = "zh",
       .numbers = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二",
                   "十三", "十四", "十五", "十六", "十七", "十八", "十九"},
       .plus = "加", .minus = "减", .equals = "等于", .question = "", .question_end = "等于 多少"},
      {.code = "es",
       .numbers = {"cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve",
                   "diez", "once", "doce", "trece", "catorce", "quince", "dieciséis", "diecisiete",
                   "dieciocho", "diecinueve"},
       .plus = "más", .minus = "menos", .equals = "son", .question = "cuánto es", .question_end = ""},
      {.code = "fr",
       .numbers = {"zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix",
                   "onze", "douze", "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit",
                   "dix-neuf"},
       .plus = "plus", .minus = "moins", .equals = "font", .question = "combien font",
       .question_end = ""},
      {.code = "ru",
       .numbers = {"ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять",
                   "десять", "одиннадцать", "двенадцать", "тринадцать", "четырнадцать", "пятнадцать",
                   "шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"},
       .plus = "плюс", .minus = "минус", .equals = "равно", .question = "сколько будет",
       .question_end = ""},
  };
  // clang-format on
  return kLanguages;
}

const NumberLanguage& FindNumberLanguage(std::string_view code) {
  std::vector<std::string_view> codes;
  for (const NumberLanguage& language : NumberLanguages()) {
    if (language.code == code) return language;
    codes.push_back(language.code);
  }
  throw Error("no number words for the language '{}'; there are: {}", code, fmt::join(codes, ", "));
}

std::vector<std::string> WordsOf(const NumberLanguage& language) {
  std::vector<std::string> words;
  for (const std::string_view number : language.numbers) AddWords(number, words);
  for (const std::string_view text :
       {language.plus, language.minus, language.equals, language.question, language.question_end}) {
    AddWords(text, words);
  }
  return words;
}

}  // namespace rationale
