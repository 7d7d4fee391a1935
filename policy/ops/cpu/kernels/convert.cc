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

template <typename From>
void AddRow(const From* from, float* to, int64_t n) {
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) Store(to + i, Load(to + i) + Load(from + i));
  if (i == n) return;
  const int lanes = static_cast<int>(n - i);
  Store(to + i, Load(to + i, lanes) + Load(from + i, lanes), lanes);
}

}  // namespace

const ConvertKernels kConvert = {.to_float = ConvertRow<Bf16, float>,
                                 .to_bf16 = ConvertRow<float, Bf16>,
                                 .add_float = AddRow<float>,
                                 .add_bf16 = AddRow<Bf16>};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
