// Device and dtype as recipes and options spell them.

#pragma once

#include <string>

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace rationale {

// "cpu" or "cuda". Throws Error when it is another word, or no GPU can be used.
at::Device ParseDevice(const std::string& name);

// "float32", "fp32", "bfloat16" or "bf16". Throws Error for anything else.
at::ScalarType ParseDtype(const std::string& name);

}  // namespace rationale
