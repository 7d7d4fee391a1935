// What tricks earn from the language reward, and what hostile inputs cost.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "rewards/language/share.h"
#include "rewards/utf8.h"
#include "tests/rewards/testing.h"

namespace rationale {
namespace {

constexpr std::string_view kEnglish =
    "She sells the eggs that are left over at the market every day for two dollars each. First we "
    "find out how many eggs remain after breakfast. Then we multiply that number by the price.";
constexpr std::string_view kGerman = "Wir rechnen zuerst aus, wie viele Eier übrig bleiben.";

const ShareCounter& Counter() {
  static const ShareCounter counter;  // expensive to make
  return counter;
}

double Share(std::string_view text, std::string_view language) {
  return Counter().Count(text, *FindLanguage(language)).WordShare();
}

std::string Repeat(std::string_view text, size_t times) {
  std::string repeated;
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(LanguageCheats, RepeatingOneWordEarnsLittle) {
  EXPECT_LT(Share(Repeat("und ", 500), "de"), 0.05);
  EXPECT_LT(Share(std::string(kEnglish) + Repeat(" rechnen", 1000), "de"), 0.05);
  EXPECT_LT(Share(Repeat("然后", 500), "zh"), 0.05);
  EXPECT_EQ(Share(kGerman, "de"), 1);
}

TEST(LanguageCheats, AForeignChainInAFenceCounts) {
  const std::string english(kEnglish);
  const std::string german(kGerman);
  for (const std::string& wrapped :
       {"```\n" + english + "\n```", "```text\n" + english, "```python\n# " + english + "\n```",
        "`" + english + "`", "$\\text{" + english + "}$", "\\[\\text{" + english + "}\\]",
        "\\text{" + english + "}", "\"" + english + "\"", "“" + english + "”"}) {
    EXPECT_LT(Share(german + "\n" + wrapped, "de"), 0.5) << wrapped;
  }
}

TEST(LanguageCheats, AForeignChainCutIntoManyFencesCounts) {
  std::string text(kGerman);
  for (int i = 0; i < 6; ++i) text += "\n$\\text{the eggs that are left over are sold}$";
  EXPECT_LT(Share(text, "de"), 0.5);
}

// `text` with `inserted` after the first letter of every word.
std::string InEveryWord(std::string_view text, std::string_view inserted) {
  std::string changed;
  for (size_t i = 0; i < text.size(); ++i) {
    changed += text[i];
    if (text[i] != ' ' && (i == 0 || text[i - 1] == ' ')) changed += inserted;
  }
  return changed;
}

std::string Joined(std::string_view text, std::string_view joint) {
  std::string changed;
  for (const char c : text) changed += c == ' ' ? joint : std::string_view(&c, 1);
  return changed;
}

TEST(LanguageCheats, AForeignChainInAFormulaAStringOrATagCounts) {
  const std::string english = "First we find out how many of the eggs remain after her breakfast";
  const std::string spaced = Joined(english, "\\ ");
  const std::string snake = Joined(english, "_");
  for (const std::string& hidden :
       {"$" + english + "$", "$" + spaced + "$", "\\[x = " + english + "\\]",
        "\\begin{align}" + english + "\\end{align}", "`x = " + english + "`",
        "```\nprint(\"" + english + "\")\n```", "<i " + english.substr(0, 55) + ">", snake}) {
    EXPECT_LT(Share("Wir rechnen die Eier aus. " + hidden, "de"), 0.5) << hidden;
  }
  // Formulas, programs and addresses of the usual kind still count for nothing.
  for (const std::string_view usual :
       {"$total = \\frac{apples}{days} \\cdot price \\quad\\mathrm{cm}$", "$a b c d e f g h$",
        "```\nfor item in the_list: total += price(item, discount)\n```",
        "https://example.org/the/answer/is/here", "/usr/share/doc/the-file/read_me.txt"}) {
    EXPECT_EQ(Share("Wir rechnen aus. " + std::string(usual), "de"), 1) << usual;
  }
}

// English that claims to be German, disguised; what the German before it and the words of the
// disguise would earn in the open is 0.24.
constexpr std::string_view kDisguised =
    "First we find out how many eggs remain after breakfast then we multiply that number by the "
    "price of one egg and so she earns eighteen dollars every day";

// The words of kDisguised, each in `before` and `after`, with `between` between them.
std::string EachWord(std::string_view before, std::string_view after,
                     std::string_view between = " ") {
  std::string text;
  std::string_view rest = kDisguised;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    if (!text.empty()) text += between;
    text.append(before).append(rest.substr(0, end)).append(after);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

std::string EachLetter(std::string_view before, std::string_view after) {
  std::string text;
  for (const char c : kDisguised)
    if (c != ' ') text.append(before).append(1, c).append(after);
  return text;
}

// The letters of kDisguised as the symbols of an alphabet that begins with `first`.
std::string InAlphabet(int32_t first) {
  std::string text;
  for (const char c : kDisguised) {
    if (c == ' ') {
      text += c;
    } else {
      AppendCodePoint(text, first + (c | 0x20) - 'a');
    }
  }
  return text;
}

TEST(LanguageCheats, AWordInEachFileNameTagCommandOrFormulaIsASentence) {
  const std::string german = std::string(kGerman) + ' ';
  for (const std::string& hidden :
       {EachWord("", ".txt"), EachWord("", "_x"), EachWord("_", ""), EachWord("@", ""),
        EachWord("", "@x.org"), EachWord("https://", ""), EachWord("/", ""), EachWord("<", ">"),
        EachWord("</", ">"), EachWord("\\", ""), EachWord("$", "$"),
        "$" + EachWord("", "", " \\cdot ") + "$", "```\n" + EachWord("", "()", "\n") + "\n```",
        "```\nf(" + EachWord("", "=1", ", ") + ")\n```", EachWord("`x=", "`"),
        "```\nx = [" + EachWord("\"", "\"", ", ") + "]\n```", EachWord("```", "\n```\n")}) {
    EXPECT_LT(Share(german + hidden, "de"), 0.4) << hidden;
    EXPECT_LT(Share("我们先找出早餐后剩下多少鸡蛋。" + hidden, "zh"), 0.5) << hidden;
    EXPECT_EQ(Share("We count them first. " + hidden, "en"), 1) << hidden;
  }
  // What programs are made of is no sentence.
  EXPECT_EQ(Share(german + "```python\nwith open(path) as out:\n  for item in get_all(items):\n"
                           "    if (item is not None and item.left) or by_one[item] == two:\n"
                           "      total += out.write(item.total, to=left, on=over)\n"
                           "  return not total or let.into(and_then=total)\n```",
                  "de"),
            1);
}

TEST(LanguageCheats, WordsInAnotherScriptAreNoCode) {
  EXPECT_LT(Share(std::string(kGerman) + " $我们先找出早餐$ $后剩下多少鸡蛋$ `x=然后乘以价格`"
                                         " <每个鸡蛋的价格> @现在我们知道 $她每天卖掉三个鸡蛋$",
                  "de"),
            0.5);
  EXPECT_EQ(Share(std::string(kGerman) + Repeat(" $αβ = \\Delta x$ `Δx = βγ`", 20), "de"), 1);
}

TEST(LanguageCheats, AWordSpelledOutIsAWord) {
  const std::string german = std::string(kGerman) + ' ';
  for (const std::string& spelled :
       {EachLetter("", " "), EachLetter("", ". "), EachLetter("", "-"), EachLetter("", "_"),
        EachLetter("", "\n"), EachLetter("**", "** "), EachLetter("", ","), EachLetter("", "1"),
        EachLetter("", "•"), EachLetter("$", "$ ")}) {
    EXPECT_LT(Share(german + spelled, "de"), 0.4) << spelled;
    EXPECT_LT(Share("Nous calculons d'abord combien d'œufs il reste. " + spelled, "fr"), 0.4)
        << spelled;
  }
  // A word now and then, and variables, are not.
  for (const std::string_view honest :
       {"s-t-r-a-w-b-e-r-r-y", "S E N D + M O R E = M O N E Y", "A, B, C, D, E, F, G, H, I, J, K",
        "a x + b y + c z = d und a u + b v + c w = e, also x = d/a und y = e/b und z = 0"}) {
    EXPECT_EQ(Share(german + std::string(honest), "de"), 1) << honest;
  }
}

TEST(LanguageCheats, SymbolsThatShowLettersAreLetters) {
  // Circles and squares in white and black, flags, tags, braille.
  for (const int32_t first : {0x24D0, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6, 0xE0061, 0x2801}) {
    EXPECT_LT(Share(std::string(kGerman) + ' ' + InAlphabet(first), "de"), 0.35) << first;
  }
  EXPECT_EQ(Share("我们先看德国 🇩🇪 然后看法国 🇫🇷 最后再看看意大利 🇮🇹 和 🅰 或者 🅱。", "zh"), 1);
}

TEST(LanguageCheats, LettersOfNoAlphabetAreInNoLanguage) {
  EXPECT_LT(
      Share(std::string(kGerman) + " ᴡᴇ ꜰɪɴᴅ ᴏᴜᴛ ʜᴏᴡ ᴍᴀɴʏ ᴇɢɢꜱ ʀᴇᴍᴀɪɴ ᴀꜰᴛᴇʀ ʙʀᴇᴀᴋꜰᴀꜱᴛ ᴇᴠᴇʀʏ ᴅᴀʏ",
            "de"),
      0.6);
}

TEST(LanguageCheats, WordsWithoutSpacesBetweenCountEach) {
  std::string camel;
  for (size_t i = 0; i < kDisguised.size(); ++i) {
    if (kDisguised[i] == ' ') continue;
    const bool first = i == 0 || kDisguised[i - 1] == ' ';
    camel += first ? static_cast<char>(kDisguised[i] & ~0x20) : kDisguised[i];
  }
  EXPECT_LT(Share(std::string(kGerman) + ' ' + camel, "de"), 0.35);
  EXPECT_LT(Share(std::string(kGerman) + ' ' + Joined(kDisguised, ""), "de"), 0.35);
  EXPECT_LT(Share(std::string(kGerman) + " FindOutHow ManyEggsRemain AfterBreakfastThen "
                                         "WeMultiplyThat NumberByThe PriceOfOne",
                  "de"),
            0.4);
  EXPECT_EQ(Share("Wir rufen dann getTheNumberOfAllEggs auf und sehen, was herauskommt.", "de"), 1);
  EXPECT_EQ(Share("我们调用 getUserName 然后打印出来，再用 JavaScript 写一遍。", "zh"), 1);
}

TEST(LanguageCheats, EscapedLettersAreLetters) {
  const std::string german = std::string(kGerman) + ' ';
  for (const std::string_view form : {"&#{};", "&#x{:x};", "\\u{:04x}", "\\x{:02x}", "%{:02X}"}) {
    std::string escaped;
    for (const char c : kDisguised)
      escaped += c == ' ' ? " " : fmt::format(fmt::runtime(form), static_cast<int>(c));
    EXPECT_LT(Share(german + escaped, "de"), 0.35) << form;
  }
  std::string russian;
  for (const char32_t c : std::u32string_view(U"сколько яиц осталось после завтрака"))
    russian += c == U' ' ? " " : fmt::format("&#{};", static_cast<uint32_t>(c));
  EXPECT_EQ(Share(russian, "ru"), 1);
  EXPECT_EQ(
      Share(german + "50% &amp; \\x https://zh.wikipedia.org/wiki/"
                     "%E8%BF%90%E5%8A%A8%E5%AE%9A%E5%BE%8B%E4%BD%A0%E5%A5%BD%E4%BA%BA%E4%BA%BA",
            "de"),
      1);
}

TEST(LanguageCheats, ProseInHexadecimalIsProse) {
  const std::string german = std::string(kGerman) + ' ';
  for (const std::string_view form : {"{:02x}", "{:02X}", "{:02x} "}) {
    std::string coded;
    for (const char c : kDisguised) coded += fmt::format(fmt::runtime(form), static_cast<int>(c));
    EXPECT_LT(Share(german + coded, "de"), 0.35) << form;
    EXPECT_EQ(Share(coded, "en"), 1) << form;
  }
  // Counting on and digests are not.
  for (const std::string_view honest :
       {"41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 61 62 63 64 65 66 67 68 69 70",
        "`da39a3ee5e6b4b0d3255bfef95601890afd80709`", "4142434445464748495051525354555657585961"}) {
    EXPECT_EQ(Share(german + std::string(honest), "de"), 1) << honest;
  }
  EXPECT_EQ(Share("我们先看这个编号 6f6e6c79 然后再继续。", "zh"), 1);
}

TEST(LanguageCheats, TheLineThatOpensAFenceIsNoPlaceToHideIn) {
  std::string text(kGerman);
  text += "\n```" + std::string(kDisguised) + "\nx = 1\n```";
  EXPECT_LT(Share(text, "de"), 0.4);
}

TEST(LanguageCheats, CommonWordsStrewnInMakeNoTextOfTheirLanguage) {
  constexpr std::string_view kStrewn[] = {"und", "der",  "die",  "das", "ist",
                                          "wir", "also", "dann", "mit", "von"};
  std::string text;
  size_t words = 0;
  for (const char c : kEnglish) {
    text += c;
    if (c == ' ') text += std::string(kStrewn[words++ % std::size(kStrewn)]) + ' ';
  }
  EXPECT_LT(Share(text, "de"), 0.55);  // what they are of the words
}

TEST(LanguageCheats, LettersOfTheTargetStrewnInMakeNoWordsOfIt) {
  EXPECT_LT(Share(InEveryWord(kEnglish, "ä"), "de"), 0.3);
  EXPECT_LT(Share(InEveryWord(kEnglish, "\xCC\x88"), "de"), 0.1);    // a combining mark
  EXPECT_EQ(Share(InEveryWord(kEnglish, "\xE2\x80\x8D"), "en"), 1);  // a joiner changes nothing
  EXPECT_EQ(Share(InEveryWord(kEnglish, "\xE2\x80\x8D"), "de"), 0);
  EXPECT_EQ(Share(Joined(kEnglish, ""), "de"), 0);
  EXPECT_EQ(Share("Vielleicht zähle ich außerdem noch die überzähligen Körbe dazu, bevor ich die "
                  "Erlöse für Äpfel und Öl auf die Käufer verteile.",
                  "de"),
            1);
}

TEST(LanguageCheats, CommonForeignWordsBetweenCharactersAreNoNames) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += "我 the 们 which 先 after 计 then 算 because 蛋 with ";
  EXPECT_LT(Share(text, "zh"), 0.55);
  EXPECT_EQ(Share("我们 知道 Anna 每天 早上 吃 三个 鸡蛋，然后 卖掉 剩下 的。", "zh"), 1);
}

TEST(LanguageCheats, RomanisedTextIsNotInTheLanguage) {
  EXPECT_EQ(
      Share("hum pehle yah dekhte hain ki kitne ande bache hain aur phir unko bechte hain", "hi"),
      0);
  EXPECT_EQ(Share("women xian kan kan hai sheng duo shao ge jidan ranhou zai mai diao tamen", "zh"),
            0);
  EXPECT_EQ(Share("snachala my poschitaem skolko yaits ostalos posle zavtraka kazhdyy den", "ru"),
            0);
}

TEST(LanguageCheats, HomoglyphsAreNotTheLanguage) {
  // English words with some letters replaced by Cyrillic ones that look alike.
  EXPECT_LT(Share("Shе sells thе еggs thаt аrе lеft оver аt thе mаrkеt еvеry dаy", "ru"), 0.2);
  // English words whose letters are all Cyrillic look-alikes earn nothing for English.
  EXPECT_LT(Share("Тhе sоmе саsе оf аn ассоunt", "en"), 0.5);
  // Full-width and mathematical letters are the ordinary ones.
  EXPECT_EQ(Share("Ｓｈｅ ｓｅｌｌｓ ｔｈｅ ｅｇｇｓ ｔｈａｔ ａｒｅ ｌｅｆｔ", "en"), 1);
  EXPECT_EQ(Share("Ｓｈｅ ｓｅｌｌｓ ｔｈｅ ｅｇｇｓ ｔｈａｔ ａｒｅ ｌｅｆｔ", "de"), 0);
}

TEST(LanguageCheats, ATranslatedFirstSentenceEarnsItsShareOnly) {
  const std::string text = std::string(kGerman) + " " + std::string(kEnglish);
  const double german = Share(text, "de");
  EXPECT_GT(german, 0.1);
  EXPECT_LT(german, 0.25);  // 8 of 43 words
}

TEST(LanguageCheats, NamesAreNoPlaceToHideIn) {
  EXPECT_LT(
      Share("Wir She Sells Eggs Left Over Market Every Dollars Breakfast Multiply Number", "de"),
      0.3);
}

// Hostile: a mebibyte of what could make a scanner or a decoder superlinear. Bounded by CPU time,
// which other work on the machine does not count into; the bound is lax for builds with sanitizers.
TEST(LanguageCheats, AMebibyteOfAnythingIsJudgedInBoundedTime) {
  constexpr size_t kBytes = size_t{1} << 20;
  constexpr double kSecondsMax = 5;
  std::string random;
  uint32_t state = 1;
  while (random.size() < kBytes) random += static_cast<char>((state = state * 1664525 + 1) >> 24);
  std::vector<std::string> inputs = {random, Repeat("a", kBytes)};
  for (const std::string_view unit :
       {"$",      "$a ",        "\\[",    "\\(",       "\\begin{a}",  "\\begin{",  "\\text{",
        "\\",     "```",        "`",      "\"",        "“",           "«",         "<",
        "<a",     "http://",    "a_",     "/a",        ". ",          "\n",        "a b ",
        "\xFF",   "中",         "中a",    "ก",         "មា",          "e\xCC\x81", "\xE2\x80\x8D",
        "ﷺ",      "a\xD0\xB0 ", "the ",   "das und ",  "$\\text{a} ", "aB",        "aaB",
        "&#6",    "&#70;",      "\\u004", "\\u{00000", "%4",          "%41",       "the_",
        "$the$ ", "🇩",          "⠁ ",     "45",        "4 ",          "6e",        "6e "}) {
    inputs.push_back(Repeat(unit, kBytes / unit.size()));
  }
  for (const std::string& input : inputs) {
    const double begin = ThreadCpuMs();
    const LanguageCount count = Counter().Count(input, *FindLanguage("de"));
    const double seconds = (ThreadCpuMs() - begin) / 1e3;
    EXPECT_LT(seconds, kSecondsMax) << input.substr(0, 20);
    EXPECT_GE(count.target.words, 0);
    RecordProperty("seconds", std::to_string(seconds));
  }
}

}  // namespace
}  // namespace rationale
