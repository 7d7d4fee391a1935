// The torch half's main: the same command table, of which it runs the other rows.

#include <array>

#include <c10/util/Exception.h>

#include "base/error.h"
#include "rl/cli/command.h"
#include "rl/cli/output.h"
#include "rl/cli/torch_entry.h"

namespace rationale {

#define COMMAND(name, function, summary)
#define TORCH_COMMAND(name, function, summary) int function(int argc, char** argv);
#include "rl/cli/commands.def"
#undef COMMAND
#undef TORCH_COMMAND

namespace {

#define COMMAND(name, function, summary)
#define TORCH_COMMAND(name, function, summary) Command{name, summary, function},
constexpr std::array kCommands = {
#include "rl/cli/commands.def"
};
#undef COMMAND
#undef TORCH_COMMAND

int Main(int argc, char** argv) {
  try {
    return RunCommand(FindCommand(kCommands, argc, argv), argc, argv);
  } catch (const c10::Error& error) {
    throw Failure("torch: {}", error.what_without_backtrace());
  }
}

}  // namespace
}  // namespace rationale

int RationaleTorchMain(int argc, char** argv) {
  return rationale::ExitCodeOf([&] { return rationale::Main(argc, argv); });
}
