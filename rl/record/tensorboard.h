// TensorboardFile: scalars as TensorBoard reads them.
//
// A file is a sequence of records: length (8 bytes), masked CRC-32C of the length, data, masked
// CRC-32C of the data; a record's data is an Event message (tensorflow/core/util/event.proto). Of
// its fields six are needed, so we write the wire format ourselves.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/files.h"

namespace rationale {

// CRC-32C (Castagnoli) of `bytes`, RFC 3720 appendix B.4.
uint32_t Crc32c(std::string_view bytes);

class TensorboardFile {
 public:
  // Makes a new events.out.tfevents.* in `folder`, sorted after those already there, that makes
  // TensorBoard forget what they hold of `first_step` and later: an interrupted run may have come
  // further than it is resumed from. Throws Failure.
  TensorboardFile(const std::string& folder, int64_t first_step);

  // One point on each curve. Flushed. Throws Failure.
  void Write(int64_t step, std::span<const std::pair<std::string, double>> values);

 private:
  void WriteRecord(std::string_view event);

  std::unique_ptr<FileWriter> file_;
};

}  // namespace rationale
