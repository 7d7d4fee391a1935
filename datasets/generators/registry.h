// The generators by name.
//
// A new one is a file with its config struct (Visit, optionally Validate) and MakeGenerator(config,
// context), its header below, and one line in registry.def.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/generators/arithmetic_words.h"
#include "datasets/generators/base_conversion.h"
#include "datasets/generators/chain_sum.h"
#include "datasets/generators/code_words.h"
#include "datasets/generators/countdown.h"
#include "datasets/generators/generator.h"

namespace rationale {

// The options of all generators, each under its name; only the chosen one's are used.
struct GeneratorOptions {
#define GENERATOR(name, Config, doc) Config name;
#include "datasets/generators/registry.def"
#undef GENERATOR

  template <class V>
  void Visit(V& v) {
#define GENERATOR(name, Config, doc) v(#name, name, doc);
#include "datasets/generators/registry.def"
#undef GENERATOR
  }
};

std::vector<std::string> GeneratorNames();

// Throws Error for an unknown name (it names the nearest) and for what the generator refuses.
std::unique_ptr<Generator> MakeGenerator(const std::string& name, const GeneratorOptions& options,
                                         const GeneratorContext& context);

}  // namespace rationale
