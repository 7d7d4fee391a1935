// Error and Failure: what this project throws for faults that are not its own bugs (those are
// Check's).
//
// The message is all the user sees: it names the file, line or key, what was found and what is
// allowed.

#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace rationale {

// The user's input is wrong: a recipe, an option, a data file, a model folder. main() exits with 2.
//   throw Error("{}:{}: no field '{}'; the row has: {}", path, line, field, names);
struct Error : std::runtime_error {
  template <typename... Args>
  explicit Error(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

// The world failed us while the input was right: a full disk, a lost worker, a NaN in the loss.
// main() exits with 1.
struct Failure : std::runtime_error {
  template <typename... Args>
  explicit Failure(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

}  // namespace rationale
