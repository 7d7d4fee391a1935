#include "rl/device.h"

#include <ATen/Context.h>

#include "base/error.h"

namespace rationale {

at::Device ParseDevice(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name != "cuda") throw Error("device '{}' is not one of cpu, cuda", name);
  if (!at::globalContext().hasCUDA()) {
    throw Error(
        "device \"cuda\": no GPU can be used here (this build is for the CPU, or no driver was "
        "found); use device \"cpu\"");
  }
  return at::Device(at::kCUDA, 0);
}

at::ScalarType ParseDtype(const std::string& name) {
  if (name == "float32" || name == "fp32") return at::kFloat;
  if (name == "bfloat16" || name == "bf16") return at::kBFloat16;
  throw Error("dtype '{}' is not one of float32 (fp32), bfloat16 (bf16)", name);
}

}  // namespace rationale
