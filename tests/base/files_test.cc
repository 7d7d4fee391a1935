#include "base/files.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "base/error.h"
#include "tests/full_disk.h"

namespace rationale {
namespace {

size_t NumEntries(const std::string& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST(ReadFile, ReturnsWhatWasWrittenDurably) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a";
  const std::string bytes("zero \0 inside", 13);
  WriteFileDurably(path, "old");
  WriteFileDurably(path, bytes);
  EXPECT_EQ(ReadFile(path), bytes);
  EXPECT_EQ(NumEntries(folder.path()), 1u);
}

TEST(ReadFile, NamesAMissingFileAndAFolder) {
  const TemporaryFolder folder;
  for (const std::string& path : {folder.path() + "/missing", folder.path()}) {
    try {
      ReadFile(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).rfind(path + ": ", 0), 0u) << error.what();
    }
  }
}

TEST(MappedFile, ShowsTheFilesBytesAlsoWhenItIsEmpty) {
  const TemporaryFolder folder;
  WriteFileDurably(folder.path() + "/full", "mapped");
  WriteFileDurably(folder.path() + "/empty", "");
  MappedFile full(folder.path() + "/full");
  EXPECT_EQ(full.text(), "mapped");
  MappedFile other(folder.path() + "/empty");
  EXPECT_EQ(other.size(), 0u);
  other = std::move(full);
  EXPECT_EQ(other.text(), "mapped");
  EXPECT_THROW(MappedFile(folder.path() + "/missing"), Error);
}

TEST(WriteFileDurably, OnAFullDiskKeepsTheOldFileAndLeavesNothingBehind) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/state";
  WriteFileDurably(path, "the old one");
  {
    const FullDisk full(1000);
    try {
      WriteFileDurably(path, std::string(5000, 'x'));
      FAIL();
    } catch (const Failure& failure) {
      EXPECT_NE(std::string(failure.what()).find(path), std::string::npos) << failure.what();
    }
  }
  EXPECT_EQ(ReadFile(path), "the old one");
  EXPECT_EQ(NumEntries(folder.path()), 1u);
}

TEST(TemporaryFolder, GoesWithItsContent) {
  std::string path;
  {
    const TemporaryFolder folder;
    path = folder.path();
    MakeFolders(path + "/a/b");
    WriteFileDurably(path + "/a/b/c", "x");
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(RemoveAll, TakesAFolderAndIsContentWithNothing) {
  const TemporaryFolder folder;
  MakeFolders(folder.path() + "/a/b");
  RemoveAll(folder.path() + "/a");
  RemoveAll(folder.path() + "/a");
  EXPECT_EQ(NumEntries(folder.path()), 0u);
}

// FIPS 180-2, appendix B.1 and B.2.
TEST(Sha256, GivesTheStandardsKnownAnswersHoweverTheBytesArrive) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 sha;
  sha.Update("abcdbcdecdefdefgefghfghighij");
  sha.Update("hijkijkljklmklmnlmnomnopnopq");
  EXPECT_EQ(sha.Hex(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(ReplaceFolderDurably, TheTargetIsNeverAbsent) {
  const TemporaryFolder folder;
  const std::string target = folder.path() + "/target", fresh = folder.path() + "/fresh";
  MakeFolders(fresh);
  ReplaceFolderDurably(fresh, target);  // where there is none yet
  std::atomic<bool> done{false};
  int64_t absent = 0;
  std::thread reader([&] {
    while (!done.load()) absent += std::filesystem::exists(target) ? 0 : 1;
  });
  for (int i = 0; i < 200; ++i) {
    MakeFolders(fresh);
    WriteFileDurably(fresh + "/number", std::to_string(i));
    ReplaceFolderDurably(fresh, target);
  }
  done.store(true);
  reader.join();
  EXPECT_EQ(absent, 0);
  EXPECT_EQ(ReadFile(target + "/number"), "199");
  EXPECT_FALSE(std::filesystem::exists(fresh));
}

}  // namespace
}  // namespace rationale
