#include "sandbox/resources.h"

// The assembler copies the files in; the build names them and knows that this object depends on
// them.
#define EMBED(name, path)               \
  asm(".section .rodata\n"              \
      ".balign 16\n"                    \
      ".hidden " #name                  \
      "_begin\n"                        \
      ".hidden " #name                  \
      "_end\n"                          \
      ".global " #name                  \
      "_begin\n"                        \
      ".global " #name "_end\n" #name   \
      "_begin:\n"                       \
      ".incbin \"" path "\"\n" #name    \
      "_end:\n"                         \
      ".byte 0\n"                       \
      ".previous\n");                   \
  extern "C" const char name##_begin[]; \
  extern "C" const char name##_end[];

EMBED(rationale_jail_helper, RATIONALE_JAIL_HELPER)
EMBED(rationale_python_server, RATIONALE_PYTHON_SERVER)

namespace rationale {

std::string_view JailHelper() {
  return {rationale_jail_helper_begin,
          static_cast<size_t>(rationale_jail_helper_end - rationale_jail_helper_begin)};
}

std::string PythonServerScript() {
  return {rationale_python_server_begin, rationale_python_server_end};
}

}  // namespace rationale
