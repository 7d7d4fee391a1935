// TensorboardFile: records of Event messages in protobuf's wire format.

#include "rl/record/tensorboard.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace rationale {
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";

// protobuf's wire types
constexpr uint32_t kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

class Message {
 public:
  Message& Varint(uint32_t field, uint64_t value) {
    Tag(field, kVarint);
    AppendVarint(value);
    return *this;
  }
  Message& Double(uint32_t field, double value) {
    Tag(field, kFixed64);
    return Append(std::bit_cast<uint64_t>(value));
  }
  Message& Float(uint32_t field, float value) {
    Tag(field, kFixed32);
    return Append(std::bit_cast<uint32_t>(value));
  }
  Message& Bytes(uint32_t field, std::string_view value) {
    Tag(field, kBytes);
    AppendVarint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void Tag(uint32_t field, uint32_t wire_type) { AppendVarint(field << 3 | wire_type); }
  void AppendVarint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  template <class Unsigned>
  Message& Append(Unsigned value) {
    for (size_t i = 0; i < sizeof(value); ++i) bytes_ += static_cast<char>(value >> (8 * i));
    return *this;
  }

  std::string bytes_;
};

// Field numbers of event.proto and summary.proto.
namespace event_field {
constexpr uint32_t kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
constexpr uint32_t kSummaryValue = 1, kValueTag = 1, kValueSimple = 2, kSessionStatus = 1;
constexpr uint64_t kSessionStart = 1;

Message EventAt(int64_t step) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Message event;
  event.Double(event_field::kWallTime, std::chrono::duration<double>(now).count());
  if (step != 0) event.Varint(event_field::kStep, static_cast<uint64_t>(step));  // 0 is not written
  return event;
}

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  constexpr uint32_t kReversedPolynomial = 0x82F63B78;
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kReversedPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

std::string Fixed(uint64_t value, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string MaskedCrc(std::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return Fixed(std::rotr(crc, 15) + 0xA282EAD8u, 4);
}

// Seconds since 1970, or more if a file of the folder claims more: TensorBoard reads files in the
// order of names.
int64_t StartSeconds(const std::string& folder) {
  int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    seconds =
        std::max<int64_t>(seconds, std::strtoll(name.c_str() + kPrefix.size(), nullptr, 10) + 1);
  }
  return seconds;
}

std::string HostName() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = MakeCrcTable();
  uint32_t crc = ~0u;
  for (const char byte : bytes)
    crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

TensorboardFile::TensorboardFile(const std::string& folder, int64_t first_step) {
  MakeFolders(folder);
  file_ = std::make_unique<FileWriter>(fmt::format("{}/{}{:010}.{}.{}", folder, kPrefix,
                                                   StartSeconds(folder), HostName(), getpid()));
  WriteRecord(EventAt(0).Bytes(event_field::kFileVersion, "brain.Event:2").bytes());
  const Message start = Message().Varint(kSessionStatus, kSessionStart);
  WriteRecord(EventAt(first_step).Bytes(event_field::kSessionLog, start.bytes()).bytes());
}

void TensorboardFile::Write(int64_t step, std::span<const std::pair<std::string, double>> values) {
  Message summary;
  for (const auto& [tag, value] : values) {
    const Message point =
        Message().Bytes(kValueTag, tag).Float(kValueSimple, static_cast<float>(value));
    summary.Bytes(kSummaryValue, point.bytes());
  }
  WriteRecord(EventAt(step).Bytes(event_field::kSummary, summary.bytes()).bytes());
}

void TensorboardFile::WriteRecord(std::string_view event) {
  const std::string length = Fixed(event.size(), 8);
  file_->Write(length + MaskedCrc(length) + std::string(event) + MaskedCrc(event));
}

}  // namespace rationale
