// Bash, with the system's usual programs beside it.

#include "sandbox/languages/toolchain.h"

namespace rationale {

Toolchain BashToolchain() {
  Toolchain toolchain{.name = "bash", .source_file = "main.sh", .aliases = {"sh", "shell", "zsh"}};
  const std::string bash = FindProgram({"bash"});
  if (bash.empty()) {
    toolchain.missing = "no bash in /usr/bin, /bin or /usr/local/bin";
    return toolchain;
  }
  toolchain.interpreter = {bash};
  toolchain.paths =
      Joined(LibraryPaths(), Existing({"/bin", "/usr/bin", "/etc/alternatives", "/usr/share/awk"}));
  return toolchain;
}

}  // namespace rationale
