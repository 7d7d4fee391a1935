#include "sandbox/languages/toolchain.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace rationale {

#define LANGUAGE(Name) Toolchain Name##Toolchain();
#include "sandbox/languages/registry.def"
#undef LANGUAGE

const std::vector<Toolchain>& AllToolchains() {
  static const std::vector<Toolchain> toolchains = {
#define LANGUAGE(Name) Name##Toolchain(),
#include "sandbox/languages/registry.def"
#undef LANGUAGE
  };
  return toolchains;
}

const Toolchain& FindToolchain(const std::string& name) {
  std::string names;
  for (const Toolchain& toolchain : AllToolchains()) {
    if (toolchain.name == name) return toolchain;
    names += (names.empty() ? "" : ", ") + toolchain.name;
  }
  throw Error("no language '{}'; there are: {}", name, names);
}

std::string FindProgram(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const char* folder : {"/usr/bin/", "/bin/", "/usr/local/bin/"}) {
      const std::string path = folder + name;
      struct stat status;
      if (stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
          access(path.c_str(), X_OK) == 0) {
        return path;
      }
    }
  }
  return "";
}

std::vector<std::string> Existing(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  struct stat status;
  for (const std::string& path : paths) {
    if (lstat(path.c_str(), &status) == 0) found.push_back(path);
  }
  return found;
}

std::vector<std::string> Expanded(const std::vector<std::string>& patterns) {
  std::vector<std::string> paths;
  for (const std::string& pattern : patterns) {
    glob_t matches{};
    if (glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
      paths.insert(paths.end(), matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
    }
    globfree(&matches);
  }
  return paths;
}

std::vector<std::string> Joined(std::vector<std::string> first,
                                const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<std::string> LibraryPaths() {
  // /lib and /lib64 are links into /usr on most systems; then both the link and its target are
  // listed.
  return Joined(Existing({"/lib", "/lib64", "/usr/lib64", "/usr/lib/locale", "/etc/ld.so.cache"}),
                Expanded({"/usr/lib/*-linux-gnu"}));
}

}  // namespace rationale
