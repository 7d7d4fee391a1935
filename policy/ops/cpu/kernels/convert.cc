#include "policy/ops/cpu/convert.h"

#include "policy/ops/cpu/vec.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {
namespace {

template <typename From, typename To>
void ConvertRow(const From* from, To* to, int64_t n) {
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) Store(to + i, Load(from + i));
  if (i < n) Store(to + i, Load(from + i, static_cast<int>(n - i)), static_cast<int>(n - i));
}

}  // namespace

const ConvertKernels kConvert = {.to_float = ConvertRow<Bf16, float>,
                                 .to_bf16 = ConvertRow<float, Bf16>};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
