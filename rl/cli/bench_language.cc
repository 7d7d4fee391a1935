// rationale bench language: how well and how fast the language reward tells languages and shares.
//
// Sentences: the share of those whose language is found. Documents: |share told - true share|, of
// letters, and of words where both languages are written with spaces (else the truth depends on the
// segmenter). A document is alarmed when less than 90% of its letters are told to be in the target:
// false alarms are alarms on pure texts, found mixing those on texts with 20% or more of another
// language. Constants were tuned on one half of the texts (by a hash of their ids); figures are
// given for the other half and for both.

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text_table.h"
#include "datasets/paths.h"
#include "rewards/language/share.h"
#include "rewards/utf8.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"

namespace rationale {
namespace {

constexpr double kAlarm = 0.9;  // a share below it is one
constexpr double kPure = 1;     // the true share of a pure text
constexpr double kMixed = 0.8;  // and of one that must be found, at most
constexpr size_t kShortLetters = 40;
constexpr double kSecondsMin = 1;  // of every measurement of speed

struct Sentence {
  bool held = false;
  std::string language, text;
  size_t letters = 0;
  bool right = false;
};

struct Document {
  bool held = false;
  std::string target, other, text;
  double letters = 0, words = 0;  // the target's true shares
  bool spaced = false;            // both languages put spaces between words
  double told_letters = 0, told_words = 0;
};

struct Figures {
  int64_t sentences = 0, right = 0, short_sentences = 0, short_right = 0;
  int64_t documents = 0, spaced = 0, pure = 0, false_alarms = 0, mixed = 0, found = 0;
  double letters_error = 0, words_error = 0, letters_error_max = 0;
};

bool IsHeld(const std::string& id) {
  return std::stoi(Sha256Hex(id).substr(0, 2), nullptr, 16) % 2 == 1;
}

// Calls `read` with each line's object.
template <class F>
void ReadLines(const std::string& path, const F& read) {
  const std::string text = ReadFile(path);
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto line = ParseJson(std::string_view(text).substr(begin, end - begin), path, ++number);
    read(JsonObject(line, fmt::format("{}:{}", path, number)));
    begin = end + 1;
  }
}

int Known(const std::string& code, const std::string& where) {
  const auto language = FindLanguage(code);
  if (!language) throw Error("{}: the language '{}' is not known", where, code);
  return *language;
}

size_t NumLetters(std::string_view text) {
  size_t letters = 0;
  for (size_t at = 0; at < text.size();) letters += u_isalpha(NextCodePoint(text, at)) != 0 ? 1 : 0;
  return letters;
}

std::vector<Sentence> ReadSentences(const std::string& path) {
  std::vector<Sentence> sentences;
  ReadLines(path, [&](const JsonObject& line) {
    Sentence sentence{.held = IsHeld(line.Get<std::string>("id")),
                      .language = line.Get<std::string>("lang"),
                      .text = line.Get<std::string>("text")};
    Known(sentence.language, line.where());
    sentence.letters = NumLetters(sentence.text);
    sentences.push_back(std::move(sentence));
  });
  return sentences;
}

std::vector<Document> ReadDocuments(const std::string& path) {
  std::vector<Document> documents;
  ReadLines(path, [&](const JsonObject& line) {
    Document document{.held = IsHeld(line.Get<std::string>("id")),
                      .target = line.Get<std::string>("target"),
                      .other = line.Get<std::string>("other"),
                      .text = line.Get<std::string>("text"),
                      .letters = line.Get<double>("frac_letters"),
                      .words = line.Get<double>("frac_words")};
    Known(document.target, line.where());
    constexpr std::string_view kUnspaced = "zh ja th";
    document.spaced = kUnspaced.find(document.target) == std::string_view::npos &&
                      kUnspaced.find(document.other) == std::string_view::npos;
    documents.push_back(std::move(document));
  });
  return documents;
}

Figures Sum(const std::vector<Sentence>& sentences, const std::vector<Document>& documents,
            bool held_only) {
  Figures sum;
  for (const Sentence& sentence : sentences) {
    if (held_only && !sentence.held) continue;
    ++sum.sentences;
    sum.right += sentence.right ? 1 : 0;
    if (sentence.letters >= kShortLetters) continue;
    ++sum.short_sentences;
    sum.short_right += sentence.right ? 1 : 0;
  }
  for (const Document& document : documents) {
    if (held_only && !document.held) continue;
    ++sum.documents;
    const double error = std::abs(document.told_letters - document.letters);
    sum.letters_error += error;
    sum.letters_error_max = std::max(sum.letters_error_max, error);
    if (document.spaced) {
      ++sum.spaced;
      sum.words_error += std::abs(document.told_words - document.words);
    }
    const bool alarm = document.told_letters < kAlarm;
    if (document.letters >= kPure) {
      ++sum.pure;
      sum.false_alarms += alarm ? 1 : 0;
    } else if (document.letters <= kMixed) {
      ++sum.mixed;
      sum.found += alarm ? 1 : 0;
    }
  }
  return sum;
}

double Ratio(double part, int64_t whole) {
  return whole == 0 ? 0 : part / static_cast<double>(whole);
}

// The CPU time of this thread: other work on the machine does not count.
double ThreadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Megabytes a second of CPU time of `work`, which goes over `bytes` bytes; repeated for a second at
// least.
template <class F>
double MegabytesPerSecond(size_t bytes, const F& work) {
  const double start = ThreadSeconds();
  double seconds = 0;
  double done = 0;
  while (seconds < kSecondsMin) {
    work();
    done += static_cast<double>(bytes);
    seconds = ThreadSeconds() - start;
  }
  return done / seconds / 1e6;
}

struct Speed {
  double sentences = 0, documents = 0;  // megabytes a second on one core
};

Speed Measure(const ShareCounter& counter, std::vector<Sentence>& sentences,
              std::vector<Document>& documents) {
  size_t sentence_bytes = 0, document_bytes = 0;
  for (const Sentence& sentence : sentences) sentence_bytes += sentence.text.size();
  for (const Document& document : documents) document_bytes += document.text.size();
  Speed speed;
  speed.sentences = MegabytesPerSecond(sentence_bytes, [&] {
    for (Sentence& sentence : sentences) {
      const auto told = counter.identifier().Identify(sentence.text);
      sentence.right = told && (GroupOf(*told) & GroupOf(*FindLanguage(sentence.language))) != 0;
    }
  });
  speed.documents = MegabytesPerSecond(document_bytes, [&] {
    for (Document& document : documents) {
      const LanguageCount count = counter.Count(document.text, *FindLanguage(document.target));
      document.told_letters = count.LetterShare();
      document.told_words = count.WordShare();
    }
  });
  return speed;
}

void WriteFigures(JsonWriter& json, std::string_view key, const Figures& sum) {
  json.Key(key).BeginObject();
  json.Field("sentences", sum.sentences)
      .Field("accuracy", Ratio(static_cast<double>(sum.right), sum.sentences))
      .Field("short_sentences", sum.short_sentences)
      .Field("short_accuracy", Ratio(static_cast<double>(sum.short_right), sum.short_sentences))
      .Field("documents", sum.documents)
      .Field("share_error_letters", Ratio(sum.letters_error, sum.documents))
      .Field("share_error_letters_max", sum.letters_error_max)
      .Field("share_error_words", Ratio(sum.words_error, sum.spaced))
      .Field("false_alarms", Ratio(static_cast<double>(sum.false_alarms), sum.pure))
      .Field("found_mixing", Ratio(static_cast<double>(sum.found), sum.mixed));
  json.EndObject();
}

std::string Table(const std::vector<std::pair<std::string, Figures>>& columns) {
  std::vector<TextTable::Column> titles = {{"", 0, true}};
  for (const auto& [title, figures] : columns) titles.push_back({title});
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const std::string& name, const auto& cell) {
    rows.push_back({name});
    for (const auto& [title, figures] : columns) rows.back().push_back(cell(figures));
  };
  const auto percent = [](int64_t part, int64_t whole) {
    return fmt::format("{:.1f}% of {}", 100 * Ratio(static_cast<double>(part), whole), whole);
  };
  row("sentences whose language is found",
      [&](const Figures& f) { return percent(f.right, f.sentences); });
  row("  of those under 40 letters",
      [&](const Figures& f) { return percent(f.short_right, f.short_sentences); });
  row("share error, letters, mean",
      [](const Figures& f) { return fmt::format("{:.4f}", Ratio(f.letters_error, f.documents)); });
  row("  greatest", [](const Figures& f) { return fmt::format("{:.4f}", f.letters_error_max); });
  row("share error, words, mean",
      [](const Figures& f) { return fmt::format("{:.4f}", Ratio(f.words_error, f.spaced)); });
  row("false alarms on pure texts",
      [&](const Figures& f) { return percent(f.false_alarms, f.pure); });
  row("mixing of 20% or more found", [&](const Figures& f) { return percent(f.found, f.mixed); });
  TextTable table(titles);
  table.Fit(rows);
  std::string text = table.Header();
  for (const auto& cells : rows) text += table.Row(cells);
  return text;
}

// The texts told worst, of the half that is not held.
std::string Errors(const std::vector<Sentence>& sentences, std::vector<Document> documents,
                   size_t count, const Identifier& identifier) {
  std::string text;
  for (const Sentence& sentence : sentences) {
    if (sentence.held || sentence.right) continue;
    const auto told = identifier.Identify(sentence.text);
    text +=
        fmt::format("{} told {}: {}\n", sentence.language,
                    told ? AllLanguages()[static_cast<size_t>(*told)].code : "none", sentence.text);
  }
  std::erase_if(documents, [](const Document& document) { return document.held; });
  const auto error = [](const Document& document) {
    return std::abs(document.told_letters - document.letters);
  };
  std::stable_sort(documents.begin(), documents.end(),
                   [&](const Document& a, const Document& b) { return error(a) > error(b); });
  documents.resize(std::min(documents.size(), count));
  for (const Document& document : documents) {
    text += fmt::format("\n{} with {}: letters {:.3f} told {:.3f}, words {:.3f} told {:.3f}\n{}\n",
                        document.target, document.other, document.letters, document.told_letters,
                        document.words, document.told_words, document.text);
  }
  return text;
}

}  // namespace

int BenchLanguageCommand(int argc, char** argv) {
  Arguments arguments("bench language",
                      "Measures the language reward on labelled sentences and documents.",
                      "  rationale bench language\n"
                      "  rationale bench language --data my/folder --json\n");
  std::string data = DataFolder() + "/rewards";
  bool json_output = false;
  size_t errors = 0;
  arguments.add_option("--data", data, "folder of lang_sentences.jsonl and lang_cot.jsonl");
  arguments.add_option("--errors", errors,
                       "shows the sentences told wrong and so many documents told worst, of the "
                       "half that was tuned on");
  arguments.add_flag("--json", json_output, "one JSON object instead of a table");
  if (!arguments.Parse(argc, argv)) return 0;

  const ShareCounter counter;
  auto sentences = ReadSentences(data + "/lang_sentences.jsonl");
  auto documents = ReadDocuments(data + "/lang_cot.jsonl");
  const Speed speed = Measure(counter, sentences, documents);
  const Figures held = Sum(sentences, documents, true);
  const Figures all = Sum(sentences, documents, false);
  if (json_output) {
    JsonWriter json;
    json.BeginObject();
    WriteFigures(json, "held", held);
    WriteFigures(json, "all", all);
    json.Field("sentences_mb_per_s", speed.sentences)
        .Field("documents_mb_per_s", speed.documents)
        .Field("languages", static_cast<int64_t>(AllLanguages().size()))
        .EndObject();
    Print(json.Take() + '\n');
    return 0;
  }
  Print(Table({{"held half", held}, {"all", all}}));
  Print(fmt::format("MB/s on one core: documents {:.1f}, single sentences {:.1f}\n",
                    speed.documents, speed.sentences));
  if (errors > 0) Print('\n' + Errors(sentences, documents, errors, counter.identifier()));
  return 0;
}

}  // namespace rationale
