// Command: lookup by one or two words.

#include "rl/cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/spelling.h"

namespace rationale {
namespace {

int NumWords(std::string_view name) {
  return static_cast<int>(std::count(name.begin(), name.end(), ' ')) + 1;
}

}  // namespace

const Command& FindCommand(std::span<const Command> commands, int argc, char** argv) {
  const std::string first = argv[1];
  const std::string both = argc > 2 ? first + ' ' + argv[2] : first;
  std::vector<std::string> names, subcommands;
  for (const Command& command : commands) {
    if (command.name == first || command.name == both) return command;
    names.emplace_back(command.name);
    if (names.back().starts_with(first + ' '))
      subcommands.push_back(names.back().substr(first.size() + 1));
  }
  if (!subcommands.empty()) {
    throw Error("{} needs one of: {}", first, fmt::join(subcommands, ", "));
  }
  throw Error("unknown command '{}'; did you mean '{}'? See rationale --help", first,
              NearestName(first, names));
}

int RunCommand(const Command& command, int argc, char** argv) {
  const int words = NumWords(command.name);
  return command.run(argc - words, argv + words);
}

std::string ProgramHelp(std::span<const Command> commands) {
  std::string help =
      "Rationale turns a base language model into a reasoner by reinforcement learning.\n\n"
      "Usage: rationale COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands) {
    help += fmt::format("  {:<15} {}\n", command.name, command.summary);
  }
  help +=
      "\nrationale COMMAND --help shows a command's options and examples.\n"
      "Exit codes: 0 done, 1 failed, 2 the input was wrong (the message says what and where).\n";
  return help;
}

}  // namespace rationale
