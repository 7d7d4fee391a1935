// TSV (tabs, nothing quoted) and CSV (RFC 4180).

#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "datasets/readers/formats.h"
#include "datasets/readers/line_reader.h"

namespace rationale {
namespace {

std::vector<std::string> SplitAtTabs(std::string_view line) {
  std::vector<std::string> cells;
  for (size_t tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t')) {
    cells.emplace_back(line.substr(0, tab));
    line.remove_prefix(tab + 1);
  }
  cells.emplace_back(line);
  return cells;
}

class DelimitedReader final : public RowReader {
 public:
  DelimitedReader(const std::string& path, const RowFormat& format, bool csv)
      : lines_(path, format.row_bytes_max), csv_(csv), columns_(format.columns) {
    if (!format.header) return;
    if (!columns_.empty()) {
      throw Error(
          "{}: data.columns names the columns of a file without header: set data.header = false",
          path);
    }
    NextRecord(columns_);
    CheckColumns();
  }

  bool Next(Row& row) override {
    std::vector<std::string> cells;
    if (!NextRecord(cells)) return false;
    if (columns_.empty()) {
      for (size_t i = 0; i < cells.size(); ++i) columns_.push_back(std::to_string(i));
    }
    row.where = fmt::format("{}:{}", lines_.path(), first_line_);
    if (cells.size() != columns_.size()) {
      throw Error("{}: found {} columns, allowed: {} ({})", row.where, cells.size(),
                  columns_.size(), fmt::join(columns_, ", "));
    }
    row.number = ++number_;
    row.value = rapidjson::Document(rapidjson::kObjectType);
    auto& allocator = row.value.GetAllocator();
    const auto text = [&allocator](const std::string& s) {
      return rapidjson::Value(s.data(), static_cast<rapidjson::SizeType>(s.size()), allocator);
    };
    for (size_t i = 0; i < cells.size(); ++i) {
      row.value.AddMember(text(columns_[i]), text(cells[i]), allocator);
    }
    return true;
  }

  double ShareRead() const override { return lines_.ShareRead(); }

 private:
  void CheckColumns() {
    std::set<std::string> seen;
    for (const std::string& column : columns_) {
      if (!seen.insert(column).second) {
        throw Error(
            "{}: found two columns '{}' in the header; without a header line, set data.header = "
            "false",
            lines_.Where(), column);
      }
    }
  }

  // The next record that is not blank.
  bool NextRecord(std::vector<std::string>& cells) {
    do {
      if (!lines_.Next(line_)) return false;
    } while (line_.empty());
    first_line_ = lines_.line_number();
    cells = csv_ ? SplitCsv() : SplitAtTabs(line_);
    if (ValidUtf8(line_) != line_)
      throw Error("{}: found bytes that are not UTF-8", lines_.Where());
    return true;
  }

  // The cells of the record that starts in line_; lines are appended to it while a quote is open.
  std::vector<std::string> SplitCsv() {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (size_t i = 0; i < line_.size() || quoted; ++i) {
      if (i == line_.size()) {
        if (!lines_.Append(line_)) {
          throw Error("{}:{}: found a quoted cell without its closing quote", lines_.path(),
                      first_line_);
        }
        // line_[i] is now the line break inside the quotes
      }
      const char c = line_[i];
      if (quoted && c == '"') {
        quoted = line_.compare(i, 2, "\"\"") == 0;
        if (quoted) {
          cells.back() += line_[i++];
        } else if (i + 1 < line_.size() && line_[i + 1] != ',') {
          ThrowAfterQuote(i + 1);
        }
      } else if (!quoted && c == '"' && cells.back().empty()) {
        quoted = true;
      } else if (!quoted && c == ',') {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    return cells;
  }

  [[noreturn]] void ThrowAfterQuote(size_t i) const {
    throw Error("{}: found '{}' after a closing quote, allowed: a comma or the line's end",
                lines_.Where(), line_.substr(i, 20));
  }

  LineReader lines_;
  bool csv_;
  std::vector<std::string> columns_;
  std::string line_;
  int64_t first_line_ = 0;
  int64_t number_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> OpenDelimited(const std::string& path, const RowFormat& format,
                                         bool csv) {
  return std::make_unique<DelimitedReader>(path, format, csv);
}

}  // namespace rationale
