// Running the program itself, as built.

#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace rationale {

struct Ended {
  int exit_code = -1;
  std::string output;  // standard output and error together, unless the arguments redirect them
};

// Runs it through a shell.
inline Ended RunProgram(const std::string& arguments) {
  Ended ended;
  const std::string line = "{ \"$P\" " + arguments + "; } 2>&1";
  setenv("P", RATIONALE_PROGRAM, 1);
  FILE* pipe = popen(line.c_str(), "r");
  std::array<char, 4096> buffer;
  while (const size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) {
    ended.output.append(buffer.data(), count);
  }
  const int status = pclose(pipe);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

}  // namespace rationale
