// Files that are part of the library itself, so that one program is all there is to install.

#pragma once

#include <string>
#include <string_view>

namespace rationale {

// The jail's helper program, a static ELF executable.
std::string_view JailHelper();

// jail/server_library.cc as a shared library, an ELF file.
std::string ServerLibrary();

// languages/python_server.py.
std::string PythonServerScript();

}  // namespace rationale
