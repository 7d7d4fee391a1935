#include "policy/ops/cuda/rows_on_device.h"

#include <algorithm>
#include <optional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include "base/check.h"
#include "policy/ops/gpu_decode.h"

namespace rationale::ops {
namespace cuda {
namespace {

thread_local const RowPlaces* current_places = nullptr;
thread_local bool places_only = false;

}  // namespace

std::vector<int32_t> PlacesOf(std::span<const SequenceSpan> spans, int64_t num_rows) {
  const auto rows = static_cast<size_t>(num_rows);
  std::vector<int32_t> list(4 * rows, 0);
  int32_t* const sequence = list.data();
  std::fill_n(sequence + rows, rows, -1);
  size_t row = 0, index = 0, num_pages = 0;
  for (const SequenceSpan& span : spans) {
    Check{row + static_cast<size_t>(span.num_rows) <= rows, "more rows than ", num_rows};
    for (int64_t r = 0; r < span.num_rows; ++r, ++row) {
      sequence[row] = static_cast<int32_t>(index);
      sequence[rows + row] = static_cast<int32_t>(span.num_cached + r);
    }
    sequence[2 * rows + index] = static_cast<int32_t>(span.row);
    sequence[3 * rows + index] = static_cast<int32_t>(num_pages);
    num_pages += span.pages.size();
    ++index;
  }
  list.reserve(list.size() + num_pages);
  for (const SequenceSpan& span : spans) {
    list.insert(list.end(), span.pages.begin(), span.pages.end());
  }
  return list;
}

RowPlaces PlacesAt(const int32_t* data, int64_t num_rows, bool cached) {
  return {.num_rows = num_rows,
          .sequence = data,
          .position = data + num_rows,
          .first_row = data + 2 * num_rows,
          .page_start = data + 3 * num_rows,
          .pages = cached ? data + 4 * num_rows : nullptr,
          .page_tokens = kPageTokens};
}

const RowPlaces* CurrentPlaces() {
  return current_places;
}

PlacesScope::PlacesScope(const RowPlaces& places, bool only) : places_(places) {
  Check{current_places == nullptr, "rows on the GPU within others"};
  current_places = &places_;
  places_only = only;
}

PlacesScope::~PlacesScope() {
  current_places = nullptr;
  places_only = false;
}

}  // namespace cuda

struct SpansOnDevice::Held {
  at::Tensor memory;
  cuda::PlacesScope scope;
};

SpansOnDevice::SpansOnDevice(std::span<const SequenceSpan> spans, bool cached, at::Device device) {
  if (!device.is_cuda() || at::GradMode::is_enabled() || spans.empty() ||
      cuda::CurrentPlaces() != nullptr) {
    return;
  }
  const int64_t num_rows = spans.back().row + spans.back().num_rows;
  at::Tensor memory = at::tensor(cuda::PlacesOf(spans, num_rows), at::kInt).to(device);
  const auto places = cuda::PlacesAt(memory.const_data_ptr<int32_t>(), num_rows, cached);
  held_.reset(new Held{.memory = std::move(memory), .scope{places, false}});
}

SpansOnDevice::~SpansOnDevice() = default;

bool SpansOnDevice::Only() {
  return cuda::places_only;
}

}  // namespace rationale::ops
