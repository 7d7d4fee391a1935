// Control groups for a cell: found, made and given up. Version 1, version 2, or none.

#pragma once

#include <array>
#include <string>
#include <vector>

#include "sandbox/wire.h"

namespace rationale {

// The folders of one cell. Removed again by the jail's helper, or by Remove() once no process is
// left in them.
struct CellCgroup {
  std::vector<std::string> folders;
  std::array<std::string, jail::kNumCgroupFiles>
      files;  // by jail::CgroupFile; empty where there is none
  bool v2 = false;

  void Remove();
};

// Makes cgroups for a new cell with a name nobody else uses: below `parent` if it is not empty (a
// version 2 folder with the memory controller), else below this process's own cgroups. Where none
// may be written the result is empty: the jail then keeps the limits without them. Throws Error if
// a given `parent` cannot be used.
CellCgroup MakeCellCgroup(const std::string& parent);

}  // namespace rationale
