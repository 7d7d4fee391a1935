# Imports the Debian libraries (DESIGN: scripts/setup.sh installs them) as targets of one style.

find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)

# system_library(<name> <library> <header>): imports a library that brings neither CMake nor pkg-config files.
function(system_library name library header)
  find_library(${name}_LIBRARY ${library} REQUIRED)
  find_path(${name}_INCLUDE ${header} REQUIRED)
  add_library(system::${name} INTERFACE IMPORTED)
  target_include_directories(system::${name} SYSTEM INTERFACE ${${name}_INCLUDE})
  target_link_libraries(system::${name} INTERFACE ${${name}_LIBRARY})
endfunction()

system_library(flint flint flint/flint.h)
system_library(arb flint-arb arb.h)
system_library(gmp gmp gmp.h)
