#include "policy/ops/cpu/int8.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/thread_pool.h"
#include "policy/ops/cpu/aligned_buffer.h"
#include "policy/ops/cpu/convert.h"

namespace rationale::ops::cpu {
namespace {

constexpr int64_t DivideUp(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// k elements from `index` of data on, rotated, in memory that lasts until this thread's next call.
float* Rotated(Element element, const void* data, int64_t index, int64_t k) {
  thread_local AlignedBuffer row;
  auto* to = static_cast<float*>(row.Reserve(k * int64_t{sizeof(float)}));
  if (element == Element::kFloat) {
    std::copy_n(static_cast<const float*>(data) + index, k, to);
  } else {
    Convert().to_float(static_cast<const Bf16*>(data) + index, to, k);
  }
  Int8().rotate(to, k);
  return to;
}

// A of all problems as bytes, in memory that lasts until this thread's next call; neighbours of the
// same A share them.
struct QuantisedRows {
  AlignedBuffer bytes, scales;
  std::vector<int64_t> first_byte, first_row;  // of each problem

  void Place(std::span<const GemmProblem> problems) {
    first_byte.clear();
    first_row.clear();
    int64_t num_bytes = 0, num_rows = 0;
    for (size_t i = 0; i < problems.size(); ++i) {
      const GemmProblem& problem = problems[i];
      const bool shared = i > 0 && HaveSameA(problems[i - 1], problem);
      first_byte.push_back(shared ? first_byte.back() : num_bytes);
      first_row.push_back(shared ? first_row.back() : num_rows);
      if (shared) continue;
      num_bytes += problem.m * Int8RowBytes(problem.k);
      num_rows += problem.m;
    }
    bytes.Reserve(num_bytes);
    scales.Reserve(num_rows * int64_t{sizeof(float)});
  }
  uint8_t* BytesOf(size_t problem) const {
    return static_cast<uint8_t*>(const_cast<void*>(bytes.data())) + first_byte[problem];
  }
  float* ScalesOf(size_t problem) const {
    return static_cast<float*>(const_cast<void*>(scales.data())) + first_row[problem];
  }
};

void Quantise(Element element, const GemmProblem& problem, int64_t row, uint8_t* bytes,
              float* scales) {
  const float* x = Rotated(element, problem.a, row * problem.a_stride, problem.k);
  scales[row] = Int8().quantise(x, problem.k, bytes + row * Int8RowBytes(problem.k));
}

// How one call is cut: the panels of a block of rows, block by block, problem by problem.
struct TilePlan {
  static constexpr int64_t kBlockRows = 96;
  std::vector<int64_t> first_tile;

  void Number(std::span<const GemmProblem> problems) {
    first_tile.assign(1, 0);
    for (const GemmProblem& problem : problems) {
      first_tile.push_back(first_tile.back() +
                           DivideUp(problem.m, kBlockRows) * Int8Panels(problem.n));
    }
  }
};

auto TileKernel() {
  switch (ActiveInt8Form()) {
    case Int8Form::kAmx:
      return Int8().amx_tile;
    case Int8Form::kVnni:
      return Int8().vnni_tile;
    default:
      return Int8().tile;
  }
}

// Computes tiles from `begin` to the end of their block of rows, or to `end`; returns to where.
int64_t RunTiles(const GemmSettings& settings, std::span<const GemmProblem> problems,
                 const QuantisedRows& rows, const TilePlan& plan, int64_t begin, int64_t end) {
  const auto after = std::upper_bound(plan.first_tile.begin(), plan.first_tile.end(), begin);
  const auto which = static_cast<size_t>(after - plan.first_tile.begin()) - 1;
  const GemmProblem& problem = problems[which];
  const int64_t in_problem = begin - plan.first_tile[which], num_panels = Int8Panels(problem.n);
  const int64_t row = in_problem / num_panels * TilePlan::kBlockRows;
  const int64_t panel = in_problem % num_panels;
  const int64_t panel_end = std::min(num_panels, panel + end - begin);
  TileKernel()(
      {.a = rows.BytesOf(which) + row * Int8RowBytes(problem.k),
       .a_scale = rows.ScalesOf(which) + row,
       .m = std::min(problem.m - row, TilePlan::kBlockRows),
       .k = problem.k,
       .packed_b = problem.packed_b,
       .panel_begin = panel,
       .panel_end = panel_end,
       .n = problem.n,
       .bias = problem.bias,
       .bias_element = settings.bias,
       .c = static_cast<char*>(problem.c) + row * problem.c_stride * SizeOf(settings.output),
       .c_stride = problem.c_stride,
       .output = settings.output});
  return begin + panel_end - panel;
}

}  // namespace

Int8Form ActiveInt8Form() {
  const Int8Kernels& kernels = Int8();
  if (kernels.amx_tile != nullptr && MachineHasAmxInt8()) return Int8Form::kAmx;
#if defined(__x86_64__)
  if (kernels.vnni_tile != nullptr && __builtin_cpu_supports("avx512vnni")) return Int8Form::kVnni;
#endif
  return Int8Form::kPortable;
}

void PackInt8Panel(Element element, const void* weight, int64_t stride, int64_t n, int64_t k,
                   int64_t panel, void* packed_panel) {
  auto* bytes = static_cast<int8_t*>(packed_panel);
  auto* scales = reinterpret_cast<float*>(bytes + kInt8Columns * Int8RowBytes(k));
  auto* excess = reinterpret_cast<int32_t*>(scales + kInt8Columns);
  std::memset(packed_panel, 0, static_cast<size_t>(Int8PanelBytes(k)));
  const int64_t begin = panel * kInt8Columns, end = std::min(n, begin + kInt8Columns);
  for (int64_t column = begin; column < end; ++column) {
    const float* values = Rotated(element, weight, column * stride, k);
    float greatest = 0;
    for (int64_t i = 0; i < k; ++i) greatest = std::max(greatest, std::abs(values[i]));
    const float scale = greatest / 127, inverse = scale > 0 ? 1 / scale : 0;
    int32_t sum = 0;
    int8_t* to = bytes + (column - begin) * kInt8Depth;
    for (int64_t i = 0; i < k; ++i) {
      const float value = std::nearbyint(values[i] * inverse);
      const auto rounded = static_cast<int8_t>(std::clamp(value, -127.0f, 127.0f));
      to[i / kInt8Depth * kInt8Columns * kInt8Depth + i % kInt8Depth] = rounded;
      sum += rounded;
    }
    scales[column - begin] = scale / static_cast<float>(Int8Block(k));
    excess[column - begin] = 128 * sum;
  }
}

void GemmInt8(const GemmSettings& settings, std::span<const GemmProblem> problems) {
  Check{!settings.accumulate, "int8 products do not accumulate"};
  const Element element_of_a = settings.widen_a ? Element::kBf16 : settings.operands;
  thread_local QuantisedRows own_rows;
  thread_local TilePlan own_plan;
  own_rows.Place(problems);
  own_plan.Number(problems);
  const QuantisedRows& rows = own_rows;  // the caller's, not each thread's own
  const TilePlan& plan = own_plan;
  constexpr int64_t kRowElements = 1 << 14;  // of a piece
  for (size_t i = 0; i < problems.size(); ++i) {
    const GemmProblem& problem = problems[i];
    if (problem.m == 0 || (i > 0 && HaveSameA(problems[i - 1], problem))) continue;
    ParallelFor(problem.m, DivideUp(kRowElements, problem.k), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        Quantise(element_of_a, problem, row, rows.BytesOf(i), rows.ScalesOf(i));
      }
    });
  }
  const int64_t num_tiles = plan.first_tile.back();
  // A few pieces a thread, so that one that was held up costs little; small calls stay on one.
  const int64_t grain =
      std::max<int64_t>(1, num_tiles / (8 * int64_t{ComputePool().num_threads()}));
  ParallelFor(num_tiles, grain, [&](int64_t begin, int64_t end) {
    while (begin < end) begin = RunTiles(settings, problems, rows, plan, begin, end);
  });
}

}  // namespace rationale::ops::cpu
