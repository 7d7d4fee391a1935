#include "rl/cli/torch_entry.h"

int RationaleTorchMain(int, char**) { return 0; }
