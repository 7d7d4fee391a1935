#include "datasets/paths.h"

#include <glob.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/error.h"

namespace rationale {
namespace {

bool IsPattern(std::string_view path) {
  return path.find_first_of("*?") != std::string_view::npos;
}

std::vector<std::string> Matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  }
  globfree(&found);
  return paths;
}

// The last `count` components of a path.
std::string Tail(const std::filesystem::path& path, int count) {
  std::filesystem::path tail = path.filename();
  std::filesystem::path folder = path.parent_path();
  for (int i = 1; i < count && folder.has_filename(); ++i, folder = folder.parent_path()) {
    tail = folder.filename() / tail;
  }
  return tail.string();
}

}  // namespace

std::string DataFolder() {
  const char* folder = std::getenv("RATIONALE_DATA");
  return folder == nullptr || *folder == '\0' ? "../shared/data" : folder;
}

std::vector<std::string> ExpandPaths(const std::vector<std::string>& paths, std::string_view key) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::vector<std::string> places = {path};
    if (!std::filesystem::path(path).is_absolute()) places.push_back(DataFolder() + "/" + path);
    const size_t before = files.size();
    for (const std::string& place : places) {
      if (IsPattern(place) && !std::filesystem::exists(place)) {
        for (std::string& match : Matches(place)) files.push_back(std::move(match));
      } else if (std::filesystem::is_directory(place)) {
        throw Error("{}: '{}' is a folder, allowed: files, or a pattern such as '{}'", key, place,
                    (std::filesystem::path(place) / "*.jsonl").string());
      } else if (std::filesystem::exists(place)) {
        files.push_back(place);
      }
      if (files.size() > before) break;
    }
    if (files.size() == before) {
      throw Error("{}: no file '{}'; looked for: {}", key, path, fmt::join(places, ", "));
    }
  }
  return files;
}

std::vector<std::string> ShortNames(const std::vector<std::string>& paths) {
  constexpr int kFoldersMax = 64;
  std::vector<std::string> names;
  names.reserve(paths.size());
  for (const std::string& path : paths) names.push_back(Tail(path, 1));
  for (int count = 1; count <= kFoldersMax; ++count) {
    std::map<std::string, int> uses;
    for (const std::string& name : names) ++uses[name];
    if (uses.size() == names.size()) return names;
    for (size_t i = 0; i < names.size(); ++i) {
      if (uses[names[i]] > 1) names[i] = Tail(paths[i], count + 1);
    }
  }
  throw Error("data.files: a file is named twice: {}", fmt::join(names, ", "));
}

std::string LanguageOfFile(std::string_view path, std::string_view pattern) {
  constexpr std::string_view kPlace = "{language}";
  const std::string name = Tail(path, 1);
  const size_t place = pattern.find(kPlace);
  if (place == std::string_view::npos) {
    throw Error("data.file_language: found '{}', allowed: a file name with {{language}} in it",
                pattern);
  }
  const std::string_view before = pattern.substr(0, place);
  const std::string_view after = pattern.substr(place + kPlace.size());
  if (name.size() <= before.size() + after.size() || !name.starts_with(before) ||
      !name.ends_with(after)) {
    throw Error("{}: its name is not of the form '{}' (data.file_language)", path, pattern);
  }
  return name.substr(before.size(), name.size() - before.size() - after.size());
}

}  // namespace rationale
