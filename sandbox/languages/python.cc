// Python: a warm CPython that forks for every job.

#include "sandbox/languages/toolchain.h"
#include "sandbox/resources.h"

namespace rationale {

Toolchain PythonToolchain() {
  Toolchain toolchain{
      .name = "python", .source_file = "main.py", .aliases = {"python3", "py", "py3"}};
  const std::string python = FindProgram({"python3"});
  if (python.empty()) {
    toolchain.missing = "no python3 in /usr/bin, /bin or /usr/local/bin";
    return toolchain;
  }
  toolchain.interpreter = {python};
  toolchain.paths = Joined(
      LibraryPaths(),
      Expanded({"/usr/bin/python3*", "/usr/local/bin/python3*", "/usr/lib/python3*",
                "/usr/local/lib/python3*", "/usr/local/lib/libpython3*", "/usr/share/zoneinfo"}));
  // Not -I: it would ignore PYTHONHASHSEED, and the order of sets would change from jail to jail.
  toolchain.server = {python, "-s", "-c", PythonServerScript()};
  return toolchain;
}

}  // namespace rationale
