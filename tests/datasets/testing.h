// What the tests of datasets/ share.

#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/error.h"
#include "base/files.h"

namespace rationale {

inline std::string Golden(const std::string& name) {
  return RATIONALE_SOURCE_DIR "/tests/golden/data/" + name;
}

// The message of the Error that `run` throws; empty if it throws none.
template <class F>
std::string ErrorOf(F run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// JSON lines: n problems "Problem 0?" ... with answers 0 ...
inline std::string Numbered(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    text += R"({"question":"Problem )" + std::to_string(i) + R"(?","answer":)" + std::to_string(i) +
            "}\n";
  }
  return text;
}

// A file of this content in a folder of its own.
class TextFile {
 public:
  TextFile(const std::string& name, const std::string& content)
      : path_(folder_.path() + "/" + name) {
    std::ofstream(path_, std::ios::binary) << content;
  }

  const std::string& path() const { return path_; }

 private:
  TemporaryFolder folder_;
  std::string path_;
};

// $RATIONALE_DATA while the object lives.
class DataFolderIs {
 public:
  explicit DataFolderIs(const std::string& folder) {
    const char* before = std::getenv("RATIONALE_DATA");
    was_set_ = before != nullptr;
    if (was_set_) before_ = before;
    setenv("RATIONALE_DATA", folder.c_str(), 1);
  }
  ~DataFolderIs() {
    if (was_set_) {
      setenv("RATIONALE_DATA", before_.c_str(), 1);
    } else {
      unsetenv("RATIONALE_DATA");
    }
  }
  DataFolderIs(const DataFolderIs&) = delete;
  DataFolderIs& operator=(const DataFolderIs&) = delete;

 private:
  bool was_set_ = false;
  std::string before_;
};

}  // namespace rationale
