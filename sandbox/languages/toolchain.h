// Toolchain: how programs of one kind are compiled and run, and what of this machine they must see
// for it.
//
// A new language is one file with a `Toolchain <Name>Toolchain()` and one line in registry.def.

#pragma once

#include <string>
#include <vector>

namespace rationale {

struct Toolchain {
  std::string name;                  // "python"
  std::string source_file;           // the name a single source file is given, "main.py"
  std::vector<std::string> aliases;  // what else a block of code is labelled with, "py"

  // Why programs cannot run here ("no python3 in /usr/bin, /usr/local/bin"); empty when they can.
  // Looked up when the function of the language is called.
  std::string missing;

  // Compilation: executed in the working folder, the source's name appended; leaves `binary` there.
  // Empty: none.
  std::vector<std::string> compiler;
  std::string binary;
  std::vector<std::string> compiler_paths;  // what the compiler's root shows

  // Running: executed in the working folder, the program's name and arguments appended. Empty: the
  // binary itself.
  // "{heap_mb}" stands for three quarters of the job's memory limit.
  std::vector<std::string> interpreter;
  std::vector<std::string> paths;  // what the program's root shows

  // argv of a fork server that runs inside the jail and speaks the protocol of jail/server.h;
  // empty: none.
  std::vector<std::string> server;
};

// Those of all languages, in the registry's order, looked up once.
const std::vector<Toolchain>& AllToolchains();

// The toolchain of the language called `name`. Throws Error naming those there are.
const Toolchain& FindToolchain(const std::string& name);

// The first of `names` that is a program in /usr/local/bin, /usr/bin or /bin, else empty. These
// folders only: what a user's PATH has in front is often a wrapper script with files all over a
// home directory.
std::string FindProgram(const std::vector<std::string>& names);

// The shared libraries and the dynamic linker, as far as they are here.
std::vector<std::string> LibraryPaths();

// `paths` without those that do not exist.
std::vector<std::string> Existing(const std::vector<std::string>& paths);

// `paths` with wildcards of glob(7), expanded; what matches nothing is left out.
std::vector<std::string> Expanded(const std::vector<std::string>& patterns);

// Both lists, in order.
std::vector<std::string> Joined(std::vector<std::string> first,
                                const std::vector<std::string>& second);

}  // namespace rationale
