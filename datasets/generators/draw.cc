#include "datasets/generators/draw.h"

namespace rationale {

PhiloxStream DrawStream(const GeneratorContext& context, std::string_view purpose, Split split,
                        uint64_t index) {
  return PhiloxStream(
      DeriveKey({context.seed, KeyPart(purpose), KeyPart(SplitName(split)), index}));
}

std::string GeneratedId(std::string_view generator, Split split, uint64_t index) {
  return fmt::format("{}/{}/{}", generator, SplitName(split), index);
}

}  // namespace rationale
