// Output: the only place where exceptions end.

#include "rl/cli/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "base/check.h"
#include "base/error.h"

namespace rationale {
namespace {

void Complain(std::string_view text) {
  const std::string line = fmt::format("rationale: {}\n", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void Print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw OutputClosed();
  throw Failure("standard output cannot be written: {}", std::strerror(errno));
}

int ExitCodeOf(const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    Complain(error.what());
    return 2;
  } catch (const Failure& failure) {
    Complain(failure.what());
  } catch (const CheckFailure& failure) {
    Complain(fmt::format("a bug in rationale, please report it: {}", failure.what()));
  } catch (const std::bad_alloc&) {
    Complain("out of memory");
  } catch (const std::exception& exception) {
    Complain(exception.what());
  } catch (const OutputClosed&) {
    return 0;
  }
  return 1;
}

}  // namespace rationale
