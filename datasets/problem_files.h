// LoadFiles: the problems of one side of a split out of files; see problems.h for what that means.

#pragma once

#include <vector>

#include "datasets/data_config.h"
#include "datasets/problem.h"
#include "datasets/split.h"

namespace rationale {

// Requires a configuration without dataset (ResolveDataset) and with files. The completions are
// filled in, and needed, only if `completions`. Throws Error as LoadProblems does.
std::vector<Demonstration> LoadFiles(const DataConfig& config, Split split, bool completions);

}  // namespace rationale
