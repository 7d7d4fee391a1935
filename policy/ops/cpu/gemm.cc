#include "policy/ops/cpu/gemm.h"

#include <algorithm>
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
constexpr int64_t RoundUp(int64_t a, int64_t b) {
  return DivideUp(a, b) * b;
}

// One packed element's share of k.
int64_t Depth(Element element) {
  return element == Element::kBf16 && GemmTable().bf16_pairs ? 2 : 1;
}

int64_t PanelBytes(Element element, int64_t k) {
  const int64_t depth = Depth(element);
  return DivideUp(k, depth) * depth * GemmTable().panel_columns * SizeOf(element);
}

// Estimates for a middling core; they only decide how work is cut, never what is computed.
constexpr double kFloatProductsPerNs = 50;
constexpr double kPackedBytesPerNs = 15;
constexpr double kSerialNs = 6000;  // less than this is not worth waking other threads for
constexpr double kTaskNsMin = 3000;
constexpr int64_t kTasksPerThread = 8;  // so that a thread that was held up costs little
constexpr int64_t kPanelsPerThread = 4;
constexpr int64_t kBlockBytes = 384 << 10;  // of A in the second-level cache, beside a panel of B

double CostNs(Element operands, int64_t m, int64_t k, int64_t columns) {
  const double products = static_cast<double>(m) * static_cast<double>(k * columns);
  return products /
             (operands == Element::kBf16 ? GemmTable().bf16_products_per_ns : kFloatProductsPerNs) +
         static_cast<double>(k * columns * SizeOf(operands)) / kPackedBytesPerNs;
}

// How one call is cut: tiles of so many rows and panels, numbered problem by problem; within one,
// tiles of the same panels follow each other so that these stay in the shared cache.
struct Plan {
  int64_t block_rows = 0;
  int64_t block_panels = 0;
  int64_t num_panels = 0;
  std::vector<int64_t> first_tile;  // of each problem, and the number of tiles

  int64_t RowBlocks(const GemmProblem& problem) const { return DivideUp(problem.m, block_rows); }
  // Rows of each of them but the last, as equal as can be.
  int64_t RowsOf(const GemmProblem& problem) const {
    const int64_t blocks = std::max<int64_t>(1, RowBlocks(problem));
    return RoundUp(DivideUp(problem.m, blocks), GemmTable().row_unit);
  }

  void Number(std::span<const GemmProblem> problems) {
    first_tile.assign(1, 0);
    for (const GemmProblem& problem : problems) {
      first_tile.push_back(first_tile.back() +
                           RowBlocks(problem) * DivideUp(num_panels, block_panels));
    }
  }
};

int64_t BlockRowsMin() {
  return RoundUp(48, GemmTable().row_unit);
}

int64_t BlockRows(Element operands, std::span<const GemmProblem> problems) {
  int64_t k = 1;
  for (const GemmProblem& problem : problems) k = std::max(k, problem.k);
  return std::max(BlockRowsMin(),
                  RoundUp(kBlockBytes / (k * SizeOf(operands)), GemmTable().row_unit));
}

void MakePlan(const GemmSettings& settings, std::span<const GemmProblem> problems, double cost_ns,
              Plan& plan) {
  const int64_t threads = ComputePool().num_threads();
  plan.num_panels = NumPanels(settings.n);
  plan.block_rows = BlockRows(settings.operands, problems);
  plan.block_panels = 1;
  plan.Number(problems);
  const int64_t tiles_wanted =
      std::min(threads * kTasksPerThread, static_cast<int64_t>(cost_ns / kTaskNsMin));
  // Threads that share a panel fetch it twice: rows are cut only where there are few panels.
  while (plan.first_tile.back() < std::min(tiles_wanted, threads * kPanelsPerThread) &&
         plan.block_rows > BlockRowsMin()) {
    plan.block_rows = std::max(BlockRowsMin(), RoundUp(plan.block_rows / 2, GemmTable().row_unit));
    plan.Number(problems);
  }
  while (plan.first_tile.back() > 2 * tiles_wanted && plan.block_panels < plan.num_panels) {
    plan.block_panels *= 2;
    plan.Number(problems);
  }
}

using TileFunction = void (*)(const GemmTile& tile);

const void* PanelOf(const GemmSettings& settings, const GemmProblem& problem, int64_t panel) {
  return static_cast<const char*>(problem.packed_b) +
         panel * PanelBytes(settings.operands, problem.k);
}

// Memory of the calling thread for one widened panel, where the kernel widens at all and the panel
// stays in the second-level cache.
float* PanelRoom(const GemmSettings& settings, int64_t k) {
  constexpr int64_t kPanelBytesMax = 1 << 20;
  if (settings.operands == Element::kFloat || GemmTable().bf16_pairs) return nullptr;
  const int64_t bytes = k * GemmTable().panel_columns * int64_t{sizeof(float)};
  if (bytes > kPanelBytesMax) return nullptr;
  thread_local AlignedBuffer room;
  return static_cast<float*>(room.Reserve(bytes));
}

void RunRows(TileFunction run, const GemmSettings& settings, int64_t row_begin, int64_t row_end,
             GemmTile tile) {
  const GemmProblem& problem = tile.problem;
  const bool wide_a = settings.operands == Element::kFloat || !GemmTable().bf16_pairs;
  tile.settings = &settings;
  tile.panel_room = PanelRoom(settings, problem.k);
  tile.problem.a =
      static_cast<const char*>(problem.a) + row_begin * problem.a_stride * (wide_a ? 4 : 2);
  tile.problem.c =
      static_cast<char*>(problem.c) + row_begin * problem.c_stride * SizeOf(settings.output);
  tile.problem.m = row_end - row_begin;
  run(tile);
}

// Where in the problems tile `index` of the plan lies.
struct Place {
  const GemmProblem* problem = nullptr;
  int64_t row_block = 0;
  int64_t panel = 0;

  Place(std::span<const GemmProblem> problems, const Plan& plan, int64_t index) {
    const auto after = std::upper_bound(plan.first_tile.begin(), plan.first_tile.end(), index);
    const auto which = static_cast<size_t>(after - plan.first_tile.begin()) - 1;
    problem = &problems[which];
    const int64_t tile = index - plan.first_tile[which], row_blocks = plan.RowBlocks(*problem);
    row_block = tile % row_blocks;
    panel = tile / row_blocks * plan.block_panels;
  }
};

// `step`: tiles from this one to the thread's next.
void RunTile(TileFunction run, const GemmSettings& settings, std::span<const GemmProblem> problems,
             const Plan& plan, int64_t index, int64_t step) {
  const Place place(problems, plan, index);
  const GemmProblem& problem = *place.problem;
  const int64_t rows = plan.RowsOf(problem), row = std::min(problem.m, place.row_block * rows);
  GemmTile tile{.problem = problem,
                .panel_begin = place.panel,
                .panel_end = std::min(plan.num_panels, place.panel + plan.block_panels)};
  if (index + step < plan.first_tile.back()) {
    const Place next(problems, plan, index + step);
    tile.next_panel = PanelOf(settings, *next.problem, next.panel);
  }
  RunRows(run, settings, row, std::min(problem.m, row + rows), tile);
}

void RunSerially(TileFunction run, const GemmSettings& settings,
                 std::span<const GemmProblem> problems) {
  const int64_t num_panels = NumPanels(settings.n);
  const int64_t block_rows = BlockRows(settings.operands, problems);
  for (const GemmProblem& problem : problems) {
    for (int64_t row = 0; row < problem.m; row += block_rows) {
      RunRows(run, settings, row, std::min(problem.m, row + block_rows),
              {.problem = problem, .panel_begin = 0, .panel_end = num_panels});
    }
  }
}

// The problems with A in float32, in memory that lasts until this thread's next call.
std::span<const GemmProblem> Widen(std::span<const GemmProblem> problems) {
  thread_local AlignedBuffer buffer;
  thread_local std::vector<GemmProblem> widened;
  int64_t elements = 0;
  for (const GemmProblem& problem : problems) elements += problem.m * problem.k;
  float* to = static_cast<float*>(buffer.Reserve(elements * int64_t{sizeof(float)}));
  widened.assign(problems.begin(), problems.end());
  for (GemmProblem& problem : widened) {
    const Bf16* from = static_cast<const Bf16*>(problem.a);
    ParallelFor(problem.m, DivideUp(1 << 15, problem.k), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        Convert().to_float(from + row * problem.a_stride, to + row * problem.k, problem.k);
      }
    });
    problem.a = to;
    problem.a_stride = problem.k;
    to += problem.m * problem.k;
  }
  return widened;
}

}  // namespace

int64_t NumPanels(int64_t n) {
  return DivideUp(n, GemmTable().panel_columns);
}

int64_t PackedBytes(Element element, int64_t k, int64_t n) {
  return NumPanels(n) * PanelBytes(element, k);
}

void PackPanels(Element element, const MatrixView& view, int64_t begin, int64_t end, void* packed) {
  const auto pack = element == Element::kFloat ? GemmTable().pack_float : GemmTable().pack_bf16;
  const int64_t bytes = PanelBytes(element, view.k);
  for (int64_t panel = begin; panel < end; ++panel) {
    pack(view, panel, static_cast<char*>(packed) + panel * bytes);
  }
}

void Pack(Element element, const MatrixView& view, void* packed) {
  ParallelFor(NumPanels(view.n), DivideUp(1 << 14, std::max<int64_t>(view.k, 1)),
              [&](int64_t begin, int64_t end) { PackPanels(element, view, begin, end, packed); });
}

void Gemm(const GemmSettings& settings, std::span<const GemmProblem> problems) {
  const GemmKernels& kernels = GemmTable();
  const bool bf16 = settings.operands == Element::kBf16;
  if (bf16 && !kernels.bf16_pairs) problems = Widen(problems);
  const TileFunction run = bf16 ? kernels.bf16_tile : kernels.float_tile;
  double cost_ns = 0;
  for (const GemmProblem& problem : problems) {
    if (problem.m > 0) cost_ns += CostNs(settings.operands, problem.m, problem.k, settings.n);
  }
  if (cost_ns < kSerialNs || ComputePool().num_threads() == 1) {
    RunSerially(run, settings, problems);
    return;
  }
  thread_local Plan plan;
  MakePlan(settings, problems, cost_ns, plan);
  const Plan& shared_plan = plan;  // the caller's, not each thread's own
  const int64_t step = ComputePool().num_threads();
  ParallelFor(plan.first_tile.back(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      RunTile(run, settings, problems, shared_plan, tile, step);
    }
  });
}

}  // namespace rationale::ops::cpu
