#include "rewards/code/extract.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "rewards/sections.h"
#include "sandbox/sandbox.h"

namespace rationale {
namespace {

bool IsAlias(const std::string& name, const std::string& language) {
  if (name == language) return true;
  const std::vector<std::string>& aliases = Sandbox::Aliases(language);
  return std::find(aliases.begin(), aliases.end(), name) != aliases.end();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// A line of at least three ` or ~, after white space.
struct Fence {
  char mark = 0;  // 0: no fence
  size_t indentation = 0, length = 0;
  std::string label;  // the first word behind it, in lower case
};

Fence ReadFence(std::string_view line) {
  Fence fence;
  while (fence.indentation < line.size() &&
         (line[fence.indentation] == ' ' || line[fence.indentation] == '\t')) {
    ++fence.indentation;
  }
  line.remove_prefix(fence.indentation);
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return fence;
  const size_t end = std::min(line.find_first_not_of(line[0]), line.size());
  if (end < 3) return fence;
  std::string_view label = Trim(line.substr(end));
  if (line[0] == '`' && label.find('`') != std::string_view::npos) return fence;  // ```code```
  fence.mark = line[0];
  fence.length = end;
  // ```{.python .numberLines} and ```python:main.py too.
  if (!label.empty() && label[0] == '{') label.remove_prefix(1);
  if (!label.empty() && label[0] == '.') label.remove_prefix(1);
  fence.label = Lower(label.substr(0, label.find_first_of(" \t:,{}")));
  return fence;
}

std::string_view TakeLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

// The line without as much indentation as its fence has.
std::string_view Dedented(std::string_view line, size_t indentation) {
  size_t cut = 0;
  while (cut < indentation && cut < line.size() && (line[cut] == ' ' || line[cut] == '\t')) ++cut;
  return line.substr(cut);
}

std::string LastFenced(std::string_view text, const std::string& language) {
  // By preference: closed and of the language, closed without a label, the same two never closed.
  std::array<std::string, 4> best;
  Fence open;
  std::string block;
  const auto keep = [&](bool closed) {
    if (Trim(block).empty()) return;
    if (IsAlias(open.label, language) && !open.label.empty()) best[closed ? 0 : 2] = block;
    if (open.label.empty()) best[closed ? 1 : 3] = block;
  };
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    const Fence fence = ReadFence(line);
    if (open.mark == 0) {
      if (fence.mark != 0) open = fence;
    } else if (fence.mark == open.mark && fence.length >= open.length && fence.label.empty()) {
      keep(true);
      block.clear();
      open = {};
    } else {
      block.append(Dedented(line, open.indentation)).push_back('\n');
    }
  }
  if (open.mark != 0) keep(false);
  for (std::string& found : best) {
    if (!found.empty()) return std::move(found);
  }
  return "";
}

std::string LastTagged(std::string_view text, const std::string& language) {
  std::string upper(language);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::pair<std::string, std::string> tags[] = {
      {"[" + upper + "]", "[/" + upper + "]"},
      {"<code>", "</code>"},
      {"\\begin{code}", "\\end{code}"},
  };
  for (const auto& [open, close] : tags) {
    const size_t end = text.rfind(close);
    const size_t begin = text.rfind(open, end);
    if (begin == std::string_view::npos) continue;
    const size_t inner = begin + open.size();
    std::string found(WithoutBlankBehindTag(
        text.substr(inner, end == std::string_view::npos ? end : end - inner)));
    if (!Trim(found).empty()) return found;
  }
  return "";
}

// Without blank lines in front: the first line's indentation may matter.
std::string Whole(std::string_view text) {
  if (Trim(text).empty()) return "";
  while (true) {
    std::string_view rest = text;
    if (!Trim(TakeLine(rest)).empty()) return std::string(text);
    text = rest;
  }
}

}  // namespace

const char* ProgramStyleName(ProgramStyle style) {
  switch (style) {
    case ProgramStyle::kFence:
      return "fence";
    case ProgramStyle::kTag:
      return "tag";
    case ProgramStyle::kWhole:
      return "whole";
  }
  return "?";
}

std::optional<ExtractedProgram> ExtractProgram(std::string_view text, const std::string& language,
                                               const std::vector<ProgramStyle>& order) {
  for (const ProgramStyle style : order) {
    std::string found;
    if (style == ProgramStyle::kFence) found = LastFenced(text, language);
    if (style == ProgramStyle::kTag) found = LastTagged(text, language);
    if (style == ProgramStyle::kWhole) found = Whole(text);
    if (!found.empty()) return ExtractedProgram{std::move(found), style};
  }
  return std::nullopt;
}

std::string_view WithoutBlankBehindTag(std::string_view text) {
  const bool one_blank = text.size() > 1 && text[0] == ' ' && text[1] != ' ';
  return one_blank ? text.substr(1) : text;
}

}  // namespace rationale
