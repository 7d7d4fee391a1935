// Arguments: a command's options, with help, examples and errors in one manner for all commands.

#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace rationale {

//   int ScoreCommand(int argc, char** argv) {
//     Arguments arguments("score", "Scores responses with a rubric.",
//                         "  rationale score --rubric math.toml --data responses.jsonl --json\n");
//     std::string rubric;
//     arguments.add_option("--rubric", rubric, "TOML file with [fields] and
//     [[rewards]]")->required(); if (!arguments.Parse(argc, argv)) return 0;
class Arguments : public CLI::App {
 public:
  // `examples`: whole lines, each indented by two spaces.
  Arguments(const std::string& command, const std::string& summary, const std::string& examples);

  // False when --help was asked for and has been printed. Throws Error on wrong options; an unknown
  // one is answered with the nearest.
  bool Parse(int argc, char** argv);
};

// Checks of an option's number.
CLI::Validator Positive();
CLI::Validator NonNegative();

}  // namespace rationale
