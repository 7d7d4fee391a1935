// ModelArguments: the options that every command which opens a model has.

#pragma once

#include <memory>
#include <string>

#include "policy/model.h"
#include "rl/cli/arguments.h"

namespace rationale {

struct ModelArguments {
  std::string folder;
  std::string dtype = "float32";
  std::string device = "cpu";
  int threads = 0;
  bool pin_cores = false;

  // --model, --dtype, --device, --threads, --pin.
  void AddTo(Arguments& arguments);

  // Sets the number of threads, then opens the model, for sampling only.
  std::unique_ptr<Model> Open() const;
};

// Uses `threads` compute threads, 0: one a core, each pinned to a core if wanted, and leaves
// torch's own operators on one.
void UseThreads(int threads, bool pin_cores);

}  // namespace rationale
