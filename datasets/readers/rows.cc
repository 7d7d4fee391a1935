#include "datasets/readers/rows.h"

#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "datasets/readers/formats.h"

namespace rationale {
namespace {

constexpr int kLevelsMax = 64;

DataFormat FormatOf(std::string_view path) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  constexpr std::pair<std::string_view, DataFormat> kEndings[] = {
      {".jsonl", DataFormat::kJsonl}, {".ndjson", DataFormat::kJsonl},
      {".json", DataFormat::kJson},   {".parquet", DataFormat::kParquet},
      {".tsv", DataFormat::kTsv},     {".csv", DataFormat::kCsv},
  };
  for (const auto& [ending, format] : kEndings) {
    if (path.ends_with(ending)) return format;
  }
  return DataFormat::kAuto;
}

}  // namespace

std::vector<std::pair<std::string_view, DataFormat>> ConfigNames(DataFormat) {
  return {{"auto", DataFormat::kAuto}, {"jsonl", DataFormat::kJsonl},
          {"json", DataFormat::kJson}, {"parquet", DataFormat::kParquet},
          {"tsv", DataFormat::kTsv},   {"csv", DataFormat::kCsv}};
}

void RequireRow(const rapidjson::Value& value, const std::string& where) {
  if (!NestedWithin(value, kLevelsMax)) {
    throw Error("{}: found values nested deeper than {} levels", where, kLevelsMax);
  }
  JsonObject(value, where);
}

void ParseRow(Row& row) {
  if (const auto source = std::move(row.source)) source->Parse(row);
  if (row.unparsed.empty()) return;
  const size_t colon = row.where.rfind(':');
  row.value =
      ParseJson(row.unparsed, row.where.substr(0, colon), std::stoll(row.where.substr(colon + 1)));
  RequireRow(row.value, row.where);
  row.unparsed.clear();
}

std::unique_ptr<RowReader> OpenRows(const std::string& path, const RowFormat& format) {
  switch (format.format == DataFormat::kAuto ? FormatOf(path) : format.format) {
    case DataFormat::kJsonl:
      return OpenJsonl(path, format);
    case DataFormat::kJson:
      return OpenJsonArray(path, format);
    case DataFormat::kParquet:
      return OpenParquet(path, format);
    case DataFormat::kTsv:
      return OpenDelimited(path, format, false);
    case DataFormat::kCsv:
      return OpenDelimited(path, format, true);
    case DataFormat::kAuto:
      break;
  }
  throw Error(
      "{}: its name does not tell the format; name it .jsonl, .json, .parquet, .tsv or .csv (also "
      ".gz), or "
      "set data.format",
      path);
}

}  // namespace rationale
