// Judges a file of programs by the code reward: how many a second, and whether it agrees with each
// line's `passes` (scripts/code_cases.py makes such files).
//
//   code_bench CASES.jsonl [THREADS [OPTION...]]     an option is a line of TOML: cpu_ms=2000

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "datasets/problems.h"
#include "rewards/rubric.h"

namespace rationale {
namespace {

// What became of the cases of one kind.
struct Count {
  int64_t right = 0, wrong = 0, unjudged = 0, disagreeing = 0;
};

void Main(const std::string& file, int num_threads, const std::string& options) {
  const auto problems =
      LoadProblems({.files = {file}, .fields = {.prompt = "response", .id = "id"}, .held_out = 0},
                   Split::kAll, 0);
  const Rubric rubric = Rubric::FromText("[[rewards]]\nname = 'code'\n" + options, "arguments");
  std::map<std::string, Count> counts;
  std::mutex mutex;
  std::atomic<size_t> next{0};
  const auto judge = [&] {
    for (size_t i = next++; i < problems.size(); i = next++) {
      const Problem& problem = problems[i];
      const Verdict verdict = rubric.Judge({.text = problem.prompt, .problem = &problem});
      const bool passes = problem.fields.at("passes") == "true";
      std::lock_guard lock(mutex);
      Count& count = counts[problem.fields.at("kind")];
      ++(!verdict.judged ? count.unjudged : verdict.score == 1 ? count.right : count.wrong);
      if (verdict.judged && (verdict.score == 1) == passes) continue;
      ++count.disagreeing;
      fmt::print("{}: passes in plain Python: {}; the reward: {}\n", problem.id, passes,
                 ValidUtf8(verdict.components[0].reason));
    }
  };
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < num_threads; ++i) threads.emplace_back(judge);
  for (std::thread& thread : threads) thread.join();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const auto& [kind, count] : counts) {
    fmt::print("{}: {} right, {} wrong, {} not judged; {} unlike plain Python\n", kind, count.right,
               count.wrong, count.unjudged, count.disagreeing);
  }
  fmt::print("{} programs in {:.2f} s: {:.1f} a second\n", problems.size(), seconds,
             static_cast<double>(problems.size()) / seconds);
}

}  // namespace
}  // namespace rationale

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "code_bench CASES.jsonl [THREADS [OPTION...]]\n");
    return 2;
  }
  try {
    std::string options;
    for (int i = 3; i < argc; ++i) options += std::string(argv[i]) + "\n";
    rationale::Main(argv[1], argc > 2 ? std::stoi(argv[2]) : 2, options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
