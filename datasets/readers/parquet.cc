// Parquet, through Apache Arrow: batches of rows become JSON values.

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/float16.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "datasets/readers/formats.h"

namespace rationale {
namespace {

using Allocator = rapidjson::Document::AllocatorType;

constexpr int64_t kBatchRows = 256;

// The value of an Arrow result. Throws Error naming the file.
template <class T>
T ValueOf(arrow::Result<T> result, const std::string& path) {
  if (!result.ok()) throw Error("{}: {}", path, result.status().ToString());
  return std::move(result).ValueUnsafe();
}

// Turns the cells of a column into JSON.
class CellReader {
 public:
  CellReader(const std::string& where, Allocator& allocator)
      : where_(where), allocator_(allocator) {}

  rapidjson::Value Read(const arrow::Array& array, int64_t i) const {
    if (array.IsNull(i)) return {};
    switch (array.type_id()) {
      case arrow::Type::NA:
        return {};
      case arrow::Type::BOOL:
        return rapidjson::Value(As<arrow::BooleanArray>(array).Value(i));
      case arrow::Type::STRING:
        return Text(As<arrow::StringArray>(array).GetView(i));
      case arrow::Type::LARGE_STRING:
        return Text(As<arrow::LargeStringArray>(array).GetView(i));
      case arrow::Type::STRING_VIEW:
      case arrow::Type::BINARY_VIEW:
        return Text(As<arrow::BinaryViewArray>(array).GetView(i));
      case arrow::Type::FIXED_SIZE_BINARY:
        return Text(As<arrow::FixedSizeBinaryArray>(array).GetView(i));
      case arrow::Type::BINARY:
        return Text(As<arrow::BinaryArray>(array).GetView(i));
      case arrow::Type::LARGE_BINARY:
        return Text(As<arrow::LargeBinaryArray>(array).GetView(i));
      case arrow::Type::DICTIONARY: {
        const auto& dictionary = As<arrow::DictionaryArray>(array);
        // Not dictionary(): it keeps the array it makes, and is not thread-safe.
        const auto values = arrow::MakeArray(dictionary.data()->dictionary);
        return Read(*values, dictionary.GetValueIndex(i));
      }
      case arrow::Type::LIST:
        return List<arrow::ListArray>(array, i);
      case arrow::Type::LARGE_LIST:
        return List<arrow::LargeListArray>(array, i);
      case arrow::Type::FIXED_SIZE_LIST:
        return List<arrow::FixedSizeListArray>(array, i);
      case arrow::Type::STRUCT:
        return Struct(As<arrow::StructArray>(array), i);
      case arrow::Type::MAP:
        return Map(As<arrow::MapArray>(array), i);
      case arrow::Type::DATE32:
      case arrow::Type::DATE64:
      case arrow::Type::TIME32:
      case arrow::Type::TIME64:
      case arrow::Type::DURATION:
      case arrow::Type::TIMESTAMP:
      case arrow::Type::DECIMAL128:
      case arrow::Type::DECIMAL256:
        return Text(ValueOf(array.GetScalar(i), where_)->ToString());
      default:
        return ReadNumber(array, i);
    }
  }

 private:
  rapidjson::Value ReadNumber(const arrow::Array& array, int64_t i) const {
    switch (array.type_id()) {
      case arrow::Type::INT8:
        return Integer<arrow::Int8Array>(array, i);
      case arrow::Type::INT16:
        return Integer<arrow::Int16Array>(array, i);
      case arrow::Type::INT32:
        return Integer<arrow::Int32Array>(array, i);
      case arrow::Type::INT64:
        return Integer<arrow::Int64Array>(array, i);
      case arrow::Type::UINT8:
        return Integer<arrow::UInt8Array>(array, i);
      case arrow::Type::UINT16:
        return Integer<arrow::UInt16Array>(array, i);
      case arrow::Type::UINT32:
        return Integer<arrow::UInt32Array>(array, i);
      case arrow::Type::UINT64:
        return rapidjson::Value(uint64_t{As<arrow::UInt64Array>(array).Value(i)});
      case arrow::Type::HALF_FLOAT:
        return Shortest(
            arrow::util::Float16::FromBits(As<arrow::HalfFloatArray>(array).Value(i)).ToFloat());
      case arrow::Type::FLOAT:
        return Shortest(As<arrow::FloatArray>(array).Value(i));
      case arrow::Type::DOUBLE:
        return Number(As<arrow::DoubleArray>(array).Value(i));
      default:
        return Unreadable("a column of type " + array.type()->ToString());
    }
  }

  template <class Array>
  static const Array& As(const arrow::Array& array) {
    return static_cast<const Array&>(array);
  }

  template <class Array>
  static rapidjson::Value Integer(const arrow::Array& array, int64_t i) {
    return rapidjson::Value(static_cast<int64_t>(As<Array>(array).Value(i)));
  }

  // NaN is how data frames write "missing"; JSON has neither it nor infinities.
  static rapidjson::Value Number(double value) {
    return std::isfinite(value) ? rapidjson::Value(value) : rapidjson::Value();
  }

  // The double that prints as the float does: 0.1f is 0.1, not 0.10000000149011612.
  static rapidjson::Value Shortest(float value) {
    return std::isfinite(value) ? Number(std::stod(JsonNumber(value))) : rapidjson::Value();
  }

  rapidjson::Value Text(std::string_view text) const {
    if (ValidUtf8(text) != text)
      return Unreadable(fmt::format("{} bytes that are not UTF-8", text.size()));
    return Copy(text);
  }

  rapidjson::Value Copy(std::string_view text) const {
    return {text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator_};
  }

  rapidjson::Value Unreadable(std::string_view what) const {
    rapidjson::Value object(rapidjson::kObjectType);
    object.AddMember(Copy(kUnreadable), Copy(what), allocator_);
    return object;
  }

  rapidjson::Value Key(std::string_view text) const { return Copy(ValidUtf8(text)); }

  template <class ListArray>
  rapidjson::Value List(const arrow::Array& array, int64_t i) const {
    const auto& lists = As<ListArray>(array);
    rapidjson::Value list(rapidjson::kArrayType);
    for (int64_t j = 0; j < lists.value_length(i); ++j) {
      list.PushBack(Read(*lists.values(), lists.value_offset(i) + j), allocator_);
    }
    return list;
  }

  rapidjson::Value Struct(const arrow::StructArray& array, int64_t i) const {
    rapidjson::Value object(rapidjson::kObjectType);
    for (int field = 0; field < array.num_fields(); ++field) {
      object.AddMember(Key(array.struct_type()->field(field)->name()), Read(*array.field(field), i),
                       allocator_);
    }
    return object;
  }

  rapidjson::Value Map(const arrow::MapArray& array, int64_t i) const {
    rapidjson::Value object(rapidjson::kObjectType);
    for (int64_t j = array.value_offset(i); j < array.value_offset(i) + array.value_length(i);
         ++j) {
      const rapidjson::Value key = Read(*array.keys(), j);
      object.AddMember(
          key.IsString() ? Key({key.GetString(), key.GetStringLength()}) : Key(JsonText(key)),
          Read(*array.items(), j), allocator_);
    }
    return object;
  }

  const std::string& where_;
  Allocator& allocator_;
};

// A batch of rows, which any thread turns into JSON.
class RowBatch final : public RowSource {
 public:
  // `first`: the number of its first row.
  RowBatch(std::shared_ptr<arrow::RecordBatch> batch, int64_t first, size_t row_bytes_max)
      : batch_(std::move(batch)), first_(first), row_bytes_max_(row_bytes_max) {}

  void Parse(Row& row) const override {
    row.value = rapidjson::Document(rapidjson::kObjectType);
    Allocator& allocator = row.value.GetAllocator();
    for (int i = 0; i < batch_->num_columns(); ++i) {
      const std::string& name = batch_->column_name(i);
      row.value.AddMember(
          rapidjson::Value(name.data(), static_cast<rapidjson::SizeType>(name.size()), allocator),
          CellReader(row.where, allocator).Read(*batch_->column(i), row.number - first_),
          allocator);
    }
    if (allocator.Size() > row_bytes_max_) {
      throw Error("{}: found a row of more than {} bytes, allowed: data.row_bytes_max", row.where,
                  row_bytes_max_);
    }
    RequireRow(row.value, row.where);
  }

  int64_t end() const { return first_ + batch_->num_rows(); }  // the number of the row behind it

 private:
  const std::shared_ptr<arrow::RecordBatch> batch_;
  const int64_t first_;
  const size_t row_bytes_max_;
};

class ParquetReader final : public RowReader {
 public:
  ParquetReader(const std::string& path, const RowFormat& format)
      : path_(path), row_bytes_max_(static_cast<size_t>(format.row_bytes_max)) {
    auto file = ValueOf(arrow::io::ReadableFile::Open(path), path);
    parquet::ArrowReaderProperties properties;
    properties.set_batch_size(kBatchRows);
    parquet::arrow::FileReaderBuilder builder;
    const arrow::Status opened = builder.Open(std::move(file));
    if (!opened.ok()) throw Error("{}: {}", path, opened.ToString());
    reader_ = ValueOf(builder.properties(properties)->Build(), path);
    batches_ = ValueOf(reader_->GetRecordBatchReader(), path);
  }

  bool Next(Row& row) override {
    if (!NextUnparsed(row)) return false;
    ParseRow(row);
    return true;
  }

  bool NextUnparsed(Row& row) override {
    while (batch_ == nullptr || number_ + 1 == batch_->end()) {
      std::shared_ptr<arrow::RecordBatch> batch = ValueOf(batches_->Next(), path_);
      if (batch == nullptr) return false;
      batch_ = std::make_shared<RowBatch>(std::move(batch), number_ + 1, row_bytes_max_);
    }
    row.number = ++number_;
    row.where = path_ + ":row " + std::to_string(row.number);
    row.unparsed.clear();
    row.source = batch_;
    return true;
  }

  double ShareRead() const override {
    const int64_t rows = reader_->parquet_reader()->metadata()->num_rows();
    return static_cast<double>(number_) / std::max<double>(1, static_cast<double>(rows));
  }

 private:
  std::string path_;
  size_t row_bytes_max_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<const RowBatch> batch_;
  int64_t number_ = 0;  // of the row last given
};

}  // namespace

std::unique_ptr<RowReader> OpenParquet(const std::string& path, const RowFormat& format) {
  return std::make_unique<ParquetReader>(path, format);
}

}  // namespace rationale
