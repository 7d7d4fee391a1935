// Paths of data files: patterns, the data folder, and short names that tell files apart.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rationale {

// $RATIONALE_DATA, or "../shared/data".
std::string DataFolder();

// The files a list of paths means, in its order; a pattern's (with * or ?) sorted by name. A
// relative path is looked for in the working folder, then in DataFolder(). Throws Error naming
// every place looked at; `key`, the option's name, begins the message.
std::vector<std::string> ExpandPaths(const std::vector<std::string>& paths,
                                     std::string_view key = "data.files");

// For each path its file name, with as many parent folders as tell it from the others:
// {"a/x.jsonl", "b/x.jsonl", "b/y.jsonl"} gives the same three without more to the left. Throws
// Error when two paths are the same.
std::vector<std::string> ShortNames(const std::vector<std::string>& paths);

// What stands for {language} in `path`'s file name by `pattern`. Throws Error if the name does not
// match.
std::string LanguageOfFile(std::string_view path, std::string_view pattern);

}  // namespace rationale
