// rationale bench math: how often the math reward agrees with labelled cases, and how fast it is.
//
// A case without a label counts for the time alone. Times are CPU time of one verdict on one core,
// the least of several runs: the rubric is made before, extraction and comparison are timed.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/text_table.h"
#include "datasets/paths.h"
#include "rewards/math/labelled_case.h"
#include "rewards/rubric.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"

namespace rationale {
namespace {

struct MathBenchArguments {
  std::vector<std::string> data;
  int repeats = 3;
  bool verdicts = false, json = false;

  void AddTo(Arguments& arguments) {
    const std::string folder = DataFolder() + "/rewards/math_";
    data = {folder + "verify_cases.jsonl", folder + "metamorphic_cases.jsonl",
            folder + "hang_cases.jsonl"};
    arguments
        .add_option("--data", data,
                    "JSONL files of id, answer, gold, expected, config (see labelled_case.h)")
        ->option_text("FILE ...");
    arguments.add_option("--repeats", repeats, "runs of each case")->check(CLI::Range(1, 1000));
    arguments.add_flag("--verdicts", verdicts,
                       "one JSON object a case: file, id, verdict (null: could not judge), "
                       "expected, us, reason");
    arguments.add_flag("--json", json, "one JSON object a file instead of a table");
  }
};

struct Judged {
  LabelledCase labelled;
  Component component;
  double us = 0;  // CPU microseconds
};

struct MathFigures {
  int64_t cases = 0, labelled = 0, agreed = 0, false_positives = 0, false_negatives = 0,
          unjudged = 0;
  double mean_us = 0, p99_us = 0, worst_us = 0;
};

double CpuMicroseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e6 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_nsec);
}

std::vector<Judged> JudgeFile(const std::string& path, int repeats) {
  std::map<std::string, Rubric> rubrics;  // by options
  std::vector<Judged> judged;
  const std::string text = ReadFile(path);
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto line = ParseJson(std::string_view(text).substr(begin, end - begin), path, ++number);
    judged.push_back({ReadLabelledCase(JsonObject(line, fmt::format("{}:{}", path, number)))});
    begin = end + 1;
  }
  for (Judged& one : judged) {
    auto rubric = rubrics.find(one.labelled.options);
    if (rubric == rubrics.end()) {
      const std::string toml = "[[rewards]]\nname = 'math'\n" + one.labelled.options;
      rubric = rubrics.emplace(one.labelled.options, Rubric::FromText(toml, path)).first;
    }
    const Problem problem{.reference = one.labelled.reference};
    for (int i = 0; i < repeats; ++i) {
      const double start = CpuMicroseconds();
      Component component =
          rubric->second.JudgeComponent(0, {.text = one.labelled.answer, .problem = &problem});
      const double us = CpuMicroseconds() - start;
      one.us = i == 0 ? us : std::min(one.us, us);
      one.component = std::move(component);
    }
  }
  return judged;
}

MathFigures Sum(const std::vector<Judged>& judged) {
  MathFigures sum{.cases = std::ssize(judged)};
  std::vector<double> times;
  for (const Judged& one : judged) {
    times.push_back(one.us);
    const bool right = one.component.judged && one.component.score == 1;
    sum.unjudged += !one.component.judged;
    if (!one.labelled.expected) continue;
    ++sum.labelled;
    if (!one.component.judged) continue;
    sum.agreed += right == *one.labelled.expected;
    sum.false_positives += right && !*one.labelled.expected;
    sum.false_negatives += !right && *one.labelled.expected;
  }
  if (times.empty()) return sum;
  std::sort(times.begin(), times.end());
  sum.mean_us =
      std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  sum.p99_us = times[times.size() * 99 / 100];
  sum.worst_us = times.back();
  return sum;
}

std::string VerdictLines(const std::string& file, const std::vector<Judged>& judged) {
  std::string text;
  for (const Judged& one : judged) {
    JsonWriter json;
    json.BeginObject().Field("file", file).Field("id", one.labelled.id).Key("verdict");
    one.component.judged ? json.Value(one.component.score == 1) : json.Null();
    json.Key("expected");
    one.labelled.expected ? json.Value(*one.labelled.expected) : json.Null();
    json.Field("us", one.us).Field("reason", one.component.reason).EndObject();
    text += json.Take() + '\n';
  }
  return text;
}

std::string JsonLine(const std::string& file, const MathFigures& sum) {
  return JsonWriter()
             .BeginObject()
             .Field("file", file)
             .Field("cases", sum.cases)
             .Field("labelled", sum.labelled)
             .Field("agreed", sum.agreed)
             .Field("false_positives", sum.false_positives)
             .Field("false_negatives", sum.false_negatives)
             .Field("unjudged", sum.unjudged)
             .Field("mean_us", sum.mean_us)
             .Field("p99_us", sum.p99_us)
             .Field("worst_us", sum.worst_us)
             .EndObject()
             .Take() +
         '\n';
}

std::string Table(const std::vector<std::pair<std::string, MathFigures>>& files) {
  TextTable table({{"", 0, true},
                   {"cases"},
                   {"labelled"},
                   {"agreed"},
                   {"false positives"},
                   {"false negatives"},
                   {"not judged"},
                   {"mean us"},
                   {"p99 us"},
                   {"worst us"},
                   {"verdicts/s"}});
  std::vector<std::vector<std::string>> rows;
  for (const auto& [file, f] : files) {
    rows.push_back({file.substr(file.rfind('/') + 1), std::to_string(f.cases),
                    std::to_string(f.labelled), std::to_string(f.agreed),
                    std::to_string(f.false_positives), std::to_string(f.false_negatives),
                    std::to_string(f.unjudged), fmt::format("{:.1f}", f.mean_us),
                    fmt::format("{:.0f}", f.p99_us), fmt::format("{:.0f}", f.worst_us),
                    fmt::format("{:.0f}", f.mean_us > 0 ? 1e6 / f.mean_us : 0)});
  }
  table.Fit(rows);
  std::string text = table.Header();
  for (const auto& row : rows) text += table.Row(row);
  return text;
}

}  // namespace

int BenchMathCommand(int argc, char** argv) {
  Arguments arguments(
      "bench math",
      "Measures the math reward on labelled cases: agreement, wrong verdicts, time on one core.",
      "  rationale bench math\n"
      "  rationale bench math --data my_cases.jsonl --verdicts\n");
  MathBenchArguments options;
  options.AddTo(arguments);
  if (!arguments.Parse(argc, argv)) return 0;
  std::vector<std::pair<std::string, MathFigures>> files;
  for (const std::string& path : options.data) {
    const auto judged = JudgeFile(path, options.repeats);
    files.emplace_back(path, Sum(judged));
    if (options.verdicts) Print(VerdictLines(path, judged));
    if (options.json) Print(JsonLine(path, files.back().second));
  }
  if (!options.verdicts && !options.json) Print(Table(files));
  return 0;
}

}  // namespace rationale
