// amx_emulator: executes the AMX instructions that our kernels use on machines without them, for
// tests of the kernels' own machine code.
//
// A thread that meets LDTILECFG, TILERELEASE, TILEZERO, TILELOADD, TILESTORED, TDPBF16PS or TDPBUSD
// gets SIGILL from the processor; the handler decodes the instruction, does to the thread's
// emulated tiles what Intel documents for it (Intel 64 and IA-32 Architectures Software Developer's
// Manual, vol. 2, their Operation sections) and goes on behind it. Any other SIGILL keeps its
// meaning.

#pragma once

namespace rationale::testing {

// Takes over SIGILL for the rest of the process and declares Level::kAmxBf16 as emulated, its
// products of integers with it; does
// nothing where the machine has AMX. False where it cannot be: the level's other instructions,
// AVX-512's, have to be the machine's own.
bool EmulateAmx();

}  // namespace rationale::testing
