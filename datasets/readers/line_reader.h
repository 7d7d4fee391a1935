// LineReader: the lines of a text file, plain or gzip, one at a time.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rationale {

class LineReader {
 public:
  // Throws Error naming the path if it cannot be opened. Lines of more than `line_bytes_max` bytes
  // are refused.
  LineReader(const std::string& path, int64_t line_bytes_max);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its LF or CR LF, and without a UTF-8 byte-order mark at the file's start;
  // false at the end. Throws Error naming file and line for a line that is too long, or a damaged
  // or cut-off gzip stream.
  bool Next(std::string& line);

  // Appends the next line to `record`, for records that span lines, with an LF between; false at
  // the end.
  bool Append(std::string& record);

  int64_t line_number() const { return line_number_; }  // of the line last returned, from 1
  const std::string& path() const { return path_; }
  std::string Where() const;  // "path:line"
  // About what share of the lines has been read, in [0, 1]; 0 for what is no regular file.
  double ShareRead() const;

 private:
  bool FillBuffer();  // false at the end of the file
  bool ReadLine(std::string& line);

  struct Stream;
  std::string path_;
  int64_t file_bytes_ = 0;                    // as stored; 0: not known
  double buffer_begin_ = 0, buffer_end_ = 0;  // the buffer's place in the stored file
  int64_t first_lines_ = 0;                   // in the first buffer
  bool first_ = true;                         // the buffer is the first one
  size_t line_bytes_max_;
  std::unique_ptr<Stream> stream_;
  std::vector<char> buffer_;
  size_t position_ = 0, end_ = 0;  // what is left of the buffer
  int64_t line_number_ = 0;
};

}  // namespace rationale
