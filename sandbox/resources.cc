#include "sandbox/resources.h"

#include "base/embed.h"

RATIONALE_EMBED(rationale_jail_helper, RATIONALE_JAIL_HELPER)
RATIONALE_EMBED(rationale_server_library, RATIONALE_SERVER_LIBRARY)
RATIONALE_EMBED(rationale_python_server, RATIONALE_PYTHON_SERVER)

namespace rationale {

std::string_view JailHelper() {
  return {rationale_jail_helper_begin,
          static_cast<size_t>(rationale_jail_helper_end - rationale_jail_helper_begin)};
}

std::string ServerLibrary() {
  return {rationale_server_library_begin, rationale_server_library_end};
}

std::string PythonServerScript() {
  return {rationale_python_server_begin, rationale_python_server_end};
}

}  // namespace rationale
