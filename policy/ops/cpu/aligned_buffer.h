// AlignedBuffer: uninitialised memory for packed operands; huge pages for what is read at random.

#pragma once

#include <cstdint>
#include <memory>

namespace rationale::ops::cpu {

// Asks the system to back the whole huge pages (2 MiB) within [data, data + bytes) by such; a hint
// that changes no value.
void AskForHugePages(void* data, int64_t bytes);

// `bytes` aligned to 64, in memory for which huge pages are asked: small blocks share some, so that
// a model's weights, read front to back, take a tenth of the address translations. The memory goes
// back when all blocks that share it are gone. Thread-safe.
std::shared_ptr<void> AllocateInHugePages(int64_t bytes);

// Aligned to 64 bytes; from 4 MiB on to 2 MiB, with huge pages asked for.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer&& other) noexcept;
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
  ~AlignedBuffer();

  // At least `bytes`; what was in it is lost if it must grow.
  void* Reserve(int64_t bytes);
  const void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace rationale::ops::cpu
