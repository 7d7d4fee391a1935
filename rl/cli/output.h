// Output: standard output for results, and the edge where faults become messages and exit codes.

#pragma once

#include <functional>
#include <string_view>

namespace rationale {

// Whoever read our standard output has gone (`rationale generate ... | head`): no fault, the
// command just ends.
struct OutputClosed {};

// Writes to standard output and flushes. Throws OutputClosed when the pipe is closed and Failure
// when the disk is full.
void Print(std::string_view text);

// Runs `body` and returns its exit code, or that of what it throws with its message on standard
// error: 2 for Error, 1 for Failure, a failed Check (which says that it is our bug) and anything
// else.
int ExitCodeOf(const std::function<int()>& body);

}  // namespace rationale
