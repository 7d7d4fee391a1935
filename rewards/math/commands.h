// Commands: what each LaTeX command and each function's name means to the lexer.

#pragma once

#include <cstdint>
#include <string_view>

#include "rewards/math/lexer.h"

namespace rationale {

// What the lexer does with a command.
enum class CommandAction : uint8_t {
  kToken,      // emits a token of `kind` and `id`
  kSymbol,     // emits a kSymbol of the command's name
  kSkip,       // emits nothing: spacing, size, font
  kSkipGroup,  // emits nothing and drops the {group} behind it
  kDelimiter,  // \left and \right: emits nothing, drops a '.' behind it
  kText,       // the {group} is text
  kUpright,    // \mathrm: the {group} is a function's name, a letter or text
  kNumberSet,  // \mathbb: the {group} is a number set or a symbol
};

struct Command {
  std::string_view name;
  CommandAction action = CommandAction::kToken;
  TokenKind kind = TokenKind::kEnd;
  uint8_t id = 0;
};

// The command of that name, without its backslash; null if it is not known.
const Command* FindCommand(std::string_view name);

// The function, constant or connective that a run of letters names in plain text ("sin", "pi",
// "and"); null if none.
const Command* FindName(std::string_view letters);

}  // namespace rationale
