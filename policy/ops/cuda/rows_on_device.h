// rows_on_device: where a batch's rows lie, as the GPU reads it.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "policy/ops/cuda/kernels.h"
#include "policy/ops/ops.h"

namespace rationale::ops::cuda {

// The RowPlaces of a batch as one list of int32: sequence, position, first_row and page_start, each
// padded to `num_rows` (at least the spans' rows; the others are at position -1), then the pages.
std::vector<int32_t> PlacesOf(std::span<const SequenceSpan> spans, int64_t num_rows);

// The view of such a list at `data` on the GPU.
RowPlaces PlacesAt(const int32_t* data, int64_t num_rows, bool cached);

// What SpansOnDevice or DecodeGraphs set for the calling thread, or null.
const RowPlaces* CurrentPlaces();

// Sets them until its end. `only`: see SpansOnDevice::Only.
class PlacesScope {
 public:
  PlacesScope(const RowPlaces& places, bool only);
  ~PlacesScope();
  PlacesScope(const PlacesScope&) = delete;
  PlacesScope& operator=(const PlacesScope&) = delete;

 private:
  RowPlaces places_;
};

// Torch's current one.
Stream CurrentStream();

}  // namespace rationale::ops::cuda
