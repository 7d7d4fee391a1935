// C and C++: compiled by gcc, or clang where there is no gcc, in a jail that the compiled program
// never sees.

#include "sandbox/languages/toolchain.h"

namespace rationale {
namespace {

Toolchain Compiled(const std::string& name, const std::string& source_file,
                   const std::vector<std::string>& compilers, const std::string& standard) {
  Toolchain toolchain{.name = name, .source_file = source_file};
  const std::string compiler = FindProgram(compilers);
  if (compiler.empty()) {
    toolchain.missing = "no " + compilers.front() + " in /usr/bin, /bin or /usr/local/bin";
    return toolchain;
  }
  toolchain.binary = "program";
  toolchain.compiler = {compiler, "-O2", standard, "-o", toolchain.binary, "-pthread", "-lm"};
  toolchain.compiler_paths =
      Joined(LibraryPaths(), Existing({"/bin", "/usr/bin", "/etc/alternatives", "/usr/include",
                                       "/usr/lib/gcc", "/usr/libexec/gcc", "/usr/lib/bfd-plugins",
                                       "/usr/lib/llvm-14", "/usr/local/include"}));
  toolchain.paths = LibraryPaths();
  return toolchain;
}

}  // namespace

Toolchain CToolchain() {
  Toolchain toolchain = Compiled("c", "main.c", {"gcc", "clang"}, "-std=gnu17");
  toolchain.aliases = {"h"};
  return toolchain;
}

Toolchain CppToolchain() {
  Toolchain toolchain = Compiled("cpp", "main.cpp", {"g++", "clang++"}, "-std=gnu++20");
  toolchain.aliases = {"c++", "cc", "cxx"};
  return toolchain;
}

}  // namespace rationale
