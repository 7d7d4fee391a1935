#include "policy/parameter.h"

#include <ATen/core/grad_mode.h>

#include "base/check.h"
#include "policy/ops/op_timer.h"

namespace rationale {

void Parameter::UpdateValue() {
  Check{master.defined(), name, ": no master to take the value from"};
  const ops::OpTimer timer("update_value");
  const at::NoGradGuard no_grad;
  if (!value.defined())
    value = master.to(dtype, /*non_blocking=*/false, /*copy=*/true);
  else
    value.copy_(master);
  ++version;
}

}  // namespace rationale
