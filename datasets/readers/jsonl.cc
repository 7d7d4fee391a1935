// JSON lines, and files that are one JSON array.

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "datasets/readers/formats.h"
#include "datasets/readers/line_reader.h"

namespace rationale {
namespace {

class JsonlReader final : public RowReader {
 public:
  JsonlReader(const std::string& path, const RowFormat& format)
      : lines_(path, format.row_bytes_max) {}

  bool Next(Row& row) override {
    if (!NextUnparsed(row)) return false;
    ParseRow(row);
    return true;
  }

  bool NextUnparsed(Row& row) override {
    do {
      if (!lines_.Next(row.unparsed)) return false;
    } while (row.unparsed.find_first_not_of(" \t\r") == std::string::npos);
    row.where = lines_.Where();
    row.number = ++number_;
    return true;
  }

  double ShareRead() const override { return lines_.ShareRead(); }

 private:
  LineReader lines_;
  int64_t number_ = 0;
};

class JsonArrayReader final : public RowReader {
 public:
  JsonArrayReader(const std::string& path, const RowFormat& format)
      : path_(path), row_bytes_max_(format.row_bytes_max) {
    constexpr int64_t kFileBytesMax = int64_t{1} << 30;  // it is held in memory whole
    std::string text, line;
    LineReader lines(path, kFileBytesMax);
    while (lines.Next(line)) {
      text.append(line).append("\n");
      if (text.size() > static_cast<size_t>(kFileBytesMax)) {
        throw Error("{}: found a JSON file of more than {} bytes; turn it into JSON lines", path,
                    kFileBytesMax);
      }
    }
    file_ = ParseJson(text, path);
    rows_ = &file_;
    if (file_.IsObject()) {
      const auto is_array = [](const auto& member) { return member.value.IsArray(); };
      const auto found = std::find_if(file_.MemberBegin(), file_.MemberEnd(), is_array);
      if (std::count_if(file_.MemberBegin(), file_.MemberEnd(), is_array) == 1)
        rows_ = &found->value;
    }
    if (!rows_->IsArray()) {
      throw Error(
          "{}: found no array of rows, allowed: [{{..}}, ..] or an object with one such member",
          path);
    }
  }

  bool Next(Row& row) override {
    if (static_cast<rapidjson::SizeType>(number_) == rows_->Size()) return false;
    const rapidjson::Value& value = (*rows_)[static_cast<rapidjson::SizeType>(number_)];
    row.number = ++number_;
    row.where = path_ + ":row " + std::to_string(row.number);
    RequireRow(value, row.where);
    if (JsonText(value).size() > static_cast<size_t>(row_bytes_max_)) {
      throw Error("{}: found a row of more than {} bytes, allowed: data.row_bytes_max", row.where,
                  row_bytes_max_);
    }
    row.value = rapidjson::Document();
    row.value.CopyFrom(value, row.value.GetAllocator());
    return true;
  }

  double ShareRead() const override {
    return static_cast<double>(number_) / std::max<double>(1, rows_->Size());
  }

 private:
  std::string path_;
  int64_t row_bytes_max_;
  rapidjson::Document file_;
  const rapidjson::Value* rows_ = nullptr;
  int64_t number_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> OpenJsonl(const std::string& path, const RowFormat& format) {
  return std::make_unique<JsonlReader>(path, format);
}

std::unique_ptr<RowReader> OpenJsonArray(const std::string& path, const RowFormat& format) {
  return std::make_unique<JsonArrayReader>(path, format);
}

}  // namespace rationale
