// TextTable: aligned columns for people, aware that CJK characters fill two columns of a terminal.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// Columns of a terminal that UTF-8 text takes: 2 for East Asian wide and emoji, 0 for combining
// marks (Unicode Standard Annex 11, by its larger blocks), 1 else.
size_t DisplayWidth(std::string_view text);

// `text` cut to at most `width` columns, the last of them an ellipsis when something was cut.
// Control characters become spaces: what a model or a program wrote does not steer the terminal.
std::string CutToWidth(std::string_view text, size_t width);

// A table whose rows can be printed as they come: a column is as wide as its title and `width` say,
// wider cells push the rest of their own row to the right.
class TextTable {
 public:
  struct Column {
    std::string title;
    size_t width = 0;
    bool left = false;  // else aligned right, as numbers are
  };

  explicit TextTable(std::vector<Column> columns);

  // Widens columns so that `rows` fit: for a table that is known whole.
  void Fit(const std::vector<std::vector<std::string>>& rows);

  std::string Header() const;  // titles and a line under them, each ending in '\n'
  // Requires one cell a column.
  std::string Row(const std::vector<std::string>& cells) const;

 private:
  std::vector<Column> columns_;
};

}  // namespace rationale
