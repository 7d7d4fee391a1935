// Command: a row of the program's command table, and finding the one that is meant.

#pragma once

#include <span>
#include <string>

namespace rationale {

struct Command {
  const char* name;  // "train", "bench rollout"
  const char* summary;
  int (*run)(int argc, char** argv);  // null: in the other half of the program
};

// The command that argv[1] (and argv[2], for names of two words) names. Throws Error with the
// nearest name when there is none.
const Command& FindCommand(std::span<const Command> commands, int argc, char** argv);

// Runs it with argv[0] as the last word of its name.
int RunCommand(const Command& command, int argc, char** argv);

// The program's --help.
std::string ProgramHelp(std::span<const Command> commands);

}  // namespace rationale
