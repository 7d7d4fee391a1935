// Embed: files that become part of the program, so that one binary is all there is to install.

#pragma once

// RATIONALE_EMBED(rationale_thing, "path"): the bytes of the file lie in
// [rationale_thing_begin, rationale_thing_end), with a zero behind them. The assembler copies them
// in; the build names the path and must know that the object depends on the file (OBJECT_DEPENDS).
#define RATIONALE_EMBED(name, path)     \
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
