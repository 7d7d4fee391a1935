// Rotary tables: the angles of every position under a config's rotary settings and scalings.

#pragma once

#include <cstdint>

#include "policy/config.h"
#include "policy/ops/ops.h"

namespace rationale {

// cos and sin [max_position, width / 2] float32 for heads that rotate `width` columns. Inverse
// frequencies and angles are rounded to float32 as transformers does, so that long contexts agree
// too. Scalings: linear (Chen et al. 2023), llama3 (Llama 3 herd, 2024), YaRN (Peng et al. 2023,
// arXiv:2309.00071; the attention factor is in the table).
ops::RopeTable MakeRopeTable(const RopeConfig& rope, int64_t width, int64_t max_position,
                             at::Device device);

// YaRN's m(s) = 0.1 mscale ln s + 1 for s > 1, else 1; DeepSeek multiplies its attention scale by
// m(mscale_all_dim)^2.
double YarnMscale(double factor, double mscale);

}  // namespace rationale
