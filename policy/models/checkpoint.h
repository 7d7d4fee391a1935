// Activation checkpointing: keep a layer's input, run the layer again in backward (Chen et al.
// 2016, arXiv:1604.06174).

#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

namespace rationale {

// The layer: (input, count) -> output; `count` is true in the first run only (router loads are
// counted once).
using CountedLayer = std::function<at::Tensor(const at::Tensor& input, bool count)>;

// layer(input), of which only `input` is kept for backward. Gradients are those of layer(input) bit
// for bit, as the kernels give the same bits each time.
at::Tensor Recomputed(const at::Tensor& input, CountedLayer layer);

}  // namespace rationale
