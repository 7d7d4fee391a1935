#include "datasets/readers/line_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace rationale {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

struct LineReader::Stream {
  gzFile file = nullptr;

  ~Stream() {
    if (file != nullptr) gzclose_r(file);
  }
};

LineReader::LineReader(const std::string& path, int64_t line_bytes_max)
    : path_(path),
      line_bytes_max_(static_cast<size_t>(line_bytes_max)),
      stream_(std::make_unique<Stream>()),
      buffer_(kBufferBytes) {
  errno = 0;
  stream_->file = gzopen(path.c_str(), "rb");  // passes plain files through
  if (stream_->file == nullptr) {
    throw Error("{}: cannot be opened: {}", path, std::strerror(errno));
  }
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) {
    file_bytes_ = static_cast<int64_t>(std::filesystem::file_size(path, ignored));
  }
}

LineReader::~LineReader() = default;

bool LineReader::FillBuffer() {
  const int count = gzread(stream_->file, buffer_.data(), static_cast<unsigned>(buffer_.size()));
  int code = Z_OK;
  const char* message = gzerror(stream_->file, &code);
  // A stream that was cut off: first what is there of it, then the error.
  if (count < 0 || (count == 0 && code == Z_BUF_ERROR)) {
    throw Error("{}: cannot be read after line {}: {}", path_, line_number_,
                code == Z_ERRNO ? std::strerror(errno) : message);
  }
  position_ = 0;
  end_ = static_cast<size_t>(count);
  first_ = buffer_end_ == 0;
  buffer_begin_ = std::exchange(buffer_end_, static_cast<double>(gzoffset(stream_->file)));
  if (first_ && count > 0) {
    first_lines_ = std::count(buffer_.begin(), buffer_.begin() + count, '\n') +
                   (buffer_[end_ - 1] == '\n' ? 0 : 1);
  }
  return count > 0;
}

bool LineReader::ReadLine(std::string& line) {
  line.clear();
  bool any = false;
  while (position_ < end_ || FillBuffer()) {
    any = true;
    const char* start = buffer_.data() + position_;
    const size_t unread = end_ - position_;
    const void* stop = std::memchr(start, '\n', unread);
    const size_t length =
        stop == nullptr ? unread : static_cast<size_t>(static_cast<const char*>(stop) - start);
    if (line.size() + length > line_bytes_max_) {
      throw Error("{}:{}: found a line of more than {} bytes, allowed: data.row_bytes_max", path_,
                  line_number_ + 1, line_bytes_max_);
    }
    line.append(start, length);
    position_ += length;
    if (position_ < end_) {  // at the LF
      ++position_;
      break;
    }
  }
  if (any) ++line_number_;
  return any;
}

bool LineReader::Next(std::string& line) {
  if (!ReadLine(line)) return false;
  if (line_number_ == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

bool LineReader::Append(std::string& record) {
  std::string line;
  if (!Next(line)) return false;
  record.append("\n").append(line);
  if (record.size() > line_bytes_max_) {
    throw Error("{}: found a record of more than {} bytes, allowed: data.row_bytes_max", Where(),
                line_bytes_max_);
  }
  return true;
}

double LineReader::ShareRead() const {
  if (file_bytes_ <= 0) return 0;
  double of_buffer = 1;
  if (first_ && first_lines_ > 0) {
    // Of few lines their number tells more than their bytes do: a long one may come first.
    of_buffer = static_cast<double>(line_number_) / static_cast<double>(first_lines_);
  } else if (end_ > 0) {
    of_buffer = static_cast<double>(position_) / static_cast<double>(end_);
  }
  const double offset = buffer_begin_ + of_buffer * (buffer_end_ - buffer_begin_);
  return std::clamp(offset / static_cast<double>(file_bytes_), 0.0, 1.0);
}

std::string LineReader::Where() const {
  return fmt::format("{}:{}", path_, line_number_);
}

}  // namespace rationale
