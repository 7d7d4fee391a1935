// The border between the program and its torch half: one C function in librationale_torch.so.

#pragma once

// Runs a command that needs torch (argv as given to the program) and returns the exit code. Nothing
// is thrown across the border: each side carries its own copy of the torch-free folders.
extern "C" __attribute__((visibility("default"))) int RationaleTorchMain(int argc, char** argv);
