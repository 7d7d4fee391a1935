// JavaScript: Node.js, executed afresh for every job.

#include "sandbox/languages/toolchain.h"

namespace rationale {

Toolchain JavaScriptToolchain() {
  Toolchain toolchain{.name = "javascript", .source_file = "main.js", .aliases = {"js", "node"}};
  const std::string node = FindProgram({"node", "nodejs"});
  if (node.empty()) {
    toolchain.missing = "no node in /usr/bin, /bin or /usr/local/bin";
    return toolchain;
  }
  // Its own idea of a heap's size comes from the machine's memory; the sandbox fills in three
  // quarters of the job's.
  toolchain.interpreter = {node, "--max-old-space-size={heap_mb}"};
  toolchain.paths =
      Joined(LibraryPaths(), Expanded({"/usr/bin/node", "/usr/bin/nodejs", "/usr/local/bin/node",
                                       "/etc/alternatives", "/usr/share/nodejs"}));
  return toolchain;
}

}  // namespace rationale
