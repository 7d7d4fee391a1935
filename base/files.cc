// Files: POSIX calls, every error named with its path.

#include "base/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>  // renameat2
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rationale {
namespace {

std::string ErrnoText() {
  return std::strerror(errno);
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// An open descriptor of a regular file and its size.
std::pair<int, size_t> OpenForReading(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Error("{}: cannot be read: {}", path, ErrnoText());
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
    close(descriptor);
    throw Error("{}: cannot be read: it is a folder, a file is needed", path);
  }
  return {descriptor, static_cast<size_t>(status.st_size)};
}

void Sync(const std::string& path, int flags) {
  const int descriptor = open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) throw Failure("{}: cannot be opened: {}", path, ErrnoText());
  const bool synced = fsync(descriptor) == 0 || errno == EINVAL;  // EINVAL: not a disk's
  const std::string reason = ErrnoText();
  close(descriptor);
  if (!synced) throw Failure("{}: cannot be synced: {}", path, reason);
}

}  // namespace

std::string ReadFile(const std::string& path) {
  const auto [descriptor, size] = OpenForReading(path);
  std::string bytes;
  bytes.reserve(size);
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const std::string reason = ErrnoText();
      close(descriptor);
      throw Error("{}: cannot be read: {}", path, reason);
    }
    if (count == 0) break;
    bytes.append(buffer.data(), static_cast<size_t>(count));
  }
  close(descriptor);
  return bytes;
}

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const auto [descriptor, size] = OpenForReading(path);
  size_ = size;
  if (size_ > 0) {
    void* address = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const std::string reason = ErrnoText();
    close(descriptor);
    if (address == MAP_FAILED) throw Error("{}: cannot be mapped: {}", path, reason);
    data_ = static_cast<const std::byte*>(address);
  } else {
    close(descriptor);
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

FileWriter::FileWriter(const std::string& path, Mode mode)
    : path_(path),
      descriptor_(open(
          path.c_str(),
          O_WRONLY | O_CREAT | O_CLOEXEC | (mode == Mode::kAppend ? O_APPEND : O_TRUNC), 0666)) {
  if (descriptor_ < 0) throw Failure("{}: cannot be written: {}", path, ErrnoText());
}

FileWriter::~FileWriter() {
  if (descriptor_ >= 0) close(descriptor_);
}

void FileWriter::Write(const void* bytes, size_t size) {
  Check{descriptor_ >= 0, path_, ": written to after Close()"};
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t count = write(descriptor_, next, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Failure("{}: cannot be written: {}", path_, ErrnoText());
    next += count;
    size -= static_cast<size_t>(count);
  }
}

void FileWriter::Close() {
  const int descriptor = std::exchange(descriptor_, -1);
  Check{descriptor >= 0, path_, ": closed twice"};
  const bool synced = fsync(descriptor) == 0 || errno == EINVAL;  // EINVAL: a pipe or a device
  const std::string reason = ErrnoText();
  if (close(descriptor) != 0 || !synced) throw Failure("{}: cannot be written: {}", path_, reason);
}

void WriteFileDurably(const std::string& path, std::string_view bytes) {
  const std::string temporary = fmt::format("{}.tmp-{}", path, getpid());
  try {
    FileWriter writer(temporary);
    writer.Write(bytes);
    writer.Close();
    RenameDurably(temporary, path);
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
}

void RenameDurably(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    throw Failure("{}: cannot be renamed to {}: {}", from, to, ErrnoText());
  }
  SyncFolder(FolderOf(to));
  if (FolderOf(from) != FolderOf(to)) SyncFolder(FolderOf(from));
}

void ReplaceFolderDurably(const std::string& from, const std::string& to) {
  const bool exchanged =
      renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0;
  if (!exchanged) {
    RemoveAll(to);
    RenameDurably(from, to);
    return;
  }
  SyncFolder(FolderOf(to));
  if (FolderOf(from) != FolderOf(to)) SyncFolder(FolderOf(from));
  RemoveAll(from);  // the old one
}

void SyncFile(const std::string& path) {
  Sync(path, O_RDONLY);
}

void SyncFolder(const std::string& folder) {
  Sync(folder, O_RDONLY | O_DIRECTORY);
}

void MakeFolders(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) throw Failure("{}: cannot be created: {}", path, code.message());
}

void RemoveAll(const std::string& path) {
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) throw Failure("{}: cannot be removed: {}", path, code.message());
}

TemporaryFolder::TemporaryFolder(const std::string& prefix, const std::string& parent) {
  const char* from_environment = std::getenv("TMPDIR");
  std::string folder = parent;
  if (folder.empty()) folder = from_environment != nullptr ? from_environment : "/tmp";
  path_ = fmt::format("{}/{}XXXXXX", folder, prefix);
  if (mkdtemp(path_.data()) == nullptr)
    throw Failure("{}: cannot be created: {}", path_, ErrnoText());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a folder that stays behind is no reason to end the program
  std::filesystem::remove_all(path_, ignored);
}

struct Sha256::Context {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(digest); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  Check{EVP_DigestInit_ex(context_->digest, EVP_sha256(), nullptr) == 1, "OpenSSL has no SHA-256"};
}

Sha256::~Sha256() = default;

void Sha256::Update(const void* bytes, size_t size) {
  Check{EVP_DigestUpdate(context_->digest, bytes, size) == 1, "SHA-256 failed"};
}

std::string Sha256::Hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  Check{EVP_DigestFinal_ex(context_->digest, digest.data(), &size) == 1, "SHA-256 ended twice"};
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return sha.Hex();
}

}  // namespace rationale
