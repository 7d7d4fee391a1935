#include "tests/policy/kernels/vec_probe.h"

#include "policy/ops/cpu/vec.h"

namespace rationale::ops::cpu::RATIONALE_LEVEL {

const VecProbe kProbe = {
    .width = kWidth,
    .exp = [](const float* x, float* y) { Store(y, Exp(Load(x))); },
    .round = [](const float* x, float* y) { Store(y, Round(Load(x))); },
    .scale = [](const float* p, const float* n, float* y) { Store(y, Scale(Load(p), Load(n))); },
    .maximum_of = [](const float* a, const float* b, float* y) { Store(y, Max(Load(a), Load(b))); },
    .minimum_of = [](const float* a, const float* b, float* y) { Store(y, Min(Load(a), Load(b))); },
    .copy = [](const float* x, float* y, int lanes) { Store(y, Load(x, lanes)); },
    .copy_part = [](const float* x, float* y, int lanes) { Store(y, Load(x), lanes); },
    .widen = [](const Bf16* x, float* y,
                int lanes) { Store(y, lanes == kWidth ? Load(x) : Load(x, lanes)); },
    .narrow =
        [](const float* x, Bf16* y, int lanes) {
          if (lanes == kWidth) {
            Store(y, Load(x));
          } else {
            Store(y, Load(x), lanes);
          }
        },
    .sum = [](const float* x) { return Sum(Load(x)); },
    .maximum = [](const float* x) { return Maximum(Load(x)); },
};

}  // namespace rationale::ops::cpu::RATIONALE_LEVEL
