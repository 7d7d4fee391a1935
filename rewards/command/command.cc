// Command: a reward of the user's own, any program that answers JSON lines with JSON lines.
//
//   [[rewards]]
//   name = "command"
//   command = ["python3", "my_reward.py"]
//
// The program is started once and kept running, as many times as responses are judged at once (up
// to `processes`). For each response it gets a line
//   {"id": 7, "response": "..", "problem": "..", "reference": "..", "language": "..",
//    "problem_id": "..", "fields": {..}, "num_tokens": 12, "max_tokens": 64, "truncated": false,
//    "step": 40}
// ("messages": [{"role", "content"}, ..] beside an empty "problem" for chat problems; fields: the
// columns of the problem's source as text) and answers with a line
//   {"id": 7, "score": 0.5, "reason": "why", "answer": "what the response answers"}
// Score: any number. The id must be the question's; reason and answer may be left out. "score":
// null says that the program could not judge.
//
// The score is the program's. Not judged: an answer that is no such line, is of another id, or has
// not come by the deadline, and a program that ended or closed a stream. It is then killed and
// started anew for the next response; the reason tells what happened, with the end of its standard
// error. The command is trusted: it runs as the user, outside the jail.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/philox.h"
#include "rewards/command/pool.h"
#include "rewards/options.h"
#include "rewards/registry.h"

namespace rationale {
namespace {

struct CommandOptions {
  std::vector<std::string> command;
  ChildPool::Limits limits = {.processes = 0};

  template <class V>
  void Visit(V& v) {
    v("command", command, "the program and its arguments");
    v("processes", limits.processes, "how many of it may run at once; 0: as there are cores",
      Between(0, 4096));
    v("deadline_ms", limits.deadline_ms, "for an answer", Between(1, 86'400'000));
    v("start_ms", limits.start_ms, "what a process gets more for its first answer, to start",
      Between(0, 86'400'000));
  }
  void Validate(const ConfigCheck& check) const {
    check(!command.empty() && !command[0].empty(), "command",
          "is empty, allowed: a program and its arguments, [\"python3\", \"reward.py\"]");
  }
};

bool IsProgram(const std::string& path) {
  return access(path.c_str(), X_OK) == 0;
}

bool IsFound(const std::string& program) {
  if (program.find('/') != std::string::npos) return IsProgram(program);
  const char* path = std::getenv("PATH");
  std::string_view folders = path == nullptr ? "/bin:/usr/bin" : path;
  while (true) {
    const size_t colon = std::min(folders.find(':'), folders.size());
    if (IsProgram(std::string(folders.substr(0, colon)) + '/' + program)) return true;
    if (colon == folders.size()) return false;
    folders.remove_prefix(colon + 1);
  }
}

std::string Question(int64_t id, const Response& response) {
  const Problem& problem = *response.problem;
  JsonWriter json;
  json.BeginObject()
      .Field("id", id)
      .Field("response", response.text)
      .Field("problem", problem.prompt)
      .Field("reference", problem.reference)
      .Field("language", problem.language)
      .Field("problem_id", problem.id)
      .Field("fields", problem.fields)
      .Field("num_tokens", response.num_tokens)
      .Field("max_tokens", response.max_tokens)
      .Field("truncated", response.truncated)
      .Field("step", response.step);
  if (!problem.messages.empty()) {
    json.Key("messages").BeginArray();
    for (const Message& message : problem.messages) {
      json.BeginObject().Field("role", message.role).Field("content", message.content).EndObject();
    }
    json.EndArray();
  }
  return json.EndObject().Take();
}

// Fills `component` from an answer. Returns what is wrong with the answer, empty if nothing is.
std::string ReadAnswer(const std::string& line, int64_t id, Component& component) {
  constexpr size_t kShown = 200;
  const auto shown = [&line] { return ValidUtf8(line.substr(0, kShown)); };
  try {
    const rapidjson::Document document = ParseJson(line, "its answer");
    const JsonObject answer(document, "its answer");
    if (answer.Get<int64_t>("id") != id) {
      return fmt::format("it answered another question than it was asked, '{}' to {}", shown(), id);
    }
    const rapidjson::Value* score =
        document.FindMember("score") == document.MemberEnd() ? nullptr : &document["score"];
    if (score == nullptr || !(score->IsNull() || score->IsNumber())) {
      return fmt::format("its answer has no score, a number or null: '{}'", shown());
    }
    component.judged = !score->IsNull();
    if (component.judged) component.score = score->GetDouble();
    component.reason = answer.Get<std::string>("reason", "");
    component.answer = answer.Get<std::string>("answer", "");
    return "";
  } catch (const Error& error) {
    return fmt::format("{}, found '{}'", error.what(), shown());
  }
}

class CommandReward final : public Reward {
 public:
  explicit CommandReward(const CommandOptions& options) : pool_(options.command, options.limits) {}

  Component Judge(const Response& response) const override {
    const int64_t id = NextId();
    Component component;
    const Child::Answer answer = pool_.Ask(Question(id, response), [&](const std::string& line) {
      return ReadAnswer(line, id, component);
    });
    if (!answer.complete) return {.reason = "the command failed: " + answer.line};
    return component;
  }

 private:
  // A number that no answer to another question has by chance, and that every JSON reader keeps.
  int64_t NextId() const {
    return static_cast<int64_t>(DeriveKey({KeyPart("command"), next_id_.fetch_add(1)}) >> 11);
  }

  mutable ChildPool pool_;
  mutable std::atomic<uint64_t> next_id_{0};
};

}  // namespace

template <>
std::unique_ptr<Reward> MakeReward<"command">(const ConfigValue& entry) {
  auto options = ReadRewardOptions<CommandOptions>(entry);
  if (!IsFound(options.command[0])) {
    throw Error("{}: found '{}', which is no program in PATH", entry.WhereKey("command"),
                options.command[0]);
  }
  if (options.limits.processes == 0) {
    options.limits.processes = std::max(1u, std::thread::hardware_concurrency());
  }
  return std::make_unique<CommandReward>(options);
}

}  // namespace rationale
