// Wire: what the library and the jail's helper program say to each other.
//
// Both ends are built from this header, and both are ours: programs under test never see this
// socket. Bulk travels as a memfd beside a one-byte message, so that no message is ever split.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace rationale::jail {

// Descriptors of the helper when it starts.
inline constexpr int kControlFd = 3;   // SOCK_SEQPACKET: jobs in, reports out
inline constexpr int kLifelineFd = 4;  // a pipe; end-of-file: the library is gone, so must we
inline constexpr int kConfigFd = 5;    // a memfd holding a CellConfig
inline constexpr int kFirstFreeFd = 6;

inline constexpr int64_t kUnlimited = -1;

// The files of one memory or pids cgroup that the warden holds open; -1 where there is none.
enum CgroupFile {
  kMemoryLimit,
  kMemoryPeak,
  kMemoryUsage,
  kMemoryEvents,
  kPidsLimit,
  kNumCgroupFiles
};

struct CellConfig {
  std::vector<std::string> paths;    // what the root shows, read-only, at the same places
  std::vector<std::string> server;   // argv of the fork server; empty: every job is executed afresh
  std::string server_library;        // the shared library it loads
  std::string filter;                // the seccomp program, struct sock_filter[]
  std::vector<std::string> cgroups;  // the folders the cell's processes join
  uint32_t outer_uid = 0;            // whom the jail's user 1000 is outside
  uint32_t outer_gid = 0;
  uint8_t privileged = 0;  // we are root: map another user and leave our groups
  uint8_t cgroup_v2 = 0;
  std::vector<std::string> cgroup_files;  // by CgroupFile; empty strings where there is none

  template <class Archive>
  void Visit(Archive& archive) {
    archive(paths), archive(server), archive(server_library), archive(filter), archive(cgroups),
        archive(outer_uid), archive(outer_gid);
    archive(privileged), archive(cgroup_v2), archive(cgroup_files);
  }
};

struct WireFile {
  std::string path;
  std::string contents;
  uint8_t executable = 0;

  template <class Archive>
  void Visit(Archive& archive) {
    archive(path), archive(contents), archive(executable);
  }
};

struct JobRequest {
  std::vector<std::string> argv;         // to execute, or for a fork server the program's sys.argv
  std::vector<std::string> environment;  // "NAME=value"
  std::vector<WireFile> files;
  std::vector<std::string> collect;
  int64_t wall_ms = 0, cpu_ms = 0, memory_bytes = 0, processes = 0, descriptors = 0,
          writable_bytes = 0, files_max = 0;

  template <class Archive>
  void Visit(Archive& archive) {
    archive(argv), archive(environment), archive(files), archive(collect);
    archive(wall_ms), archive(cpu_ms), archive(memory_bytes), archive(processes),
        archive(descriptors);
    archive(writable_bytes), archive(files_max);
  }
};

// Library to warden.
enum class Order : uint8_t {
  kRun,  // with descriptors: request memfd, stdin, stdout, stderr and, if there is one, the channel
  kStop,  // the running job wrote more than it may
};

// Warden to library.
enum class Kind : uint8_t { kReady, kRefused, kDone };
enum class Cause : uint8_t {
  kExited,
  kSignalled,
  kWallTime,
  kCpuTime,
  kMemory,
  kOutput,
  kFiles,
  kJailFailure
};

struct Report {
  Kind kind = Kind::kRefused;
  Cause cause = Cause::kJailFailure;
  uint8_t retire = 0;  // the cell is not as it was: build a new one
  int32_t code = 0;    // exit code, signal number, or errno of a refusal
  int64_t wall_us = 0, cpu_us = 0, peak_bytes = 0;
  uint32_t num_collected = 0;  // descriptors beside the message, in order of ...
  uint32_t collected[8] = {};  // ... these indices into JobRequest::collect
  char text[256] = {};         // a refused step or the reason of an outcome
};
static_assert(std::is_trivially_copyable_v<Report>);
inline constexpr size_t kCollectMax = 8;

// Writes values one after another: integers as they lie in memory, strings and vectors after their
// length.
class Encoder {
 public:
  template <class T>
  void operator()(const T& value) {
    if constexpr (std::is_integral_v<T>) {
      bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      (*this)(static_cast<uint64_t>(value.size()));
      bytes_ += value;
    } else {
      const_cast<T&>(value).Visit(*this);
    }
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    (*this)(static_cast<uint64_t>(values.size()));
    for (const T& value : values) (*this)(value);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what an Encoder wrote. After too few bytes ok() is false and the values are empty.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  void operator()(T& value) {
    if constexpr (std::is_integral_v<T>) {
      if (!Have(sizeof value)) return;
      std::memcpy(&value, bytes_.data(), sizeof value);
      bytes_.remove_prefix(sizeof value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      uint64_t size = 0;
      (*this)(size);
      if (!Have(size)) return;
      value.assign(bytes_.data(), size);
      bytes_.remove_prefix(size);
    } else {
      value.Visit(*this);
    }
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    uint64_t size = 0;
    (*this)(size);
    values.clear();
    for (uint64_t i = 0; ok_ && i < size; ++i) (*this)(values.emplace_back());
  }
  bool ok() const { return ok_; }

 private:
  bool Have(uint64_t size) {
    ok_ = ok_ && size <= bytes_.size();
    return ok_;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

template <class T>
std::string Encode(const T& value) {
  Encoder encoder;
  encoder(value);
  return encoder.bytes();
}

// A new memfd holding `bytes`, at offset 0, closed on exec. -1 with errno on failure.
int MemoryFile(const char* name, std::string_view bytes);

// All of a memfd from its beginning. False with errno on failure.
bool ReadMemoryFile(int fd, std::string& bytes);

// Sends one message with descriptors. False with errno on failure.
bool SendMessage(int socket, const void* bytes, size_t size, std::span<const int> fds = {});

// Receives one message with its descriptors (closed on exec). Returns its size, 0 at end-of-file,
// -1 with errno.
ssize_t ReceiveMessage(int socket, void* bytes, size_t size, std::vector<int>& fds, int flags = 0);

}  // namespace rationale::jail
