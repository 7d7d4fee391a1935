// main: finds the command and runs it, here or, if it needs torch, in librationale_torch.so beside
// the program.

#include <dlfcn.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "rl/cli/command.h"
#include "rl/cli/output.h"
#include "rl/cli/torch_entry.h"

namespace rationale {

#define COMMAND(name, function, summary) int function(int argc, char** argv);
#define TORCH_COMMAND(name, function, summary)
#include "rl/cli/commands.def"
#undef COMMAND
#undef TORCH_COMMAND

namespace {

#define COMMAND(name, function, summary) Command{name, summary, function},
#define TORCH_COMMAND(name, function, summary) Command{name, summary, nullptr},
constexpr std::array kCommands = {
#include "rl/cli/commands.def"
};
#undef COMMAND
#undef TORCH_COMMAND

int RunTorchCommand(int argc, char** argv) {
  // The program's real place, also when it was started through a link.
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  const std::string library = program.parent_path() / "librationale_torch.so";
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    throw Failure("the commands that need torch cannot be loaded: {}", dlerror());
  const auto entry =
      reinterpret_cast<decltype(&RationaleTorchMain)>(dlsym(handle, "RationaleTorchMain"));
  if (entry == nullptr) throw Failure("{} is not of this program: {}", library, dlerror());
  return entry(argc, argv);
}

int Main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-h" || first == "help") {
    Print(ProgramHelp(kCommands));
    return 0;
  }
  if (first == "--version") {
    Print("rationale " RATIONALE_VERSION "\n");
    return 0;
  }
  if (first.empty()) throw Error("no command given\n\n{}", ProgramHelp(kCommands));
  const Command& command = FindCommand(kCommands, argc, argv);
  return command.run == nullptr ? RunTorchCommand(argc, argv) : RunCommand(command, argc, argv);
}

}  // namespace
}  // namespace rationale

int main(int argc, char** argv) {
  // A closed pipe is an error of the write that meets it, not the end of a training run.
  std::signal(SIGPIPE, SIG_IGN);
  return rationale::ExitCodeOf([&] { return rationale::Main(argc, argv); });
}
