// Files that are part of the library itself, so that one program is all there is to install.

#pragma once

#include <string>
#include <string_view>

namespace rationale {

// The jail's helper program, a static ELF executable.
std::string_view JailHelper();

// languages/python_server.py.
std::string PythonServerScript();

}  // namespace rationale
