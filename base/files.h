// Files: reading whole or mapped, writing so that a reader never sees a half-written file, SHA-256.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rationale {

// The bytes of a file. Throws Error naming the path when it is missing, unreadable or a folder.
std::string ReadFile(const std::string& path);

// A file's bytes, mapped read-only for as long as the object lives. Movable.
class MappedFile {
 public:
  // Throws Error naming the path when it is missing, unreadable or no regular file.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A new file written from front to back. Every method throws Failure naming the path when the disk
// is full or the write fails otherwise.
class FileWriter {
 public:
  enum class Mode { kReplace, kAppend };

  explicit FileWriter(const std::string& path, Mode mode = Mode::kReplace);
  ~FileWriter();  // closes without reporting errors; call Close() to know
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void Write(const void* bytes, size_t size);
  void Write(std::string_view bytes) { Write(bytes.data(), bytes.size()); }
  void Close();  // fsyncs and closes

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_ = -1;
};

// Replaces `path` by `bytes` so that a crash at any moment leaves the old content or the new one:
// writes <path>.tmp-<pid>, fsyncs, renames over `path`, fsyncs the folder. Throws Failure naming
// the path; then the old file is as it was and the temporary one is gone.
void WriteFileDurably(const std::string& path, std::string_view bytes);

// Renames a file or folder (over a file) and fsyncs the folders concerned. Throws Failure naming
// both paths.
void RenameDurably(const std::string& from, const std::string& to);

// Moves a folder over another one, which is removed, or to where there is none, and fsyncs the
// folders concerned. `to` is never absent meanwhile where the file system can exchange names (ext4,
// xfs, btrfs, tmpfs and overlayfs can; NFS cannot). Throws Failure naming both paths.
void ReplaceFolderDurably(const std::string& from, const std::string& to);

// Makes a file's bytes last: fsync. Throws Failure.
void SyncFile(const std::string& path);

// Makes what was created, renamed or removed in `folder` last: fsync of the folder. Throws Failure.
void SyncFolder(const std::string& folder);

// Creates a folder and its parents; nothing happens if it is there. Throws Failure.
void MakeFolders(const std::string& path);

// Removes a file, or a folder with all that is in it; nothing happens if it is not there. Throws
// Failure.
void RemoveAll(const std::string& path);

// A new empty folder, removed with its content when the object goes.
class TemporaryFolder {
 public:
  // Its name is <parent>/<prefix>XXXXXX; `parent` defaults to $TMPDIR or /tmp. Throws Failure.
  explicit TemporaryFolder(const std::string& prefix = "rationale-",
                           const std::string& parent = "");
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// SHA-256 over all that was given to Update(), in order.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(const void* bytes, size_t size);
  void Update(std::string_view bytes) { Update(bytes.data(), bytes.size()); }
  std::string Hex();  // 64 lower-case digits; ends the computation

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Hex(std::string_view bytes);

}  // namespace rationale
