// TextTable: padding by display width.

#include "base/text_table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/check.h"

namespace rationale {
namespace {

struct Block {
  uint32_t first, last;
};

// Combining marks, joiners and variation selectors.
constexpr std::array kZeroWidth = {
    Block{0x0300, 0x036F}, Block{0x0483, 0x0489}, Block{0x0591, 0x05BD}, Block{0x0610, 0x061A},
    Block{0x064B, 0x065F}, Block{0x0900, 0x0902}, Block{0x093C, 0x093C}, Block{0x0941, 0x0948},
    Block{0x094D, 0x094D}, Block{0x0981, 0x0981}, Block{0x09BC, 0x09BC}, Block{0x09C1, 0x09C4},
    Block{0x09CD, 0x09CD}, Block{0x0C3E, 0x0C40}, Block{0x0C46, 0x0C56}, Block{0x0E31, 0x0E31},
    Block{0x0E34, 0x0E3A}, Block{0x0E47, 0x0E4E}, Block{0x1AB0, 0x1AFF}, Block{0x1DC0, 0x1DFF},
    Block{0x200B, 0x200F}, Block{0x20D0, 0x20FF}, Block{0x3099, 0x309A}, Block{0xFE00, 0xFE0F},
    Block{0xFE20, 0xFE2F}};

// East Asian Width W and F.
constexpr std::array kWide = {
    Block{0x1100, 0x115F},   Block{0x231A, 0x231B},   Block{0x23E9, 0x23EC},
    Block{0x2614, 0x2615},   Block{0x26AA, 0x26AB},   Block{0x2705, 0x2705},
    Block{0x274C, 0x274C},   Block{0x2753, 0x2757},   Block{0x2E80, 0x303E},
    Block{0x3041, 0x33FF},   Block{0x3400, 0x4DBF},   Block{0x4E00, 0x9FFF},
    Block{0xA000, 0xA4CF},   Block{0xA960, 0xA97F},   Block{0xAC00, 0xD7A3},
    Block{0xF900, 0xFAFF},   Block{0xFE30, 0xFE6F},   Block{0xFF00, 0xFF60},
    Block{0xFFE0, 0xFFE6},   Block{0x1F300, 0x1F64F}, Block{0x1F680, 0x1F6FF},
    Block{0x1F900, 0x1F9FF}, Block{0x20000, 0x3FFFD}};

template <size_t kSize>
bool IsIn(const std::array<Block, kSize>& blocks, uint32_t code) {
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const Block& block) { return code >= block.first && code <= block.last; });
}

// Takes one character off the front of `text`; returns its bytes and its width. A malformed byte is
// one of width 1.
std::pair<std::string_view, size_t> TakeCharacter(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  length = std::min(length, text.size());
  uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i)
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  const std::string_view bytes = text.substr(0, length);
  text.remove_prefix(length);
  return {bytes, IsIn(kZeroWidth, code) ? 0 : IsIn(kWide, code) ? 2 : 1};
}

void AppendPadded(std::string_view cell, const TextTable::Column& column, std::string& line) {
  const size_t width = DisplayWidth(cell);
  const std::string padding(column.width > width ? column.width - width : 0, ' ');
  if (!line.empty()) line += "  ";
  if (!column.left) line += padding;
  line += cell;
  if (column.left) line += padding;
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) width += TakeCharacter(text).second;
  return width;
}

std::string CutToWidth(std::string_view text, size_t width) {
  const bool fits = DisplayWidth(text) <= width;
  if (!fits && width == 0) return "";
  std::string cut;
  for (size_t used = 0; !text.empty();) {
    const auto [bytes, columns] = TakeCharacter(text);
    if (!fits && used + columns > width - 1) return cut + "…";
    const auto first = static_cast<unsigned char>(bytes.front());
    cut += first < 0x20 || first == 0x7F ? " " : bytes;
    used += columns;
  }
  return cut;
}

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (Column& column : columns_) column.width = std::max(column.width, DisplayWidth(column.title));
}

void TextTable::Fit(const std::vector<std::vector<std::string>>& rows) {
  for (const auto& row : rows) {
    Check{row.size() == columns_.size(), "a row of ", row.size(), " cells, not ", columns_.size()};
    for (size_t i = 0; i < row.size(); ++i) {
      columns_[i].width = std::max(columns_[i].width, DisplayWidth(row[i]));
    }
  }
}

std::string TextTable::Header() const {
  std::vector<std::string> titles;
  size_t width = columns_.empty() ? 0 : 2 * (columns_.size() - 1);
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    width += column.width;
  }
  std::string line;
  for (size_t i = 0; i < width; ++i) line += "─";
  return Row(titles) + line + '\n';
}

std::string TextTable::Row(const std::vector<std::string>& cells) const {
  Check{cells.size() == columns_.size(), "a row of ", cells.size(), " cells, not ",
        columns_.size()};
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) AppendPadded(cells[i], columns_[i], line);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

}  // namespace rationale
