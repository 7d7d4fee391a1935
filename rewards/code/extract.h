// Extract: the program in a response, wherever a model may have put it.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

enum class ProgramStyle {
  kFence,  // the last block between ``` or ~~~ lines that names the language, else names none
  kTag,    // the last [PYTHON]..[/PYTHON], <code>..</code> or \begin{code}..\end{code}
  kWhole,  // the text itself, as a base model continues a prompt
};

// "fence", "tag" or "whole".
const char* ProgramStyleName(ProgramStyle style);

struct ExtractedProgram {
  std::string text;  // indentation kept, except that of the fence itself
  ProgramStyle style = ProgramStyle::kFence;
};

// The program in `text` by the first style of `order` that finds one that is not blank. `language`:
// one of the sandbox's names; fences may use its usual aliases (py, c++, js, ...). A block that is
// never closed counts only where no closed one does; a block of another language never.
std::optional<ExtractedProgram> ExtractProgram(std::string_view text, const std::string& language,
                                               const std::vector<ProgramStyle>& order);

// `text` without the one blank that sets it apart from a tag in front of it, as in "<answer> x = 1
// </answer>": it is no indentation of the program's.
std::string_view WithoutBlankBehindTag(std::string_view text);

}  // namespace rationale
