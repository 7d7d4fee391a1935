// Rows: one streaming interface to every file format problems come in.

#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rationale {

enum class DataFormat { kAuto, kJsonl, kJson, kParquet, kTsv, kCsv };
std::vector<std::pair<std::string_view, DataFormat>> ConfigNames(DataFormat);

struct Row;

// What several rows are still to be made of.
class RowSource {
 public:
  virtual ~RowSource() = default;

  // Makes row.value, of the row that row.number says. Thread-safe. Throws as RowReader::Next does.
  virtual void Parse(Row& row) const = 0;
};

// One record of a data file. `where` is "train.jsonl:17" (a line) or "train.parquet:row 17" and
// begins every message about the row; `number` counts the file's rows from 1.
struct Row {
  rapidjson::Document value;  // an object: its columns in the file's order
  std::string where;
  int64_t number = 0;
  // What ParseRow makes the value of: its JSON text, or the source; both empty when it is made.
  std::string unparsed = {};
  std::shared_ptr<const RowSource> source = nullptr;
};

// How a file is to be read.
struct RowFormat {
  DataFormat format = DataFormat::kAuto;  // auto: by the name's ending, .gz aside
  bool header = true;                     // TSV, CSV: the first line names the columns
  std::vector<std::string> columns = {};  // TSV, CSV without header; empty: "0", "1", ...
  int64_t row_bytes_max = 16 << 20;       // longer rows are refused
};

class RowReader {
 public:
  virtual ~RowReader() = default;

  // Fills `row` with the next record; false after the last. Throws Error naming file and line, and
  // what was found, for a record that is malformed, larger than the limit or nested deeper than 64
  // levels.
  virtual bool Next(Row& row) = 0;

  // The same, but may leave the larger part of the work to ParseRow, which any thread may call; so
  // faults of the record are thrown there.
  virtual bool NextUnparsed(Row& row) {
    row.unparsed.clear();
    return Next(row);
  }

  // About what share of the file has been read, in [0, 1], for progress; 0 if that cannot be told
  // (a pipe).
  virtual double ShareRead() const = 0;
};

// The only key of an object that stands for a cell which has no JSON value.
inline constexpr std::string_view kUnreadable = "(unreadable)";

// Completes what NextUnparsed gave. Throws as RowReader::Next does.
void ParseRow(Row& row);

// Opens a file. All formats but Parquet are read as a stream, through zlib: a gzip file is
// recognised by its content.
// - JSONL: one object a line; blank lines are skipped, a byte-order mark and CR before LF are
// allowed
// - JSON: one array of objects, or one object that holds one such array; read whole
// - Parquet: strings, booleans, numbers, dates and times (as text), lists, structs, maps,
//   dictionaries; a cell of another type, or whose bytes are no UTF-8, is {kUnreadable: what it
//   is}: a fault for who needs it only
// - TSV: columns between tabs, nothing quoted
// - CSV: RFC 4180: "quoted, with ""quotes"" and line breaks"
// A gzip file that is cut off gives the rows that are whole, then an Error.
// Values of TSV and CSV are strings. Malformed UTF-8 is an Error. Throws Error naming the path when
// it cannot be opened or its format cannot be told.
std::unique_ptr<RowReader> OpenRows(const std::string& path, const RowFormat& format = {});

}  // namespace rationale
