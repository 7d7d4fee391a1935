// rationale score: the rewards alone, over a file of responses.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/in_order.h"
#include "base/json.h"
#include "base/log.h"
#include "rewards/rubric.h"
#include "rl/algorithms/algorithm.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "rl/lab/advantage_change.h"
#include "rl/lab/detectors.h"
#include "rl/lab/disagreement.h"
#include "rl/lab/response_file.h"
#include "rl/lab/sheet.h"
#include "rl/lab/summary.h"

namespace rationale {
namespace {

struct ScoreArguments {
  std::string rubric, against, algorithm = "grpo";
  std::vector<std::string> data;
  int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  size_t shown = 5;
  bool json = false;
  bool skip_bad_rows = false;

  void AddTo(Arguments& arguments) {
    arguments.add_option("--rubric", rubric, "TOML file with [fields] and [[rewards]]")
        ->required()
        ->option_text("FILE.toml");
    arguments
        .add_option("--data", data,
                    "responses: JSONL, Parquet, CSV or TSV, also a run's rollouts/*.parquet")
        ->required()
        ->option_text("FILE ...");
    arguments
        .add_option("--against", against,
                    "a second rubric: what it judges differently, and what that does to advantages")
        ->option_text("FILE.toml");
    arguments.add_option("--show", shown, "how many disagreements and changed groups to show");
    arguments.add_option("--algorithm", algorithm,
                         "whose advantages: grpo, dr_grpo, rloo, ... (as rl.algorithm)");
    arguments.add_option("--threads", threads, "how many to judge with; changes no verdict")
        ->check(CLI::Range(1, 1024));
    arguments.add_flag("--skip-bad-rows", skip_bad_rows,
                       "go on behind a row that cannot be read; it is named, counted, and a line "
                       "of the output says so (default: the first one ends the run)");
    arguments.add_flag("--json", json,
                       "one JSON object a response, on a terminal too; into a file or a pipe they "
                       "always go");
  }
};

// What is written of a row that cannot be read, so that every row has a line.
std::string BadRowLine(const std::string& fault) {
  JsonWriter json;
  json.BeginObject().Field("judged", false).Key("score").Null();
  return json.Field("bad_row", fault).EndObject().Take() + '\n';
}

void WriteVerdict(const Verdict& verdict, JsonWriter& json) {
  const auto score = [&json](bool judged, double value) {
    json.Field("judged", judged).Key("score");
    judged ? json.Value(value) : json.Null();
  };
  score(verdict.judged, verdict.score);
  json.Key("components").BeginObject();
  for (const Component& component : verdict.components) {
    json.Key(component.name).BeginObject();
    score(component.judged, component.score);
    json.Field("weight", component.weight).Field("reason", component.reason);
    if (!component.answer.empty()) json.Field("answer", component.answer);
    json.EndObject();
  }
  json.EndObject();
}

// Standard output in larger pieces than lines, but none older than a second.
class LineOutput {
 public:
  void Write(std::string_view line) {
    constexpr size_t kBytes = 1 << 16;
    constexpr std::chrono::seconds kAge{1};
    text_ += line;
    if (text_.size() >= kBytes || std::chrono::steady_clock::now() - flushed_ >= kAge) Flush();
  }

  void Flush() {
    Print(text_);
    text_.clear();
    flushed_ = std::chrono::steady_clock::now();
  }

 private:
  std::string text_;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
};

// A rubric and what the report calls it.
struct NamedRubric {
  std::string name;
  Rubric rubric;
};

NamedRubric ReadRubric(const std::string& path) {
  return {std::filesystem::path(path).filename().string(), Rubric::FromFile(path)};
}

// A response on its way through the threads.
struct Job {
  Row row;
  int64_t rows_estimated = 0;  // as the reader saw it, of all rows
  std::string fault;           // why the row cannot be read; empty if it can
  ScoredRow scored;
  Verdict verdict;
  AnswerPlace place;
  Verdict against;
  std::string line;  // the verdicts as JSON; empty if they are not written

  bool IsBad() const { return !fault.empty(); }
};

// Judges one response after the other; thread-safe. `first` and `second`, which may be null, must
// outlive the object.
class Judging {
 public:
  Judging(const Rubric& first, const Rubric* second, bool write_lines, bool skip_bad_rows)
      : first_(first),
        second_(second),
        columns_(first.fields()),
        compares_(first.NeedsGroup() || (second != nullptr && second->NeedsGroup())),
        write_lines_(write_lines),
        skip_bad_rows_(skip_bad_rows) {}

  // From a row to verdicts, and the line unless it waits for Compare.
  void Judge(Job& job) const {
    if (!Read(job)) return;
    job.verdict = first_.Judge(job.scored.response());
    job.place = FindAnswerPlace(first_, job.scored, job.verdict);
    if (second_ != nullptr) job.against = second_->Judge(job.scored.response());
    if (WaitsForGroup(job)) return;
    SetLine(job);
    job.scored.problem.fields.clear();  // the largest part, which nobody asks for any more
  }

  // Whether a rubric compares the responses to this one's problem.
  bool WaitsForGroup(const Job& job) const {
    return compares_ && !job.IsBad() && !job.scored.group.empty();
  }

  // Completes the verdicts of all responses to a problem.
  void Compare(std::vector<Job>& jobs) const {
    if (first_.NeedsGroup()) Compare(first_, &Job::verdict, jobs);
    if (second_ != nullptr && second_->NeedsGroup()) Compare(*second_, &Job::against, jobs);
    for (Job& job : jobs) {
      if (!job.IsBad()) SetLine(job);
    }
  }

 private:
  // False for a bad row where these are skipped.
  bool Read(Job& job) const {
    job.fault.clear();
    try {
      ParseRow(job.row);
      job.scored = columns_.Read(job.row);
    } catch (const Error& error) {
      if (!skip_bad_rows_) throw;
      job.fault = error.what();
      if (write_lines_) job.line = BadRowLine(job.fault);
    }
    job.row.value = rapidjson::Document();
    return !job.IsBad();
  }

  static void Compare(const Rubric& rubric, Verdict Job::*verdict, std::vector<Job>& jobs) {
    std::vector<Response> responses;
    std::vector<Verdict*> verdicts;
    for (Job& job : jobs) {
      if (job.IsBad()) continue;
      responses.push_back(job.scored.response());
      verdicts.push_back(&(job.*verdict));
    }
    rubric.JudgeGroup(responses, verdicts);
  }

  void SetLine(Job& job) const {
    if (!write_lines_) return;
    JsonWriter json;
    WriteVerdict(job.verdict, json.BeginObject());
    if (second_ != nullptr) {
      WriteVerdict(job.against, json.Key("against").BeginObject());
      json.EndObject();
    }
    job.line = json.EndObject().Take() + '\n';
  }

  const Rubric& first_;
  const Rubric* const second_;
  const ResponseColumns columns_;
  const bool compares_, write_lines_, skip_bad_rows_;
};

// All that is learnt of the responses, filled in their order.
class Report {
 public:
  Report(const NamedRubric& first, const NamedRubric* second, size_t shown)
      : summary_(first.rubric.component_names()), detectors_(first.rubric.component_names()) {
    if (second == nullptr) return;
    second_summary_.emplace(second->rubric.component_names());
    disagreement_.emplace(first.name, second->name, shown);
  }

  void Add(const Job& job) {
    if (job.IsBad()) return AddBadRow(job.fault);
    summary_.Add(job.scored, job.verdict);
    detectors_.Add(job.verdict, job.place);
    sheet_.Add(job.scored, job.verdict, disagreement_ ? &job.against : nullptr);
    if (!disagreement_) return;
    second_summary_->Add(job.scored, job.against);
    disagreement_->Add(job.scored, job.verdict, job.against);
  }

  std::string Text() const {
    const std::string bad = bad_rows_ == 0 ? "" : fmt::format("bad rows, skipped: {}\n", bad_rows_);
    return summary_.Text() + bad + '\n' + detectors_.Text(sheet_);
  }

  int64_t num_responses() const { return summary_.all().responses; }

  std::string AgainstText(const NamedRubric& first, const NamedRubric& second,
                          const AdvantageSettings& settings, size_t shown, size_t width) const {
    return fmt::format(
        "\n{}\n{}\n{}{}\n{}", second.name, second_summary_->Text(), disagreement_->Counts(),
        disagreement_->Examples(width),
        AdvantageChangeText(CompareAdvantages(sheet_, settings), first.name, second.name, shown));
  }

 private:
  void AddBadRow(const std::string& fault) {
    constexpr int64_t kNamed = 10;
    if (++bad_rows_ <= kNamed) LogWarning("skipped: {}", fault);
    if (bad_rows_ == kNamed) LogWarning("further rows that are skipped are counted only");
  }

  Summary summary_;
  Detectors detectors_;
  Sheet sheet_;
  int64_t bad_rows_ = 0;
  std::optional<Summary> second_summary_;
  std::optional<Disagreement> disagreement_;
};

// What becomes of judged responses, in their order: verdicts to standard output, the rest into a
// report. Those to one problem that stand one after the other in a file are held until all of them
// are there if a rubric compares them.
class Delivery {
 public:
  // Both must outlive the object.
  Delivery(const Judging& judging, Report& report) : judging_(judging), report_(report) {}

  void Add(Job& job) {
    const auto place = [](const Job& of) { return std::tie(of.scored.file, of.scored.group); };
    const bool amid = job.IsBad() && !held_.empty();  // a bad row parts no group
    if (!amid && !held_.empty() && place(held_.front()) != place(job)) Release();
    if (amid || judging_.WaitsForGroup(job)) {
      held_.push_back(std::move(job));
    } else {
      Deliver(job);
    }
  }

  void Finish() {
    Release();
    output_.Flush();
  }

 private:
  void Release() {
    judging_.Compare(held_);
    for (const Job& job : held_) Deliver(job);
    held_.clear();
  }

  void Deliver(const Job& job) {
    report_.Add(job);
    output_.Write(job.line);
  }

  const Judging& judging_;
  Report& report_;
  std::vector<Job> held_;
  LineOutput output_;
};

// Judges all responses, several at once.
void JudgeAll(const ScoreArguments& arguments, const Rubric& first, const Rubric* second,
              Report& report) {
  const Judging judging(first, second, arguments.json || isatty(STDOUT_FILENO) == 0,
                        arguments.skip_bad_rows);
  ResponseFiles files(arguments.data);
  Delivery delivery(judging, report);
  Progress progress("score", 0, "response");
  int64_t done = 0;
  const auto read = [&](Job& job) {
    const bool more = files.NextUnparsed(job.row);
    job.rows_estimated = files.EstimatedRows();
    return more;
  };
  const auto judge = [&](Job& job) { judging.Judge(job); };
  const auto deliver = [&](Job& job) {
    const int64_t estimate = job.rows_estimated;
    delivery.Add(job);
    ++done;
    progress.SetTotal(estimate == 0 ? 0 : std::max(done + 1, estimate));
    progress.Update(done);
  };
  constexpr size_t kWindow = 512;
  try {
    WorkInOrder<Job>(arguments.threads, kWindow, read, judge, deliver);
  } catch (...) {
    delivery.Finish();
    throw;
  }
  delivery.Finish();
  if (done == 0) LogWarning("found no responses in {}", fmt::join(arguments.data, ", "));
  progress.SetTotal(done);
  progress.Update(done);
}

void Score(const ScoreArguments& arguments) {
  const NamedRubric first = ReadRubric(arguments.rubric);
  std::optional<NamedRubric> second;
  AlgorithmConfig algorithm{.algorithm = arguments.algorithm};
  const AdvantageSettings settings = ResolveAlgorithm(algorithm, 1).advantages;
  if (!arguments.against.empty()) {
    second = ReadRubric(arguments.against);
    const RubricFields& fields = second->rubric.fields();
    if (fields != RubricFields() && fields != first.rubric.fields()) {
      throw Error("{}: found other [fields] than in {}, allowed: the same or none",
                  arguments.against, arguments.rubric);
    }
    if (second->name == first.name) second->name = arguments.against;
  }
  NamedRubric* other = second ? &*second : nullptr;
  Report report(first, other, arguments.shown);
  const auto print = [&] {
    fmt::print(stderr, "\n{}", report.Text());
    if (other == nullptr) return;
    const size_t width = std::max<size_t>(static_cast<size_t>(StandardError().width), 100);
    fmt::print(stderr, "{}", report.AgainstText(first, *other, settings, arguments.shown, width));
  };
  try {
    JudgeAll(arguments, first.rubric, other == nullptr ? nullptr : &other->rubric, report);
  } catch (const Error&) {  // of a row: what was judged before it is not lost
    if (report.num_responses() > 0) print();
    throw;
  }
  print();
}

}  // namespace

int ScoreCommand(int argc, char** argv) {
  Arguments arguments(
      "score",
      "Judges responses by a rubric: a verdict a line on standard output, in the file's order, and "
      "a summary on standard error.",
      "  rationale score --rubric math.toml --data responses.jsonl --json > verdicts.jsonl\n"
      "  rationale score --rubric math.toml --data 'runs/quickstart/rollouts/*.parquet'\n"
      "  rationale score --rubric old.toml --against new.toml --data responses.jsonl\n");
  ScoreArguments options;
  options.AddTo(arguments);
  if (!arguments.Parse(argc, argv)) return 0;
  Score(options);
  return 0;
}

}  // namespace rationale
