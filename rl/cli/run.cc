// rationale run: one program in the jail, and what became of it.

#include <fmt/format.h>

#include <string>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "rl/cli/arguments.h"
#include "rl/cli/output.h"
#include "sandbox/sandbox.h"

namespace rationale {
namespace {

std::string JsonOutcome(const Outcome& outcome, bool compiling) {
  JsonWriter json;
  json.BeginObject().Field("outcome", EndName(outcome.end));
  json.Key("exit_code");
  outcome.end == End::kExited ? json.Value(outcome.exit_code) : json.Null();
  json.Key("signal");
  outcome.end == End::kSignalled ? json.Value(outcome.signal) : json.Null();
  json.Field("phase", compiling ? "compile" : "run")
      .Field("stdout", outcome.stdout_text)
      .Field("stderr", outcome.stderr_text)
      .Field("stdout_truncated", outcome.stdout_truncated)
      .Field("stderr_truncated", outcome.stderr_truncated)
      .Field("wall_ms", outcome.wall_ms)
      .Field("cpu_ms", outcome.cpu_ms)
      .Field("memory_kb", outcome.memory_bytes / 1024)
      .Field("reason", outcome.reason)
      .EndObject();
  return json.Take() + '\n';
}

std::string TextOutcome(const Outcome& outcome, bool compiling) {
  std::string end = EndName(outcome.end);
  if (outcome.end == End::kExited) end += fmt::format(" {}", outcome.exit_code);
  if (outcome.end == End::kSignalled) end += fmt::format(" {}", outcome.signal);
  if (!outcome.reason.empty()) end += " (" + outcome.reason + ")";
  return fmt::format("{}{}, {:.1f} ms, {:.1f} ms CPU, {} KB\n", compiling ? "compiler: " : "", end,
                     outcome.wall_ms, outcome.cpu_ms, outcome.memory_bytes / 1024);
}

// The last part of a path.
std::string BaseName(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

int RunProgramCommand(int argc, char** argv) {
  Arguments arguments(
      "run", "Runs one program in the jail and prints how it ended, with all it wrote.",
      "  rationale run --language python solution.py --stdin input.txt --json\n"
      "  rationale run --language cpp main.cpp --wall-ms 2000 --memory-mb 512 -- first second\n");
  Job job;
  std::string file, stdin_file;
  bool json = false;
  std::string languages;
  for (const std::string& name : Sandbox::Languages())
    languages += (languages.empty() ? "" : ", ") + name;
  arguments.add_option("--language", job.language, languages)->required();
  arguments.add_option("file", file, "the program's source")->required();
  arguments.add_option("arguments", job.arguments, "for the program");
  arguments.add_option("--stdin", stdin_file,
                       "file to give it as standard input; default: nothing");
  Limits& limits = job.limits;
  int64_t memory_mb = limits.memory_bytes >> 20, writable_mb = limits.writable_bytes >> 20,
          output_kb = limits.output_bytes >> 10;
  const auto limit = [&arguments](const char* name, int64_t& value, const char* help) {
    arguments.add_option(name, value, help)
        ->capture_default_str()
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  };
  limit("--wall-ms", limits.wall_ms, "wall-clock time");
  limit("--cpu-ms", limits.cpu_ms, "CPU time of all its processes together");
  limit("--memory-mb", memory_mb, "memory of all its processes together");
  limit("--processes", limits.processes, "processes and threads");
  limit("--descriptors", limits.descriptors, "open files of each process");
  limit("--writable-mb", writable_mb, "space for files");
  limit("--files", limits.files, "number of files");
  limit("--output-kb", output_kb, "standard output and error together");
  arguments.add_flag("--json", json, "one line of JSON instead of the program's own output");
  if (!arguments.Parse(argc, argv)) return 0;
  limits.memory_bytes = memory_mb << 20;
  limits.writable_bytes = writable_mb << 20;
  limits.output_bytes = output_kb << 10;
  if (!stdin_file.empty()) job.stdin_text = ReadFile(stdin_file);

  Sandbox sandbox({.cells = 1});
  Build build = sandbox.Compile(job.language, {{BaseName(file), ReadFile(file)}});
  Outcome outcome = std::move(build.outcome);
  if (build.ok) {
    job.files = std::move(build.program.files);
    outcome = sandbox.Run(job);
  }
  if (json) {
    Print(JsonOutcome(outcome, !build.ok));
  } else {
    Print(ValidUtf8(outcome.stdout_text));
    fmt::print(stderr, "{}{}", ValidUtf8(outcome.stderr_text), TextOutcome(outcome, !build.ok));
  }
  return 0;
}

}  // namespace rationale
