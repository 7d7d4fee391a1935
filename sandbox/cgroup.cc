#include "sandbox/cgroup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace rationale {
namespace {

struct Hierarchy {
  std::string folder;  // this process's cgroup in it, as a path
  bool v2 = false;
};

// Whether `word` is one of the comma or blank separated words of `list`.
bool HasWord(const std::string& list, const std::string& word) {
  std::string part;
  for (char c : list + ',') {
    if (c != ',' && c != ' ' && c != '\n') {
      part += c;
      continue;
    }
    if (part == word) return true;
    part.clear();
  }
  return false;
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The path of this process's cgroup with `controller`, as /proc/self/cgroup names it; version 2 has
// no controller's name there.
std::string OwnPath(const std::string& controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : HasWord(controllers, controller)) {
      return line.substr(second + 1);
    }
  }
  return "";
}

// Where the cgroup file system of `controller` ("" for version 2) shows this process's own cgroup.
std::string OwnFolder(const std::string& controller) {
  const std::string own = OwnPath(controller);
  if (own.empty()) return "";
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    // id parent major:minor root mountpoint options ... - type source super-options
    std::istringstream fields(line);
    std::string skipped, root, point, word, type, source, options;
    fields >> skipped >> skipped >> skipped >> root >> point;
    while (fields >> word && word != "-") {
    }
    fields >> type >> source >> options;
    if (type != (controller.empty() ? "cgroup2" : "cgroup")) continue;
    if (!controller.empty() && !HasWord(options, controller)) continue;
    if (root == "/") return point + (own == "/" ? "" : own);
    if (own.compare(0, root.size(), root) == 0) return point + own.substr(root.size());
  }
  return "";
}

std::string UniqueName() {
  static std::atomic<int> next{0};
  return "rationale-" + std::to_string(getpid()) + '-' + std::to_string(next++);
}

bool MakeFolder(const std::string& path) {
  // A name left over from a process that had our number and was killed together with its helpers.
  if (mkdir(path.c_str(), 0755) == 0) return true;
  return errno == EEXIST && rmdir(path.c_str()) == 0 && mkdir(path.c_str(), 0755) == 0;
}

bool Exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

// Below `parent`, whose children have the controllers of its cgroup.subtree_control.
bool MakeVersion2(const std::string& parent, const std::string& name, CellCgroup& cell) {
  const std::string control = parent + "/cgroup.subtree_control";
  if (!HasWord(FirstLine(control), "memory")) {
    // Allowed where no process is directly in `parent`, or at the root of the hierarchy.
    std::ofstream(control) << "+memory +pids" << std::flush;
    if (!HasWord(FirstLine(control), "memory")) return false;
  }
  const std::string folder = parent + '/' + name;
  if (!MakeFolder(folder)) return false;
  if (access((folder + "/cgroup.procs").c_str(), W_OK) != 0 ||
      access((folder + "/memory.max").c_str(), W_OK) != 0) {
    rmdir(folder.c_str());
    return false;
  }
  cell.v2 = true;
  cell.folders = {folder};
  cell.files[jail::kMemoryLimit] = folder + "/memory.max";
  cell.files[jail::kMemoryUsage] = folder + "/memory.current";
  cell.files[jail::kMemoryEvents] = folder + "/memory.events";
  if (Exists(folder + "/memory.peak")) cell.files[jail::kMemoryPeak] = folder + "/memory.peak";
  if (Exists(folder + "/pids.max")) cell.files[jail::kPidsLimit] = folder + "/pids.max";
  std::ofstream(folder + "/memory.swap.max") << "0" << std::flush;
  std::ofstream(folder + "/memory.oom.group") << "0" << std::flush;
  return true;
}

void MakeVersion1(const std::string& name, CellCgroup& cell) {
  const std::string memory = OwnFolder("memory");
  if (!memory.empty() && MakeFolder(memory + '/' + name)) {
    const std::string folder = memory + '/' + name;
    cell.folders.push_back(folder);
    cell.files[jail::kMemoryLimit] = folder + "/memory.limit_in_bytes";
    cell.files[jail::kMemoryUsage] = folder + "/memory.usage_in_bytes";
    cell.files[jail::kMemoryPeak] = folder + "/memory.max_usage_in_bytes";
    cell.files[jail::kMemoryEvents] = folder + "/memory.oom_control";
    std::ofstream(folder + "/memory.swappiness") << "0" << std::flush;
  }
  const std::string pids = OwnFolder("pids");
  if (!pids.empty() && pids != memory && MakeFolder(pids + '/' + name)) {
    cell.folders.push_back(pids + '/' + name);
    cell.files[jail::kPidsLimit] = pids + '/' + name + "/pids.max";
  }
}

}  // namespace

void CellCgroup::Remove() {
  for (const std::string& folder : folders) rmdir(folder.c_str());
  folders.clear();
}

CellCgroup MakeCellCgroup(const std::string& parent) {
  CellCgroup cell;
  const std::string name = UniqueName();
  if (!parent.empty()) {
    if (!MakeVersion2(parent, name, cell)) {
      throw Error(
          "cgroup folder {}: cannot make a cgroup with the memory controller there; allowed: a "
          "folder of "
          "cgroup version 2 that this user may write, whose cgroup.subtree_control has memory and "
          "pids",
          parent);
    }
    return cell;
  }
  const std::string own = OwnFolder("");
  if (own.empty() || !MakeVersion2(own, name, cell)) MakeVersion1(name, cell);
  return cell;
}

}  // namespace rationale
