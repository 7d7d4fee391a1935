#include "datasets/generators/registry.h"

#include "base/error.h"
#include "base/spelling.h"

namespace rationale {

std::vector<std::string> GeneratorNames() {
  return {
#define GENERATOR(name, Config, doc) #name,
#include "datasets/generators/registry.def"
#undef GENERATOR
  };
}

std::unique_ptr<Generator> MakeGenerator(const std::string& name, const GeneratorOptions& options,
                                         const GeneratorContext& context) {
#define GENERATOR(generator, Config, doc) \
  if (name == #generator) return MakeGenerator(options.generator, context);
#include "datasets/generators/registry.def"
#undef GENERATOR
  const std::vector<std::string> names = GeneratorNames();
  throw Error("data.generator: found '{}', allowed: {}; nearest: {}", name, fmt::join(names, ", "),
              NearestName(name, names));
}

}  // namespace rationale
